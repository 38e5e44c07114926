"""Services of downloads, made from the settings."""

from auth.keys import Keys
from auth.sealing import Sealer
from base.settings import Settings
from downloads.fetching import Fetching
from downloads.secrets import PURPOSE
from downloads.wiring import DownloadServices


def make_download_services(settings: Settings, keys: Keys, fetching: Fetching) -> DownloadServices:
    """What requests need to begin downloads, and to plan them."""
    return DownloadServices(
        sealer=Sealer(keys, PURPOSE),
        fetching=fetching,
        is_private_allowed=settings.download_allow_private,
        allowed_proxies=frozenset(settings.allowed_proxies),
        max_unfinished=settings.unfinished_jobs_per_user,
    )
