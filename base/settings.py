"""Settings: environment variables with the prefix WAYBILL_, also read from `.env`; checked once, at start."""

import ipaddress
import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

VERSION = "0.1.0"
PREFIX = "WAYBILL_"
MIN_KEY_CHARACTERS = 32

KIB, MIB, GIB = 1024, 1024**2, 1024**3
_BYTE_UNITS = {"": 1, "B": 1, "KIB": KIB, "MIB": MIB, "GIB": GIB, "TIB": 1024**4, "KB": 1000, "MB": 10**6, "GB": 10**9}
_DATABASE_OPTIONS = {
    "maxsize": re.compile(r"[1-9]\d{0,3}"),
    "sslmode": re.compile(r"disable|allow|prefer|require|verify-ca|verify-full"),
}
"""What may stand behind the ? of a PostgreSQL address: one that was passed over could be one that encrypts."""
_SECONDS = {"": 1, "s": 1, "min": 60, "m": 60, "h": 3_600, "d": 86_400}


class SettingsError(Exception):
    """The settings cannot be used; the text says which and why, one per line."""


def parse_bytes(value: Any) -> Any:
    """`"10 GiB"`, `"500MB"` or `1048576` as a number of bytes."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2].upper() not in _BYTE_UNITS:
        msg = "is not a size: write a number of bytes or for example '500 MiB' or '10 GiB'"
        raise ValueError(msg)
    return int(float(match[1]) * _BYTE_UNITS[match[2].upper()])


def parse_duration(value: Any) -> Any:
    """`"24 h"`, `"7d"`, `"90 min"` or a number of seconds as a timedelta."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", str(value))
    if match is None or match[2].lower() not in _SECONDS:
        msg = "is not a time: write a number of seconds or for example '90 min', '24 h' or '7 d'"
        raise ValueError(msg)
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2].lower()])


