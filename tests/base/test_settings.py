"""Settings: where they come from, what is wrong with them in a sentence, each with what is allowed."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from base.settings import PREFIX, Settings, split_list
from base.settings_reading import SettingsError, load_settings, read_settings
from base.units import parse_bytes, parse_duration


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


def test_a_time_of_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_RETENTION_INPUTS", "0")
    with pytest.raises(SettingsError, match="WAYBILL_RETENTION_INPUTS"):
        load_settings()


def test_one_user_may_send_half_of_the_running_uploads_unless_another_number_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = []
    for running in ("256", "16", "1"):
        monkeypatch.setenv("WAYBILL_RUNNING_UPLOADS", running)
        shares.append(load_settings().running_uploads_per_user)
    monkeypatch.setenv("WAYBILL_RUNNING_UPLOADS_PER_USER", "0")
    assert [*shares, load_settings().running_uploads_per_user] == [128, 8, 1, 0]


def test_only_the_value_that_is_wrong_is_told_and_not_what_is_made_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_RUNNING_UPLOADS", "0")
    with pytest.raises(SettingsError) as wrong:
        load_settings()
    (sentence,) = str(wrong.value).splitlines()
    assert sentence.startswith("WAYBILL_RUNNING_UPLOADS is not a whole number, at least 1")


def test_a_list_has_commas() -> None:
    assert split_list(" a, b ,,c") == ("a", "b", "c")
    assert split_list("") == ()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "abc", "is not a whole number from 0 to 65535; given was 'abc'"),
        ("PORT", "70000", "is not a whole number from 0 to 65535; given was '70000'"),
        ("PORT", "8000.5", "is not a whole number from 0 to 65535; given was '8000.5'"),
        ("DATABASE_URL", "mysql://x", "is not a database"),
        ("DATABASE_URL", "postgres://host:port/x", "has a port that is not a number"),
        ("DATABASE_URL", "postgres://host/x?maxsize=0", "has maxsize=0"),
        ("DATABASE_URL", "postgres://host/x?sslmode=always", "has sslmode=always"),
        ("DATABASE_URL", "postgres://host/x?sslrootcert=/a.pem", "has sslrootcert: known are maxsize"),
        ("REDIS_URL", "http://x", "is not a Redis address"),
        ("REDIS_URL", "redis://host:port/0", "has a port that is not a number"),
        ("REDIS_URL", "redis://host:6379/x", "has a path that is not the number of a database"),
        ("REDIS_PREFIX", "a b", "may have letters, digits and _ . : - only, at most 60; given was 'a b'"),
        ("REDIS_URL", "redis://host: 6379/0", "has white space, which no address has"),
        ("PUBLIC_URL", "https://files.example.com ", "has white space, which no address has"),
        (
            "PUBLIC_URL",
            "files.example.com",
            "is not an address: write for example https://files.example.com; given was 'files",
        ),
        ("PUBLIC_URL", "ftp://files.example.com", "is not an address"),
        ("SECRET_KEY", "short", "is too short: at least 32 characters"),
        ("SECRET_KEY", "k" * 40, "is one letter again and again, which anybody guesses"),
        ("OTHER_SECRET_KEYS", "k" * 40, "is one letter again and again, which anybody guesses"),
        ("CORS_ORIGINS", "app.example.com", "is not an origin"),
        ("CORS_ORIGINS", "https://a.example.com, https://b.example.com/path", "is not an origin"),
        ("ALLOWED_PROXIES", "http://proxy:3128, proxy:3128", "has what is no proxy"),
        ("ALLOWED_PROXIES", "http://user:secret@proxy:3128", "without user and password"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, nonsense", "has what is neither an address nor a network"),
        ("TRUSTED_PROXIES", "10.0.0.0/0", "is the whole internet"),
        ("TRUSTED_PROXIES", "10.0.0.1, ::/0", "is the whole internet"),
        ("TRUSTED_PROXIES", "0.0.0.0/1, 128.0.0.0/1", "is the whole internet"),
        ("MAX_UPLOAD_SIZE", "much", "is not a size: write a number of bytes"),
        ("MAX_UPLOAD_SIZE", "0", "is not a size of at least 1 B; given was '0 B'"),
        ("WORKER_MEMORY", "1 MiB", "is not a size of at least 128 MiB; given was '1 MiB'"),
        ("RETENTION_JOBS", "0", "is not a time of at least 1 s; given was '0 d'"),
        ("WORKERS", "-1", "is not a whole number from 0 to 256; given was '-1'"),
        ("OPEN_UPLOADS_PER_USER", "many", "is not a whole number, at least 0; given was 'many'"),
        ("ALLOW_ANONYMOUS", "maybe", "may be true or false; given was 'maybe'"),
        ("LOG_FORMAT", "xml", "may be 'text' or 'json'; given was 'xml'"),
        ("OIDC_ISSUER", "login.example.com", "is not an issuer"),
        ("OIDC_ISSUER", "http://login.example.com", "is not an issuer"),
        ("ADMIN_USERNAME", "", "is empty: write a name"),
        ("ADMIN_USERNAME", "a" * 101, "has more than 100 characters"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_with_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv("WAYBILL_OIDC_AUDIENCE", "waybill")
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as error:
        load_settings()

    (line,) = str(error.value).splitlines()
    assert line.startswith(f"WAYBILL_{name} {words}") or words in line
    assert line.startswith(f"WAYBILL_{name} ")
    assert not re.search(r"Input|should|valid|Value error|IPv4|expected", line)
    assert ("given was" in line) is (bool(value) and "SECRET" not in name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://waybill:hush@host/x"),
        ("DATABASE_URL", "postgres://waybill:a/hush@host/x"),
        ("DATABASE_URL", "postgres://host/x?password=hush"),
        ("DATABASE_URL", "postgres://way@bill:a@hush@host/x?sslmode=always"),
        ("DATABASE_URL", "postgres://u:hush pw@127.0.0.1/db"),
        ("DATABASE_URL", "u:hush@127.0.0.1/db"),
        ("DATABASE_URL", "postgres://u:a?hush@127.0.0.1/db"),
        ("DATABASE_URL", "postgres://u/hush:a@host/x y"),
        ("REDIS_URL", "redis://u:hu hush@h:6379/0"),
        ("REDIS_URL", ":hush@127.0.0.1:6379"),
        ("REDIS_URL", "redis://hush@h:6379/x"),
        ("REDIS_URL", "redis://:hush"),
        ("REDIS_URL", "redis://:hush\n@h/0"),
        ("PUBLIC_URL", "u:hush@host"),
        ("REDIS_URL", "redis://:a/hush@host:6379/0"),
        ("REDIS_URL", "http://host?password=hush"),
        ("PUBLIC_URL", "ftp://waybill:hush@host"),
        ("OIDC_ISSUER", "http://waybill:hush@host"),
        ("ADMIN_PASSWORD", "hush"),
        ("SECRET_KEY", "hush"),
        ("OTHER_SECRET_KEYS", "hush"),
    ],
)
def test_no_password_stands_in_what_is_wrong(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    monkeypatch.setenv("WAYBILL_PORT", "x")
    with pytest.raises(SettingsError) as error:
        load_settings()

    assert "hush" not in str(error.value)
    assert PREFIX + name in str(error.value) or name == "ADMIN_PASSWORD"


def test_a_path_may_have_white_space(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_DATABASE_URL", "sqlite:////srv/my files/x.sqlite3")
    assert load_settings().database_url == "sqlite:////srv/my files/x.sqlite3"


def test_a_wrong_issuer_and_a_missing_audience_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_OIDC_ISSUER", "login.example.com")
    with pytest.raises(SettingsError, match=r"^WAYBILL_OIDC_ISSUER is not .*\nWAYBILL_OIDC_AUDIENCE is missing"):
        load_settings()


def test_what_is_wrong_has_its_default_and_the_rest_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_HOST", "0.0.0.0")
    for name in ("PORT", "OIDC_ISSUER", "RUNNING_UPLOADS", "RUNNING_UPLOADS_PER_USER", "WORKERS"):
        monkeypatch.setenv(PREFIX + name, "x")
    settings, wrong = read_settings()

    assert set(wrong) == {
        "port", "oidc_issuer", "oidc_audience", "running_uploads", "running_uploads_per_user", "workers",
    }  # fmt: skip
    assert (settings.host, settings.port, settings.running_uploads_per_user) == ("0.0.0.0", 8000, 128)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("WAYBILL_HOST 0.0.0.0", "Line 2 of the file .env is no setting and is ignored: write WAYBILL_HOST=value"),
        ("WAYBILL_HOST", "Line 2 of the file .env is no setting and is ignored: write WAYBILL_HOST=value"),
        ("hush: hush", "Line 2 of the file .env is no setting and is ignored: write NAME=value"),
        ("WAYBILL_SECRET_KEY='hush", "Line 2 of the file .env is no setting and is ignored: write NAME=value"),
    ],
)
def test_a_line_of_the_file_that_says_nothing_is_told_and_not_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, line: str, words: str
) -> None:
    (tmp_path / ".env").write_text(f"# what we need\n{line}\nWAYBILL_PORT=x\n")
    with pytest.raises(SettingsError) as error:
        load_settings()
    (first, second) = str(error.value).splitlines()

    assert first.startswith(words)
    assert second.startswith("WAYBILL_PORT is not")
    assert "hush" not in str(error.value)
    assert caplog.records == []


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
    monkeypatch.setenv("WAYBILL_OTHER_SECRET_KEYS", f"{'ab' * 16}, {'bc' * 20}")
    assert [key.get_secret_value() for key in load_settings().other_secret_keys] == ["ab" * 16, "bc" * 20]
    monkeypatch.setenv("WAYBILL_OTHER_SECRET_KEYS", f"{'ab' * 16}, hush")
    with pytest.raises(SettingsError, match=r"^WAYBILL_OTHER_SECRET_KEYS has a key that is too short") as error:
        load_settings()
    assert "hush" not in str(error.value)
