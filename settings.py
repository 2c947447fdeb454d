"""Typed settings, read once by the entry points and passed down.

Every setting is an environment variable with the prefix `TERRACE_`; `docs/reference/settings.md`
lists them all, and a test holds that table against this file.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def default_data_dir() -> Path:
    """The folder of embedded data under the user's own data folder."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "terrace"


_POINTS = {
    "customer": 50_000,
    "manager": 500_000,
    "branch": 500_000,
    "hq": 500_000,
    "risk": 500_000,
    "auditor": 500_000,
    "integrator": 500_000,
}
_SCHEMES = {
    "database_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss", "unix"),
}


class Settings(BaseSettings):
    """Everything an operator may decide."""

    model_config = SettingsConfigDict(
        env_prefix="TERRACE_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 16 or newer, as its owner; absent: an embedded server is run",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis 7 or Valkey 8 or newer; absent: an embedded server is run",
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Where embedded servers keep their data, and where the signing key lies",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="Signs tokens and derives the database roles' passwords; "
        "absent: made once and kept in the data folder",
    )
    home_currency: str = Field(
        default="CNY", pattern=r"^[A-Z]{3}$", description="Currency that AUM is stated in"
    )
    time_zone: str = Field(
        default="Asia/Shanghai", description="Time zone of schedules; never used for business dates"
    )
    processes: int = Field(
        default=1, ge=1, le=64, description="API processes of one `terrace up` or `terrace serve`"
    )
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="Worker processes of one `terrace up` or `terrace work`",
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port of the API")
    token_hours: int = Field(
        default=720,
        ge=1,
        le=87_600,
        description="Hours a development token of `terrace token` is valid",
    )
    reader_connections: int = Field(
        default=4, ge=1, description="Database connections per kind of scope and API process"
    )
    writer_connections: int = Field(
        default=8, ge=2, description="Database connections for writing, per process"
    )
    acquire_seconds: float = Field(
        default=10.0, gt=0, le=3600, description="Seconds a request waits for a database connection"
    )
    statement_seconds: float = Field(
        default=5.0, gt=0, le=3600, description="Seconds one read statement may take"
    )
    poll_seconds: float = Field(
        default=1.0,
        gt=0,
        le=3600,
        description="Seconds between two looks for work when no wake-up came",
    )
    recompute_batch: int = Field(
        default=500, ge=1, le=10_000, description="Customers recomputed in one transaction"
    )
    close_chunk: int = Field(
        default=5_000, ge=1, le=50_000, description="Customers judged in one transaction at a close"
    )
    future_days: int = Field(
        default=366,
        ge=0,
        le=36_600,
        description="Days after the business date that a balance may be dated at the most",
    )
    event_days: int = Field(
        default=90,
        ge=0,
        le=36_600,
        description="Days that cursors of the feeds of events are good for at the least; "
        "0: for ever",
    )
    preview_days: int = Field(
        default=30,
        ge=1,
        le=3_660,
        description="Days that a preview of a tier policy is kept after its end",
    )
    max_body_bytes: int = Field(
        default=1_048_576, ge=1_024, description="Largest request body over HTTP"
    )
    max_frame_bytes: int = Field(
        default=65_536, ge=1_024, description="Largest message on a socket"
    )
    max_depth: int = Field(default=15, ge=1, description="Levels of nested fields in an operation")
    max_fields: int = Field(
        default=1_000, ge=1, description="Fields of an operation after its fragments are spread"
    )
    max_cost: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Points an operation may cost, by role as JSON; roles left out have "
        "50000 (customer) or 500000 (all others)",
    )
    max_tokens: int = Field(default=5_000, ge=1, description="Tokens of a GraphQL document")
    plan_cache: int = Field(
        default=1_000, ge=1, description="Prepared documents, with their plans, kept per process"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged: debug, info, warning or error"
    )

    log_format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="text, json (an object a line), or auto: text on a terminal, else json",
    )
    log_requests: bool = Field(
        default=False, description="Whether each request and each look for work is logged"
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Bearer token that /metrics asks for; absent: it asks for none",
    )
    worker_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="Port of /metrics, /livez and /readyz of `terrace work`; absent: none",
    )
    traces: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Address of an OTLP collector over HTTP that traces are sent to; "
        "absent: what OTEL_EXPORTER_OTLP_ENDPOINT says, if anything",
    )

    @field_validator("database_url", "redis_url")
    @classmethod
    def _an_address(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        schemes = _SCHEMES[info.field_name or ""]
        try:
            parts = urlsplit(value.get_secret_value() if value else f"{schemes[0]}://")
            if "," not in parts.netloc:  # of several hosts, each has its own
                _ = parts.port  # read, it is checked
        except ValueError as error:
            raise ValueError(f"not an address: {error}") from None
        if parts.scheme not in schemes:
            raise ValueError(f"an address starts with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    @field_validator("max_cost", mode="before")
    @classmethod
    def _from_json(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('not JSON such as {"integrator": 100000}') from None

    @field_validator("max_cost")
    @classmethod
    def _points_by_role(cls, value: dict[str, int]) -> dict[str, int]:
        for role, points in value.items():
            if role not in _POINTS:
                raise ValueError(f"'{role}' is no role; there are {', '.join(_POINTS)}")
            if points < 1:
                raise ValueError(f"{role} must have at least 1 point")
        return {**_POINTS, **value}

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not a time zone of the IANA database") from error
        return value
