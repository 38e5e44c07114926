"""Options of the kind `download`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.json_schema import SkipJsonSchema

from base.words import OnDuplicate, ProxyMode
from downloads.media_types import Category
from downloads.options import USER_AGENT, FetchOptions
from processors.manifest import Options

MAX_BYTES = 2**62
"""Largest size that can be asked for."""
KIB = 1024


def plain_extension(text: str) -> str:
    """`.JPG` as `jpg`. Raises ValueError with a sentence for people."""
    extension = text.strip().removeprefix(".").lower()
    if not extension.isalnum() or len(extension) > 20:
        message = f'"{text[:40]}" is no extension: write it as jpg or .jpg.'
        raise ValueError(message)
    return extension


def aware(moment: datetime | None) -> datetime | None:
    """`moment`, if it says in which zone it is. Raises ValueError with a sentence for people."""
    if moment is not None and moment.tzinfo is None:
        message = "Give a moment with its zone, such as 2026-11-28T12:00:00Z."
        raise ValueError(message)
    return moment


Moment = Annotated[datetime | None, AfterValidator(aware)]
Extension = Annotated[str, AfterValidator(plain_extension)]


class HeaderOption(BaseModel):
    """A header of the client's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(max_length=200, description="Such as Authorization or Cookie.")
    value: str = Field(max_length=16_384, description="Write-only: it is stored encrypted, and never shown.")


