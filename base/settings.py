"""Settings: environment variables with the prefix WAYBILL_, also read from `.env`."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from base.addresses import check_has_no_space
from base.env_file import ENV_FILE
from base.settings_checks import (
    check_allowed_proxies,
    check_audience,
    check_database_url,
    check_enrich_model,
    check_enrich_url,
    check_issuer,
    check_origins,
    check_other_keys,
    check_proxies,
    check_public_url,
    check_redis_url,
    check_secret_key,
)
from base.units import GIB, MIB, parse_bytes, parse_duration

VERSION = "0.1.0"
PREFIX = "WAYBILL_"
PRIVATE_UMASK = 0o077
"""Of the programs: what they write is for their user alone."""


def split_list(value: Any) -> Any:
    """`"a, b"` as `("a", "b")`."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Address = Annotated[str, AfterValidator(check_has_no_space)]
ByteSize = Annotated[int, BeforeValidator(parse_bytes)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
TextList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(split_list)]
SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(split_list)]


class Settings(BaseSettings):
    """Every setting, with its default; `--check` prints the description; docs/settings.md has them all."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 = all.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 = any free one, printed at start.")
    data_dir: Path = Field(Path("data"), description="Folder of the database, the bytes and the secret key.")
    database_url: Address = Field(
        "", description="postgres://user:password@host/name; empty = SQLite in the data folder."
    )
    redis_url: Address = Field(
        "", description="redis://host:6379/0 for live events between processes; empty = in process."
    )
    redis_prefix: str = Field(
        "waybill",
        pattern=r"^[A-Za-z0-9_.:-]{1,60}$",
        description="How every name in Redis begins; another one for each installation that shares it.",
    )
    public_url: Address = Field("", description="How clients reach this server, when a proxy stands before it.")
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
    anonymous_sessions_per_hour: int = Field(
        30, ge=0, description="Anonymous sessions that one address may begin in an hour; 0 = no limit."
    )
    oidc_issuer: Address = Field(
        "", description="OpenID Connect issuer whose tokens are taken besides our own, as they write it; empty = none."
    )
    oidc_audience: str = Field(
        "",
        validate_default=True,
        description="For whom the issuer's tokens must be meant: their aud, or client_id where access tokens have none.",
    )
    oidc_role_claim: str = Field(
        "", description="Claim of the issuer's tokens that tells the role, such as realm_access.roles; empty = we do."
    )
    rate_limit_per_minute: int = Field(
        100, ge=0, description="GraphQL operations in a minute of an address where nobody is signed in; 0 = no limit."
    )
    rate_limit_per_second: int = Field(10, ge=0, description="The same in a second; 0 = no limit.")
    user_rate_limit_per_minute: int = Field(
        600, ge=0, description="GraphQL operations of one user in a minute, over all their sessions; 0 = no limit."
    )
    user_rate_limit_per_second: int = Field(50, ge=0, description="The same in a second; 0 = no limit.")
    graphql_legacy_status: bool = Field(
        False,
        description="Whether /graphql answers with the statuses of the drafts of GraphQL over HTTP, for clients that need them.",
    )
    operation_timeout: Duration = Field(
        timedelta(seconds=30), description="How long a query or mutation may take before it is stopped; 0 = no limit."
    )
    connections: int = Field(
        8_000, ge=1, description="Connections that one server has open at a time, WebSockets included."
    )
    connections_per_address: int = Field(
        1_024, ge=0, description="The same of one address that is no trusted proxy, or of one IPv6 /64; 0 = no limit."
    )
    max_answer_size: ByteSize = Field(
        16 * MIB, ge=64 * 1024, description="Largest answer to an operation in GraphQL, and largest event on a socket."
    )
    compiled_plans: bool = Field(
        True, description="Whether operations that come again are compiled; false = graphql-core executes them all."
    )
    sockets_per_user: int = Field(
        50,
        ge=0,
        description="WebSockets and streams that one user may have open at one server, or one address; 0 = no limit.",
    )
    max_upload_size: ByteSize = Field(10 * GIB, ge=1, description="Largest upload.")
    upload_bytes_per_user: ByteSize = Field(
        100 * GIB,
        ge=0,
        description="Bytes that one user may have uploaded, unfinished ones and files in download included; 0 = no limit.",
    )
    open_uploads_per_user: int = Field(
        5_000, ge=0, description="Unfinished uploads that one user may have; 0 = no limit."
    )
    running_uploads: int = Field(
        256,
        ge=1,
        description="Uploads that send at the same time, each in up to 2 MiB of memory; more are told to wait.",
    )
    running_uploads_per_user: int = Field(
        default_factory=lambda data: max(1, data["running_uploads"] // 2),
        ge=0,
        description="Uploads of one user that send to one server at the same time; 0 = no limit. Default: half of all.",
    )
    upload_min_speed: ByteSize = Field(
        1024,
        ge=0,
        description="Bytes a second that an upload must send on average over each minute, or its request ends; 0 = no limit.",
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
    retention_audit: Duration = Field(
        timedelta(days=365), ge=timedelta(seconds=1), description="How long entries of the audit log are kept."
    )
    guides_dir: str = Field("", description="Folder of PDFs for users; empty = the folder guides in the data folder.")
    running_jobs_per_user: int = Field(
        20, ge=0, description="Jobs of one user that run at the same time, more wait as PENDING; 0 = no limit."
    )
    unfinished_jobs_per_user: int = Field(
        1_000, ge=0, description="Unfinished jobs that one user may have; 0 = no limit."
    )
    downloads_per_user: int = Field(
        10, ge=0, description="Downloads of one user that run at the same time, more wait as PENDING; 0 = no limit."
    )
    allowed_proxies: TextList = Field(
        (),
        description="Proxies that a download may name, such as http://proxy:3128, socks5://10.0.0.1:1080; empty = none.",
    )
    download_allow_private: bool = Field(
        False,
        description="Whether downloads may fetch from private addresses: on an intranet that trusts all its users.",
    )
    webhook_allow_private: bool = Field(
        False,
        description="Whether webhooks may be sent to private addresses: on an intranet that trusts all its users.",
    )
    enrich_url: Address = Field(
        "",
        description="Endpoint that may be asked about leads, such as https://api.openai.com/v1 (OpenAI's chat completions); empty = none.",
    )
    enrich_key: SecretStr = Field(
        SecretStr(""), description="Sent to that endpoint as bearer token; empty = none is sent."
    )
    enrich_model: str = Field(
        "", validate_default=True, description="Model that is asked there; needed with an endpoint."
    )
    enrich_timeout: Duration = Field(
        timedelta(seconds=60), ge=timedelta(seconds=1), description="How long one answer of that endpoint may take."
    )
    enrich_budget: int = Field(
        10_000, ge=0, description="Rows of one batch, the first ones, that may be asked about; 0 = no limit."
    )
    enrich_allow_private: bool = Field(
        False, description="Whether that endpoint may have a private address: a model on this machine or its network."
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=0,
        le=256,
        description="Child processes that work; 0 = none here (worker.py does it elsewhere). Default: the number of cores.",
    )
    worker_memory: ByteSize = Field(GIB, ge=128 * MIB, description="Memory that one child process may take.")
    item_timeout: Duration = Field(
        timedelta(minutes=10),
        ge=timedelta(),
        description="How long an item may give no sign of life (result, progress, log) before it ends TIMED_OUT; 0 = no limit.",
    )
    speech_models: str = Field(
        "", description="Folder of acoustic models for further languages, one folder each; empty = none."
    )
    audio_minute_price: float = Field(
        0.0,
        ge=0,
        allow_inf_nan=False,
        description="What aligning a minute of sound costs, in your own money: Task.cost.",
    )
    log_format: Literal["text", "json"] = Field("text", description="text for people, json for machines.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @property
    def resources(self) -> dict[str, Path]:
        """What processors find in `Work.resources`."""
        return {"speechModels": Path(self.speech_models)} if self.speech_models else {}

    _public_url = field_validator("public_url")(check_public_url)
    _oidc_issuer = field_validator("oidc_issuer")(check_issuer)
    _oidc_audience = field_validator("oidc_audience")(check_audience)
    _enrich_url = field_validator("enrich_url")(check_enrich_url)
    _enrich_model = field_validator("enrich_model")(check_enrich_model)
    _database_url = field_validator("database_url")(check_database_url)
    _redis_url = field_validator("redis_url")(check_redis_url)
    _secret_key = field_validator("secret_key")(check_secret_key)
    _other_secret_keys = field_validator("other_secret_keys")(check_other_keys)
    _cors_origins = field_validator("cors_origins")(check_origins)
    _allowed_proxies = field_validator("allowed_proxies")(check_allowed_proxies)
    _trusted_proxies = field_validator("trusted_proxies")(check_proxies)
