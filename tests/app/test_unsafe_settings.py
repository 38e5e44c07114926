"""Settings that would be unsafe in production."""

import secrets
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.unsafe_settings import unsafe_settings
from base.settings import PREFIX, Settings
from base.settings_reading import load_settings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor the .env of whoever runs the tests matters."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


SAFE = {
    "host": "0.0.0.0",
    "public_url": "https://x.example.com",
    "trusted_proxies": ("10.0.0.10",),
    "cors_origins": ("https://x.example.com",),
}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, []),
        (SAFE, []),
        ({"host": "0.0.0.0", "cors_origins": ("https://x.example.com",)}, ["unencrypted"]),
        ({**SAFE, "host": "::", "cors_origins": ("*",)}, ["WAYBILL_CORS_ORIGINS"]),
        ({**SAFE, "rate_limit_per_second": 0}, ["rate limit"]),
        ({**SAFE, "connections_per_address": 0}, ["WAYBILL_CONNECTIONS_PER_ADDRESS"]),
        ({**SAFE, "trusted_proxies": ()}, ["WAYBILL_TRUSTED_PROXIES"]),
        ({**SAFE, "trusted_proxies": ("10.0.0.0/7",)}, ["10.0.0.0/7"]),
        ({**SAFE, "trusted_proxies": ("64.0.0.0/2", "10.0.0.0/8")}, ["64.0.0.0/2"]),
        ({**SAFE, "trusted_proxies": ("2000::/3",)}, ["2000::/3"]),
        ({**SAFE, "trusted_proxies": ("10.0.0.0/8", "104.16.0.0/13", "fc00::/7", "2a06:98c0::/29")}, []),
        ({"admin_password": SecretStr("short")}, ["WAYBILL_ADMIN_PASSWORD"]),
        ({"admin_password": SecretStr("aaaaaaaaaaaaaaaa")}, ["WAYBILL_ADMIN_PASSWORD"]),
        ({"secret_key": SecretStr("ab" * 30)}, ["WAYBILL_SECRET_KEY can be guessed"]),
        ({"secret_key": SecretStr("changeme" * 4)}, ["WAYBILL_SECRET_KEY can be guessed"]),
        ({"secret_key": SecretStr("password" * 5)}, ["WAYBILL_SECRET_KEY can be guessed"]),
        ({"secret_key": SecretStr("sesame-open-you!" * 2 + "ses")}, ["WAYBILL_SECRET_KEY can be guessed"]),
        ({"secret_key": SecretStr("abcdefabfedcba" * 9 + "cc")}, ["WAYBILL_SECRET_KEY can be guessed"]),
        ({"other_secret_keys": (SecretStr("0123" * 10),)}, ["WAYBILL_OTHER_SECRET_KEYS can be guessed"]),
        ({"secret_key": SecretStr("9f86d081884c7d659a2feaa0c55ad015")}, []),
        ({"allow_anonymous": True}, ["WAYBILL_ALLOW_ANONYMOUS"]),
        ({"upload_fsync": "never"}, ["WAYBILL_UPLOAD_FSYNC"]),
        ({"download_allow_private": True}, ["WAYBILL_DOWNLOAD_ALLOW_PRIVATE"]),
        ({"webhook_allow_private": True}, ["WAYBILL_WEBHOOK_ALLOW_PRIVATE"]),
    ],
)
def test_what_is_unsafe_is_said(values: dict[str, object], words: list[str]) -> None:
    warnings = unsafe_settings(load_settings(**values))

    assert len(warnings) == len(words), warnings
    assert all(word in warning for word, warning in zip(words, warnings, strict=True))


def test_no_key_that_is_made_at_random_is_called_unsafe() -> None:
    for _ in range(200):
        for key in (secrets.token_hex(16), secrets.token_urlsafe(24)):
            assert unsafe_settings(load_settings(secret_key=SecretStr(key))) == []


@pytest.mark.parametrize(("mode", "count"), [(0o755, 1), (0o710, 1), (0o700, 0)])
def test_a_data_folder_that_others_can_read_is_said(tmp_path: Path, mode: int, count: int) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(mode)
    warnings = unsafe_settings(load_settings(data_dir=folder))

    assert len(warnings) == count
    assert all(f"chmod 700 {folder}" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("text", "count"),
    [("WAYBILL_SECRET_KEY=9f86d081884c7d659a2feaa0c55ad015", 1), ("WAYBILL_REDIS_URL=redis://:hush@h/0", 1), ("WAYBILL_PORT=9", 0)],
)  # fmt: skip
def test_a_file_with_secrets_that_others_can_read_is_said(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / ".env").write_text(f"{text}\n")
    (tmp_path / ".env").chmod(0o644)
    assert [warning.startswith("The file .env holds secrets") for warning in unsafe_settings(load_settings())] == [
        True
    ] * count
    (tmp_path / ".env").chmod(0o600)
    assert unsafe_settings(load_settings()) == []
