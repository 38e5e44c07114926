"""The manifest of the kind `download`."""

from base.words import JobType
from downloads.download_options import DownloadOptions
from processors.manifest import ExecutorName, Kind, ResourceClass, StageInfo

KIND = Kind(
    name="download",
    job_type=JobType.DOWNLOAD,
    description="Fetches what a URL leads to.",
    invitation="Fetch it.",
    stages=(
        StageInfo("resolve", "Looking what the URL leads to", 1),
        StageInfo("fetch", "Fetching", 98),
        StageInfo("finish", "Finishing", 1),
    ),
    options=DownloadOptions,
    max_files=0,
    processor="downloads.processor:DownloadProcessor",
    executor=ExecutorName.ASYNC_IO,
    resource_class=ResourceClass.NETWORK,
)
