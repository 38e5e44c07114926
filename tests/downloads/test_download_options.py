"""Options of a download: ranges, what contradicts itself, and what they mean for one file."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from base.errors import ErrorCode, Refusal
from base.words import OnDuplicate, ProxyMode
from downloads.download_options import DownloadOptions
from downloads.kind import KIND
from downloads.media_types import Category
from downloads.options import FetchOptions
from processors.options import describe_options, read_options

URL = "https://example.org/a.zip"
OPTIONS = [
    "includeImages",
    "includeVideos",
    "includeArchives",
    "includeDocuments",
    "includeOther",
    "maxRetries",
    "retryInterval",
    "chunkSize",
    "timeout",
    "connectTimeout",
    "readTimeout",
    "minFileSize",
    "maxFileSize",
    "dateFrom",
    "dateTo",
    "excludeExtensions",
    "proxyMode",
    "proxyUrl",
    "userAgent",
    "bandwidthLimit",
    "onDuplicate",
    "followLinks",
    "headers",
    "expectedSha256",
]


def read(**options: Any) -> DownloadOptions:
    read = read_options(KIND, {"url": URL, **options}, "input.options")
    assert isinstance(read, DownloadOptions)
    return read


def test_clients_are_told_of_each_option_and_of_nothing_that_is_inside() -> None:
    assert list(describe_options(KIND)["properties"]) == ["url", *OPTIONS]


def test_what_is_left_out_means_what_the_engine_does_by_itself() -> None:
    assert read().fetch_options() == FetchOptions()
    assert (read().proxy_mode, read().on_duplicate, read().follow_links) == (ProxyMode.NONE, OnDuplicate.SKIP, True)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [
        ("maxRetries", -1),
        ("maxRetries", 101),
        ("retryInterval", -0.1),
        ("retryInterval", 3_601),
        ("chunkSize", 65_535),
        ("chunkSize", 2**30 + 1),
        ("timeout", -1),
        ("timeout", 604_801),
        ("connectTimeout", 0),
        ("connectTimeout", 301),
        ("readTimeout", 0),
        ("readTimeout", 3_601),
        ("minFileSize", -1),
        ("maxFileSize", -1),
        ("maxFileSize", 2**62 + 1),
        ("dateFrom", "2026-01-01T00:00:00"),
        ("dateTo", "yesterday"),
        ("excludeExtensions", ["a/b"]),
        ("excludeExtensions", ["x"] * 201),
        ("proxyMode", "OTHER"),
        ("proxyUrl", "http://proxy:3128"),
        ("userAgent", ""),
        ("userAgent", "a\r\nHost: b"),
        ("bandwidthLimit", -1),
        ("bandwidthLimit", 10_000_001),
        ("onDuplicate", "PERHAPS"),
        ("followLinks", 5),
        ("headers", [{"name": "a"}]),
        ("headers", [{"name": "a", "value": "b"}] * 51),
        ("expectedSha256", "abc"),
        ("url", ""),
        ("url", "x" * 8_193),
    ],
)
def test_a_value_out_of_range_is_refused_with_the_name_of_its_option(option: str, wrong: Any) -> None:
    with pytest.raises(Refusal) as caught:
        read(**{option: wrong})
    assert caught.value.code is ErrorCode.BAD_INPUT
    assert (caught.value.field or "").startswith(f"input.options.{option}")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"minFileSize": 2, "maxFileSize": 1}, "maxFileSize"),
        ({"dateFrom": "2026-01-02T00:00:00Z", "dateTo": "2026-01-01T00:00:00Z"}, "dateTo"),
        ({"proxyMode": "CUSTOM"}, "proxyUrl"),
        ({"proxyMode": "CUSTOM", "proxyUrl": "ftp://proxy"}, "proxyUrl"),
        ({"proxyMode": "SYSTEM", "proxyUrl": "http://proxy"}, "proxyUrl"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal) as caught:
        read(**options)
    assert caught.value.field == f"input.options.{field}"


def test_each_option_of_one_file_reaches_the_engine() -> None:
    options = read(
        includeImages=False, includeVideos=False, includeArchives=False, includeDocuments=True, includeOther=False,
        maxRetries=0, retryInterval=7, chunkSize=65_536, timeout=8, connectTimeout=9, readTimeout=11, minFileSize=1,
        maxFileSize=12, dateFrom="2026-01-01T00:00:00Z", dateTo="2026-01-02T00:00:00Z", excludeExtensions=[".JPG", "png"],
        userAgent="Me", expectedSha256="A" * 64, proxyMode="CUSTOM", proxyUrl="http://p:1",
    )  # fmt: skip

    assert options.fetch_options([("A", "b")], "http://us:er@p:1") == FetchOptions(
        categories=frozenset({Category.DOCUMENT}),
        excluded_extensions=frozenset({"jpg", "png"}),
        min_bytes=1,
        max_bytes=12,
        date_from=datetime(2026, 1, 1, tzinfo=UTC),
        date_to=datetime(2026, 1, 2, tzinfo=UTC),
        max_retries=0,
        retry_interval_seconds=7,
        chunk_bytes=65_536,
        timeout_seconds=8,
        connect_timeout_seconds=9,
        read_timeout_seconds=11,
        user_agent="Me",
        headers=(("A", "b"),),
        expected_sha256="a" * 64,
        proxy_mode=ProxyMode.CUSTOM,
        proxy_url="http://us:er@p:1",
    )
    changed = [one.name for one in fields(FetchOptions) if getattr(options.fetch_options(), one.name) == one.default]
    assert changed == ["headers", "max_decoded_bytes", "proxy_url"]  # nothing else is what it would be by itself


@pytest.mark.parametrize(
    ("switch", "category"),
    [
        ("includeImages", Category.IMAGE),
        ("includeVideos", Category.VIDEO),
        ("includeArchives", Category.ARCHIVE),
        ("includeDocuments", Category.DOCUMENT),
        ("includeOther", Category.OTHER),
    ],
)
def test_each_switch_leaves_its_category_out(switch: str, category: Category) -> None:
    assert read(**{switch: False}).categories == frozenset(Category) - {category}


def test_the_limit_of_bandwidth_is_in_kib() -> None:
    assert read(bandwidthLimit=3).bytes_per_second == 3_072


def test_of_headers_only_names_are_to_be_shown() -> None:
    assert read(headers=[{"name": "X-Key", "value": "secret"}]).header_names == ("X-Key",)
