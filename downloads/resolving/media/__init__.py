"""Videos and recordings of pages, found by yt-dlp where that is installed."""
