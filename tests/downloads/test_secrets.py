"""Secrets of a download at rest."""

from typing import Any

import orjson
import pytest

from auth.keys import Keys
from auth.sealing import Sealer
from base.errors import ErrorCode, Refusal
from downloads.download_options import DownloadOptions
from downloads.kind import KIND
from downloads.secrets import PURPOSE, fresh_link, open_headers, open_proxy_url, open_url, seal_options
from processors.options import read_options

SEALER = Sealer(Keys("k" * 32), PURPOSE)
GIVEN = {
    "url": "https://anna:s3cret@example.org/a.zip?sig=1",
    "headers": [{"name": "Authorization", "value": "Bearer t0ken"}, {"name": "X-Empty", "value": ""}],
    "proxyMode": "CUSTOM",
    "proxyUrl": "socks5://me:pa55@proxy:1080",
}


def read(options: dict[str, Any]) -> DownloadOptions:
    read = read_options(KIND, options, "input")
    assert isinstance(read, DownloadOptions)
    return read


def test_no_secret_is_stored_in_clear() -> None:
    stored = seal_options(SEALER, GIVEN, "input.options")

    text = orjson.dumps(stored).decode()
    assert not [secret for secret in ("anna", "s3cret", "t0ken", "pa55") if secret in text]
    assert (stored["url"], stored["proxyUrl"]) == ("https://example.org/a.zip?sig=1", "socks5://proxy:1080")
    assert read(stored).header_names == ("Authorization", "X-Empty")


def test_what_was_sealed_is_sent_as_it_was_given() -> None:
    options = read(seal_options(SEALER, GIVEN, "input.options"))

    assert open_headers(SEALER, options) == (("Authorization", "Bearer t0ken"), ("X-Empty", ""))
    assert open_url(SEALER, options) == GIVEN["url"]
    assert open_proxy_url(SEALER, options) == GIVEN["proxyUrl"]


def test_a_url_without_credentials_stays_as_it_is() -> None:
    options = read(seal_options(SEALER, {"url": "https://example.org/a"}, "input.options"))

    assert (open_url(SEALER, options), options.url_credentials) == ("https://example.org/a", None)
    assert (open_headers(SEALER, options), open_proxy_url(SEALER, options)) == ((), None)


def test_a_fresh_link_brings_its_own_credentials_or_none() -> None:
    stored = seal_options(SEALER, GIVEN, "input.options")

    plain = read(stored | fresh_link(SEALER, "https://example.org/b"))
    assert (open_url(SEALER, plain), plain.is_fresh_link) == ("https://example.org/b", True)
    secret = read(stored | fresh_link(SEALER, "https://u:p@example.org/b"))
    assert open_url(SEALER, secret) == "https://u:p@example.org/b"


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"url": "ftp://example.org/a"}, ErrorCode.URL_NOT_ALLOWED, None),
        ({"url": "http://[::1"}, ErrorCode.BAD_INPUT, None),
        ({"url": "nothing"}, ErrorCode.BAD_INPUT, None),
        ({"headers": [{"name": "Host", "value": "x"}]}, ErrorCode.BAD_INPUT, "input.options.headers.0"),
        ({"proxyUrl": "http://[::1"}, ErrorCode.BAD_INPUT, "input.options.proxyUrl"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(change: dict[str, Any], code: ErrorCode, field: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        seal_options(SEALER, GIVEN | change, "input.options")
    assert (caught.value.code, caught.value.field) == (code, field)


def test_under_another_secret_key_the_sentence_says_what_to_do() -> None:
    options = read(seal_options(SEALER, GIVEN, "input.options"))
    with pytest.raises(Refusal, match="start a new download"):
        open_headers(Sealer(Keys("x" * 32), PURPOSE), options)
