"""Settings: where they come from, what is wrong with them in a sentence, and what --check says."""

from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from base.settings import (
    PREFIX,
    Settings,
    SettingsError,
    describe_settings,
    load_settings,
    parse_bytes,
    parse_duration,
    split_list,
    unsafe_settings,
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the .env of whoever runs the tests matters."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("1048576", 2**20), ("500 MiB", 500 * 2**20), ("10GiB", 10 * 2**30), ("1.5 kib", 1536), ("2MB", 2_000_000),
     (" 1 TiB ", 2**40), (5, 5), ("7b", 7)],
)  # fmt: skip
def test_a_size_has_a_unit_or_is_bytes(text: str | int, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "x", "-1", "10 GiBs", "1e3", "1,5 MB", "GiB"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_bytes(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("24 h", 86_400), ("7d", 604_800), ("90 min", 5_400), ("1.5 H", 5_400), ("30", 30), (" 2 s ", 2), ("5m", 300),
     (timedelta(hours=1), 3_600)],
)  # fmt: skip
def test_a_time_has_a_unit_or_is_seconds(text: str | timedelta, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "h", "-1 h", "1 week", "1 h 30 min", "PT1H"])
def test_anything_else_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "shown"), [("48h", "2 d"), ("36 h", "36 h"), ("90 s", "90 s"), ("120", "2 min"), ("1.5 s", "1.5 s")]
)
def test_a_time_is_shown_in_its_largest_unit(monkeypatch: pytest.MonkeyPatch, text: str, shown: str) -> None:
    monkeypatch.setenv("WAYBILL_RETENTION_UPLOADS", text)
    lines = {line.name: line.value for line in describe_settings(load_settings())}
    assert lines["WAYBILL_RETENTION_UPLOADS"] == shown


def test_a_time_of_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_RETENTION_INPUTS", "0")
    with pytest.raises(SettingsError, match="WAYBILL_RETENTION_INPUTS"):
        load_settings()


def test_a_list_has_commas() -> None:
    assert split_list(" a, b ,,c") == ("a", "b", "c")
    assert split_list("") == ()


