"""Answering with stored bytes: whole or in part, under a safe name; what uploads and results share when bytes go out."""