class DownloadOptions(Options):
    """What is fetched, how, and which of its files."""

    url: str = Field(min_length=1, max_length=8_192, description="What to fetch: http or https.")
    include_images: bool = Field(default=True, alias="includeImages", description="Images are wanted.")
    include_videos: bool = Field(default=True, alias="includeVideos", description="Videos are wanted.")
    include_archives: bool = Field(default=True, alias="includeArchives", description="Archives are wanted.")
    include_documents: bool = Field(
        default=True, alias="includeDocuments", description="Documents, text and pages are wanted."
    )
    include_other: bool = Field(default=True, alias="includeOther", description="All other files are wanted.")
    max_retries: int = Field(
        3,
        alias="maxRetries",
        ge=0,
        le=100,
        description="Requests after the first one that failed in a way that may pass.",
    )
    retry_interval: float = Field(
        2,
        alias="retryInterval",
        ge=0,
        le=3_600,
        allow_inf_nan=False,
        description="Seconds before the first retry; doubles, with jitter; Retry-After is obeyed.",
    )
    chunk_size: int = Field(
        2**20,
        alias="chunkSize",
        ge=2**16,
        le=2**30,
        description="Bytes that a crash of the server may lose, about: 64 KiB to 1 GiB.",
    )
    timeout: float = Field(
        0, ge=0, le=604_800, allow_inf_nan=False, description="Seconds for one file, without pauses; 0 = none."
    )
    connect_timeout: float = Field(
        10,
        alias="connectTimeout",
        ge=0.1,
        le=300,
        allow_inf_nan=False,
        description="Seconds to resolve the name, connect and agree on TLS.",
    )
    read_timeout: float = Field(
        60,
        alias="readTimeout",
        ge=0.1,
        le=3_600,
        allow_inf_nan=False,
        description="Seconds without a byte, or with less than 1 KiB each, after which a transfer has stalled.",
    )
    min_file_size: int = Field(0, alias="minFileSize", ge=0, le=MAX_BYTES, description="Bytes; 0 = no limit.")
    max_file_size: int = Field(
        0,
        alias="maxFileSize",
        ge=0,
        le=MAX_BYTES,
        description="Bytes; 0 = no limit. Held on the bytes that really come, too.",
    )
    date_from: Moment = Field(
        None,
        alias="dateFrom",
        description="Files that changed earlier (Last-Modified) are not wanted; those without a date are.",
    )
    date_to: Moment = Field(None, alias="dateTo", description="Files that changed later are not wanted.")
    exclude_extensions: tuple[Extension, ...] = Field(
        (), alias="excludeExtensions", max_length=200, description="Files with these are not wanted: jpg or .jpg."
    )
    proxy_mode: ProxyMode = Field(
        ProxyMode.NONE,
        alias="proxyMode",
        description="NONE, SYSTEM (of the server's environment) or CUSTOM (proxyUrl).",
    )
    proxy_url: str | None = Field(
        None,
        alias="proxyUrl",
        max_length=2_048,
        validate_default=True,
        description="With CUSTOM: http://host:port or socks5://host:port, one that the operator allows.",
    )
    user_agent: str | None = Field(
        None,
        alias="userAgent",
        min_length=1,
        max_length=500,
        pattern=r"^[\x21-\x7e][\x20-\x7e]*$",
        description="Header User-Agent; Waybill where it is left out.",
    )
    bandwidth_limit: int = Field(
        0,
        alias="bandwidthLimit",
        ge=0,
        le=10_000_000,
        description="KiB per second for the whole download; 0 = unlimited.",
    )
    on_duplicate: OnDuplicate = Field(
        OnDuplicate.SKIP,
        alias="onDuplicate",
        description="SKIP leaves a file out that you have already; DOWNLOAD fetches it again.",
    )
    follow_links: bool = Field(
        default=True,
        alias="followLinks",
        description="True: a URL that is an HTML page stands for the files that it links to.",
    )
    headers: tuple[HeaderOption, ...] = Field(
        (),
        max_length=50,
        description="Sent to the first origin only; not Host, Range, or what belongs to the connection.",
    )
    expected_sha256: str | None = Field(
        None,
        alias="expectedSha256",
        pattern=r"^[0-9A-Fa-f]{64}$",
        description="Of a single file, 64 hex digits: another one is CHECKSUM_MISMATCH.",
    )
    url_credentials: SkipJsonSchema[str | None] = Field(None, alias="urlCredentials", max_length=16_384)
    """User and password of `url`, sealed."""
    proxy_credentials: SkipJsonSchema[str | None] = Field(None, alias="proxyCredentials", max_length=16_384)
    """User and password of `proxy_url`, sealed."""
    is_fresh_link: SkipJsonSchema[bool] = Field(default=False, alias="isFreshLink")
    """`url` is a fresh link to the file that was begun: another file is refused."""

    @field_validator("max_file_size")
    @classmethod
    def _check_sizes(cls, most: int, info: ValidationInfo) -> int:
        if most and most < info.data.get("min_file_size", 0):
            message = "Give minFileSize or more: no file could be as large as both say."
            raise ValueError(message)
        return most

    @field_validator("date_to")
    @classmethod
    def _check_dates(cls, latest: datetime | None, info: ValidationInfo) -> datetime | None:
        earliest = info.data.get("date_from")
        if latest is not None and earliest is not None and latest < earliest:
            message = "Give dateFrom or later: no file could be as old as both say."
            raise ValueError(message)
        return latest

    @field_validator("proxy_url")
    @classmethod
    def _check_proxy(cls, url: str | None, info: ValidationInfo) -> str | None:
        if (url is not None) != (info.data.get("proxy_mode") is ProxyMode.CUSTOM):
            message = "proxyUrl and proxyMode CUSTOM belong together: give both or neither."
            raise ValueError(message)
        if url is not None and not url.lower().startswith(("http://", "socks5://")):
            message = "Give http://host:port or socks5://host:port."
            raise ValueError(message)
        return url

    @property
    def categories(self) -> frozenset[Category]:
        """Kinds of files that are wanted."""
        switches = {
            Category.IMAGE: self.include_images,
            Category.VIDEO: self.include_videos,
            Category.ARCHIVE: self.include_archives,
            Category.DOCUMENT: self.include_documents,
            Category.OTHER: self.include_other,
        }
        return frozenset(category for category, is_wanted in switches.items() if is_wanted)

    @property
    def header_names(self) -> tuple[str, ...]:
        """Of the client's own headers: all that is ever shown of them."""
        return tuple(header.name for header in self.headers)

    @property
    def bytes_per_second(self) -> int:
        """`bandwidth_limit` as `Bandwidth` takes it."""
        return self.bandwidth_limit * KIB

    def fetch_options(self, headers: Iterable[tuple[str, str]] = (), proxy_url: str | None = None) -> FetchOptions:
        """How each file is fetched, with `headers` and the `proxy_url` of the client's own, opened."""
        return FetchOptions(
            categories=self.categories,
            excluded_extensions=frozenset(self.exclude_extensions),
            min_bytes=self.min_file_size,
            max_bytes=self.max_file_size,
            date_from=self.date_from,
            date_to=self.date_to,
            max_retries=self.max_retries,
            retry_interval_seconds=self.retry_interval,
            chunk_bytes=self.chunk_size,
            timeout_seconds=self.timeout,
            connect_timeout_seconds=self.connect_timeout,
            read_timeout_seconds=self.read_timeout,
            headers=tuple(headers),
            proxy_mode=self.proxy_mode,
            proxy_url=proxy_url,
            expected_sha256=self.expected_sha256.lower() if self.expected_sha256 else None,
            user_agent=self.user_agent or USER_AGENT,
        )