def test_the_environment_wins_over_the_file_and_that_over_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("WAYBILL_PORT=9001\nWAYBILL_HOST=0.0.0.0\n# WAYBILL_WORKERS=3\nOTHER=1\n")
    monkeypatch.setenv("WAYBILL_PORT", "9002")
    settings = load_settings()
    sources = {line.name: (line.value, line.source) for line in describe_settings(settings)}

    assert (settings.port, settings.host) == (9002, "0.0.0.0")
    assert sources["WAYBILL_PORT"] == ("9002", "environment")
    assert sources["WAYBILL_HOST"] == ("0.0.0.0", ".env")
    assert sources["WAYBILL_LOG_LEVEL"] == ("info", "default")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "abc", "valid integer"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("DATABASE_URL", "mysql://x", "is not a database"),
        ("DATABASE_URL", "postgres://host:port/x", "has a port that is not a number"),
        ("DATABASE_URL", "postgres://host/x?maxsize=0", "has maxsize=0"),
        ("DATABASE_URL", "postgres://host/x?sslmode=always", "has sslmode=always"),
        ("DATABASE_URL", "postgres://host/x?sslrootcert=/a.pem", "has sslrootcert=/a.pem"),
        ("REDIS_URL", "http://x", "is not a Redis address"),
        ("REDIS_URL", "redis://host:port/0", "has a port that is not a number"),
        ("REDIS_URL", "redis://host:6379/x", "has /x, which is not the number of a database"),
        ("PUBLIC_URL", "files.example.com", "is not an address"),
        ("PUBLIC_URL", "ftp://files.example.com", "is not an address"),
        ("SECRET_KEY", "short", "is too short: at least 32 characters"),
        ("CORS_ORIGINS", "app.example.com", "is not an origin"),
        ("CORS_ORIGINS", "https://a.example.com, https://b.example.com/path", "is not an origin"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nonsense", "does not appear to be an IPv4 or IPv6 network"),
        ("MAX_UPLOAD_SIZE", "much", "is not a size"),
        ("MAX_UPLOAD_SIZE", "0", "greater than or equal to 1"),
        ("WORKERS", "-1", "greater than or equal to 0"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
        ("OIDC_ISSUER", "login.example.com", "is not an issuer"),
        ("OIDC_ISSUER", "http://login.example.com", "is not an issuer"),
        ("ADMIN_USERNAME", "", "at least 1 character"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()

    (line,) = str(error.value).splitlines()
    assert line.startswith(f"WAYBILL_{name} ")
    assert words in line


def test_an_issuer_needs_an_audience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_OIDC_ISSUER", "https://login.example.com")
    with pytest.raises(SettingsError, match=r"^WAYBILL_OIDC_AUDIENCE is missing"):
        load_settings()
    monkeypatch.setenv("WAYBILL_OIDC_AUDIENCE", "waybill")
    assert load_settings().oidc_issuer == "https://login.example.com"
    monkeypatch.setenv("WAYBILL_OIDC_ISSUER", "http://127.0.0.1:9000/realms/main")
    assert load_settings().oidc_issuer == "http://127.0.0.1:9000/realms/main"


def test_every_wrong_setting_has_its_line_and_no_secret_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_PORT", "x")
    monkeypatch.setenv("WAYBILL_SECRET_KEY", "hush")
    with pytest.raises(SettingsError) as error:
        load_settings()

    assert [line.split()[0] for line in str(error.value).splitlines()] == ["WAYBILL_PORT", "WAYBILL_SECRET_KEY"]
    assert "hush" not in str(error.value)


def test_a_file_that_is_no_text_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"WAYBILL_PORT=\xff\xfe")
    with pytest.raises(SettingsError, match=r"The file \.env cannot be read"):
        load_settings()


def test_other_secret_keys_are_a_list_of_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_OTHER_SECRET_KEYS", f"{'a' * 32}, {'b' * 40}")
    assert [key.get_secret_value() for key in load_settings().other_secret_keys] == ["a" * 32, "b" * 40]
    monkeypatch.setenv("WAYBILL_OTHER_SECRET_KEYS", f"{'a' * 32}, hush")
    with pytest.raises(SettingsError, match=r"^WAYBILL_OTHER_SECRET_KEYS has a key that is too short") as error:
        load_settings()
    assert "hush" not in str(error.value)


def test_secrets_and_passwords_in_addresses_are_not_shown() -> None:
    settings = load_settings(
        secret_key=SecretStr("k" * 32),
        other_secret_keys=(SecretStr("hush" * 8),),
        admin_password=SecretStr("hush-hush-hush"),
        database_url="postgres://waybill:hush@host/name",
        redis_url="redis://:hush@host:6379/0",
    )
    shown = {line.name: line.value for line in describe_settings(settings)}

    assert "hush" not in str(shown)
    assert shown["WAYBILL_SECRET_KEY"] == shown["WAYBILL_OTHER_SECRET_KEYS"] == "(set)"
    assert shown["WAYBILL_DATABASE_URL"] == "postgres://waybill:(hidden)@host/name"
    assert shown["WAYBILL_REDIS_URL"] == "redis://:(hidden)@host:6379/0"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, []),
        ({"host": "0.0.0.0", "public_url": "https://x.example.com", "cors_origins": ("https://x.example.com",)}, []),
        ({"host": "0.0.0.0", "cors_origins": ("https://x.example.com",)}, ["unencrypted"]),
        ({"host": "::", "public_url": "https://x.example.com"}, ["WAYBILL_CORS_ORIGINS"]),
        (
            {"host": "::", "public_url": "https://x.example.com", "cors_origins": (), "rate_limit_per_second": 0},
            ["rate limit"],
        ),
        ({"admin_password": SecretStr("short")}, ["WAYBILL_ADMIN_PASSWORD"]),
        ({"trusted_proxies": ("0.0.0.0/0",)}, ["WAYBILL_TRUSTED_PROXIES"]),
        ({"webhook_allow_private": True}, ["WAYBILL_WEBHOOK_ALLOW_PRIVATE"]),
        ({"trusted_proxies": ("::/0",)}, ["WAYBILL_TRUSTED_PROXIES"]),
    ],
)
def test_what_is_unsafe_is_said(values: dict[str, object], words: list[str]) -> None:
    warnings = unsafe_settings(load_settings(**values))

    assert len(warnings) == len(words)
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))


def test_every_setting_is_described() -> None:
    assert all(line.description for line in describe_settings(load_settings()))