def split_list(value: Any) -> Any:
    """`"a, b"` as `("a", "b")`."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def is_trustworthy(url: str) -> bool:
    """Whether what is fetched from `url` cannot be changed on its way: https, or this very machine."""
    parts = urlsplit(url)
    is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and is_here))


ByteSize = Annotated[int, BeforeValidator(parse_bytes)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
TextList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(split_list)]


class Settings(BaseSettings):
    """Every setting, with its default; the description is what `--check` and the README print."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 = all.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 = any free one, printed at start.")
    data_dir: Path = Field(Path("data"), description="Folder of the database, the bytes and the secret key.")
    database_url: str = Field("", description="postgres://user:password@host/name; empty = SQLite in the data folder.")
    redis_url: str = Field("", description="redis://host:6379/0 for live events between processes; empty = in process.")
    redis_prefix: str = Field(
        "waybill",
        pattern=r"^[A-Za-z0-9_.:-]{1,60}$",
        description="How every name in Redis begins; another one for each installation that shares it.",
    )
    public_url: str = Field("", description="How clients reach this server, when a proxy stands before it.")
    secret_key: SecretStr = Field(
        SecretStr(""),
        description="Signs tokens and links; at least 32 characters. Empty = made once, kept in the data folder.",
    )
    other_secret_keys: SecretList = Field(
        (),
        description="Keys whose signatures are good, too, while the secret key changes, comma separated; none is signed with.",
    )
    admin_username: str = Field("admin", min_length=1, max_length=100, description="Name of the first user.")
    admin_password: SecretStr = Field(
        SecretStr(""),
        description="Password of the first user; empty = one is made and printed once, at the first start.",
    )
    cors_origins: TextList = Field(("*",), description="Origins of web pages that may call, comma separated; * = any.")
    trusted_proxies: TextList = Field((), description="Addresses or networks whose X-Forwarded-* headers are believed.")
    allow_anonymous: bool = Field(False, description="Whether startAnonymousSession lets in who has no account.")
    oidc_issuer: str = Field(
        "", description="OpenID Connect issuer whose tokens are taken besides our own, as they write it; empty = none."
    )
    oidc_audience: str = Field(
        "", validate_default=True, description="For whom the issuer's tokens must be meant (their aud)."
    )
    oidc_role_claim: str = Field(
        "", description="Claim of the issuer's tokens that tells the role, such as realm_access.roles; empty = we do."
    )
    rate_limit_per_minute: int = Field(
        100,
        ge=0,
        description="GraphQL operations of one user in a minute, of one address without a user; 0 = no limit.",
    )
    rate_limit_per_second: int = Field(10, ge=0, description="The same in a second; 0 = no limit.")
    operation_timeout: Duration = Field(
        timedelta(seconds=30), description="How long a query or mutation may take before it is stopped; 0 = no limit."
    )
    sockets_per_user: int = Field(
        50, ge=0, description="WebSockets that one user may have open at one server, or one address; 0 = no limit."
    )
    max_upload_size: ByteSize = Field(10 * GIB, ge=1, description="Largest upload.")
    upload_bytes_per_user: ByteSize = Field(
        100 * GIB, ge=0, description="Bytes that one user may have uploaded, unfinished ones included; 0 = no limit."
    )
    open_uploads_per_user: int = Field(
        5_000, ge=0, description="Unfinished uploads that one user may have; 0 = no limit."
    )
    running_uploads: int = Field(
        256,
        ge=1,
        description="Uploads that send at the same time, each in up to 2 MiB of memory; more are told to wait.",
    )
    upload_fsync: Literal["always", "finish", "never"] = Field(
        "always",
        description="When uploaded bytes are made to survive a power cut: before they count, at the end, or as the system likes.",
    )
    upload_location: Literal["absolute", "relative"] = Field(
        "absolute", description="Whether new uploads are told tus clients as a whole address or as a path."
    )
    retention_uploads: Duration = Field(
        timedelta(hours=24),
        ge=timedelta(seconds=1),
        description="How long an unfinished upload is kept after its last byte.",
    )
    retention_inputs: Duration = Field(
        timedelta(days=7),
        ge=timedelta(seconds=1),
        description="How long a finished upload is kept after its end and that of the last job that used it.",
    )
    retention_results: Duration = Field(
        timedelta(days=30),
        ge=timedelta(seconds=1),
        description="How long results and reports are kept after the end of their job.",
    )
    retention_jobs: Duration = Field(
        timedelta(days=90),
        ge=timedelta(seconds=1),
        description="How long jobs are kept after their end, with all that is theirs.",
    )
    guides_dir: str = Field("", description="Folder of PDFs for users; empty = the folder guides in the data folder.")
    running_jobs_per_user: int = Field(
        20, ge=0, description="Jobs of one user that run at the same time, more wait as PENDING; 0 = no limit."
    )
    downloads_per_user: int = Field(
        10, ge=0, description="Downloads of one user that run at the same time, more wait as PENDING; 0 = no limit."
    )
    webhook_allow_private: bool = Field(
        False,
        description="Whether webhooks may be sent to private addresses: on an intranet that trusts all its users.",
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=0,
        le=256,
        description="Child processes that work; 0 = none here (worker.py does it elsewhere). Default: the number of cores.",
    )
    worker_memory: ByteSize = Field(GIB, ge=128 * MIB, description="Memory that one child process may take.")
    log_format: Literal["text", "json"] = Field("text", description="text for people, json for machines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @field_validator("public_url")
    @classmethod
    def _public_url_is_absolute(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.netloc):
            msg = "is not an address: write for example https://files.example.com"
            raise ValueError(msg)
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_safe(cls, value: str) -> str:
        if value and not is_trustworthy(value):
            msg = "is not an issuer: write its https address, for example https://login.example.com/realms/main"
            raise ValueError(msg)
        return value

    @field_validator("oidc_audience")
    @classmethod
    def _audience_is_named(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not value:
            msg = "is missing: without it, tokens that the issuer made for other programs would be taken"
            raise ValueError(msg)
        return value

    @field_validator("database_url")
    @classmethod
    def _database_is_known(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"postgres", "postgresql", "sqlite"}:
            msg = "is not a database: write postgres://user:password@host/name, or leave it empty for SQLite"
            raise ValueError(msg)
        _check_port(value)
        if urlsplit(value).scheme == "sqlite":
            return value
        for name, option in parse_qsl(urlsplit(value).query, keep_blank_values=True):
            if name not in _DATABASE_OPTIONS or not _DATABASE_OPTIONS[name].fullmatch(option):
                msg = f"has {name}={option}: known are maxsize (of connections, from 1) and sslmode (as libpq has it)"
                raise ValueError(msg)
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis_is_known(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
            msg = "is not a Redis address: write redis://host:6379/0, or leave it empty"
            raise ValueError(msg)
        _check_port(value)
        if urlsplit(value).scheme != "unix" and not re.fullmatch(r"(/\d*)?", urlsplit(value).path):
            msg = f"has {urlsplit(value).path}, which is not the number of a database: write redis://host:6379/0"
            raise ValueError(msg)
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_is_long(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < MIN_KEY_CHARACTERS:
            msg = f"is too short: at least {MIN_KEY_CHARACTERS} characters (RFC 7518, section 3.2)"
            raise ValueError(msg)
        return value

    @field_validator("other_secret_keys")
    @classmethod
    def _other_secrets_are_long(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < MIN_KEY_CHARACTERS for key in value):
            msg = f"has a key that is too short: at least {MIN_KEY_CHARACTERS} characters each, without commas"
            raise ValueError(msg)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins_are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parts = urlsplit(text)
            if text != "*" and (not parts.netloc or f"{parts.scheme}://{parts.netloc}" != text):
                msg = f"has {text!r}, which is not an origin: write for example https://app.example.com, without a path"
                raise ValueError(msg)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ipaddress.ip_network(text, strict=False)
        return value


@dataclass(frozen=True)
class SettingLine:
    """One setting as `--check` prints it; `value` is `(set)` for a secret, and addresses lose their password."""

    name: str
    value: str
    source: str
    description: str


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: One line per setting that is wrong.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'_'.join(map(str, line['loc'])).upper()} {line['msg'].removeprefix('Value error, ')}"
            for line in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"The file .env cannot be read: {error}.") from None


def _check_port(address: str) -> None:
    """Raises ValueError where the port of an address is none."""
    try:
        _ = urlsplit(address).port
    except ValueError:
        msg = "has a port that is not a number up to 65535"
        raise ValueError(msg) from None


def describe_settings(settings: Settings) -> list[SettingLine]:
    """Every setting with its value and where that comes from: environment, .env or default."""
    in_file = _names_in_env_file(Path(str(settings.model_config.get("env_file"))))
    lines = []
    for name, field in Settings.model_fields.items():
        variable = PREFIX + name.upper()
        source = "environment" if variable in os.environ else ".env" if variable in in_file else "default"
        lines.append(SettingLine(variable, _shown(getattr(settings, name)), source, field.description or ""))
    return lines


def unsafe_settings(settings: Settings) -> list[str]:
    """Sentences about what would be unsafe in production; empty when nothing is."""
    is_open = settings.host not in {"127.0.0.1", "::1", "localhost"}
    warnings = []
    if is_open and not settings.public_url.startswith("https://"):
        warnings.append(
            "The server can be reached from other machines, and WAYBILL_PUBLIC_URL is not https: "
            "passwords and files would travel unencrypted."
        )
    if is_open and "*" in settings.cors_origins:
        warnings.append("WAYBILL_CORS_ORIGINS is *: pages of any site may call this server (they still need a token).")
    if is_open and not (settings.rate_limit_per_minute and settings.rate_limit_per_second):
        warnings.append("A rate limit is 0: passwords can be tried as fast as the server answers.")
    if settings.upload_fsync == "never":
        warnings.append(
            "WAYBILL_UPLOAD_FSYNC is never: files that were told complete may be damaged after a power cut."
        )
    if settings.webhook_allow_private:
        warnings.append(
            "WAYBILL_WEBHOOK_ALLOW_PRIVATE is on: users can have requests sent to this machine and its network."
        )
    if settings.admin_password.get_secret_value() and len(settings.admin_password.get_secret_value()) < 12:
        warnings.append("WAYBILL_ADMIN_PASSWORD has fewer than 12 characters.")
    if "0.0.0.0/0" in settings.trusted_proxies or "::/0" in settings.trusted_proxies:
        warnings.append("WAYBILL_TRUSTED_PROXIES trusts everybody: callers could pretend any address.")
    return warnings


def _names_in_env_file(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    return {line.split("=", 1)[0].strip().upper() for line in path.read_text().splitlines() if "=" in line}


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else "(none)"
    if isinstance(value, tuple):
        return ", ".join(map(_shown, value)) or "(none)"
    if isinstance(value, timedelta):
        return _duration_text(value)
    return re.sub(r"(?<=://)([^:@/]*):[^@/]*@", r"\1:(hidden)@", str(value)) or "(none)"


def _duration_text(value: timedelta) -> str:
    """`24 h` in the largest unit in which it is a whole number."""
    seconds = value.total_seconds()
    unit = next((unit for unit in ("d", "h", "min") if seconds % _SECONDS[unit] == 0), "s")
    return f"{seconds / _SECONDS[unit]:g} {unit}"
