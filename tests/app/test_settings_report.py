"""Report of the settings: each with its source, and names that are no settings."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings_report import describe_settings, unknown_settings
from base.settings import PREFIX, Settings
from base.settings_reading import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the .env of whoever runs the tests matters."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


@pytest.mark.parametrize(
    ("text", "shown"), [("48h", "2 d"), ("36 h", "36 h"), ("90 s", "90 s"), ("120", "2 min"), ("1.5 s", "1.5 s")]
)
def test_a_time_is_shown_in_its_largest_unit(monkeypatch: pytest.MonkeyPatch, text: str, shown: str) -> None:
    monkeypatch.setenv("WAYBILL_RETENTION_UPLOADS", text)
    lines = {line.name: line.value for line in describe_settings(load_settings())}
    assert lines["WAYBILL_RETENTION_UPLOADS"] == shown


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


def test_secrets_and_passwords_in_addresses_are_not_shown() -> None:
    settings = load_settings().model_copy(
        update={
            "secret_key": SecretStr("hush" * 9),
            "other_secret_keys": (SecretStr("hush" * 8),),
            "admin_password": SecretStr("hush-hush-hush"),
            "database_url": "postgres://way@bill:a@hush/?#@host/name",
            "redis_url": "redis://host:6379/0?password=hush&db=3",
        }
    )
    shown = {line.name: line.value for line in describe_settings(settings)}

    assert "hush" not in str(shown)
    assert shown["WAYBILL_SECRET_KEY"] == shown["WAYBILL_OTHER_SECRET_KEYS"] == "(set)"
    assert shown["WAYBILL_DATABASE_URL"] == "postgres://way@bill:(hidden)@host/name"
    assert shown["WAYBILL_REDIS_URL"] == "redis://host:6379/0?password=(hidden)&db=3"


def test_values_are_shown_as_they_are_written() -> None:
    shown = {line.name: line.value for line in describe_settings(load_settings(), wrong=["port"])}

    assert shown["WAYBILL_ALLOW_ANONYMOUS"] == "false"
    assert shown["WAYBILL_MAX_UPLOAD_SIZE"] == "10 GiB"
    assert shown["WAYBILL_RETENTION_JOBS"] == "90 d"
    assert shown["WAYBILL_CORS_ORIGINS"] == "*"
    assert shown["WAYBILL_PORT"] == "(wrong)"


def test_a_mistyped_setting_is_told_with_the_one_that_was_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("WAYBILL_RETENTION_JOB=3 d\nexport WAYBILL_PROT=1\n# WAYBILL_OLD=1\nOTHER=1\n")
    monkeypatch.setenv("WAYBILL_PROT", "9000")
    monkeypatch.setenv("waybill_host", "127.0.0.1")
    monkeypatch.setenv("WAYBILL_QQQQ", "1")
    monkeypatch.setenv("WAYBILL_TEST_REQUIRE", "redis")

    assert unknown_settings() == [
        "WAYBILL_PROT in the environment is no setting and is ignored. Did you mean WAYBILL_PORT?",
        "WAYBILL_QQQQ in the environment is no setting and is ignored. docs/settings.md lists all that there are.",
        "WAYBILL_RETENTION_JOB in .env is no setting and is ignored. Did you mean WAYBILL_RETENTION_JOBS?",
    ]


def test_every_setting_is_described() -> None:
    assert all(line.description for line in describe_settings(load_settings()))
