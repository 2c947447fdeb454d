"""Typed settings, read once by the entry points and passed down.

Every setting is an environment variable with the prefix `TERRACE_`; `docs/reference/settings.md`
lists them all, and a test holds that table against this file.
"""

import json
import os
import re
import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
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


_ROLES = ("customer", "manager", "branch", "hq", "risk", "auditor", "integrator", "administrator")


def _of_roles(customer: int, manager: int, office: int, integrator: int) -> dict[str, int]:
    """A limit by role: managers and administrators have the same, and so has every office."""
    own = {"customer": customer, "manager": manager, "administrator": manager}
    return {role: {**own, "integrator": integrator}.get(role, office) for role in _ROLES}


BY_ROLE: dict[str, dict[str, int]] = {
    "max_cost": _of_roles(50_000, 500_000, 500_000, 500_000),
    "requests_per_minute": _of_roles(600, 3_000, 6_000, 30_000),
    "points_per_minute": _of_roles(600_000, 6_000_000, 30_000_000, 60_000_000),
    "max_operations": _of_roles(10, 20, 40, 64),
    "max_sockets": _of_roles(10, 20, 40, 20),
    "max_subscriptions": _of_roles(20, 100, 200, 100),
}
"""The limits of a role that a setting leaves out."""
_NOT_CUSTOMERS = {role: role != "customer" for role in _ROLES}
OPEN_TO = {"introspection": _NOT_CUSTOMERS, "hints": _NOT_CUSTOMERS}
"""Who is told of the schema where a setting leaves a role out."""
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?")
_CLAIMS = ("role", "subject", "channel", "branch", "grants", "person")
_OWN_MACHINE = {("http", "localhost"), ("http", "127.0.0.1"), ("http", "::1")}
_SCHEMES = {"database_url": ("postgresql", "postgres"), "redis_url": ("redis", "rediss", "unix")}
Mode = Literal["development", "production"]


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
    mode: Mode | None = Field(
        default=None,
        description="development: tokens of `terrace token` are taken; production: they are not; "
        "absent: production if there is an issuer, else development",
    )
    issuer: str | None = Field(
        default=None,
        description="OpenID Connect issuer whose tokens are taken, as their `iss` names it; "
        "absent: none",
    )
    audience: str = Field(
        default="terrace-api",
        min_length=1,
        description="What the issuer's tokens must name as their audience",
    )
    jwks: str | None = Field(
        default=None,
        description="Address or file of the issuer's keys; "
        "absent: where its discovery document says",
    )
    jwks_seconds: float = Field(
        default=300.0, ge=1, le=86_400, description="Seconds between two looks at the issuer's keys"
    )
    jwks_stale_hours: float = Field(
        default=24.0,
        gt=0,
        le=8_760,
        description="Hours that the issuer's keys are believed while they cannot be looked at",
    )
    claims: Annotated[dict[str, str], NoDecode] = Field(
        default={},
        description="Where the issuer's tokens say what, as JSON; members left out are role: role, "
        "subject: sub, channel: channel, branch: branch, grants: scope, person: sub",
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
    requests_per_minute: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Requests a caller may make in a minute, by role as JSON; see limits for roles "
        "left out",
    )
    points_per_minute: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Points a caller's operations may cost in a minute, by role as JSON",
    )
    max_operations: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Queries and mutations a caller may run at once in a process, by role as JSON",
    )
    max_sockets: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Sockets a caller may have open in a process, by role as JSON",
    )
    max_subscriptions: Annotated[dict[str, int], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Subscriptions a caller may run at once in a process, by role as JSON",
    )
    failures_per_minute: int = Field(
        default=300,
        ge=1,
        description="Tokens from one network address that may be refused in a minute",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...] | None, NoDecode] = Field(
        default=None,
        description="Networks of proxies whose word on where a request comes from is taken, "
        "with commas between",
    )
    proxy_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for",
        description="The header in which trusted proxies tell where a request comes from; "
        "the other one is not read",
    )
    cors_origins: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        default=None,
        description="Origins whose pages may ask from a browser, with commas between",
    )
    introspection: Annotated[dict[str, bool], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Whether the schema may be asked about itself, by role as JSON; of the roles "
        "left out all may but customer",
    )
    hints: Annotated[dict[str, bool], NoDecode] = Field(
        default={},
        validate_default=True,
        description="Whether errors name what the schema has, by role as JSON; of the roles left "
        "out to all but customer",
    )
    landing_page: bool = Field(
        default=True, description="Whether a browser at /graphql is shown what this is"
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
        except ValueError:  # whose message quotes what it stumbled over, a password most often
            raise ValueError(
                "not an address: in a password / ? # [ ] @ are written %2F %3F %23 %5B %5D %40"
            ) from None
        if parts.scheme not in schemes:
            raise ValueError(f"an address starts with {' or '.join(f'{s}://' for s in schemes)}")
        return value

    @property
    def in_mode(self) -> Mode:
        """The mode, chosen or by whether there is an issuer."""
        return self.mode or ("development" if self.issuer is None else "production")

    @field_validator("issuer", "jwks")
    @classmethod
    def _over_tls(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or (info.field_name == "jwks" and "://" not in value):
            return value
        parts = urlsplit(value)
        if parts.scheme != "https" and (parts.scheme, parts.hostname) not in _OWN_MACHINE:
            raise ValueError("an address starts with https://; http:// only on this machine")
        if not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("not an address of the form https://host/path")
        return value

    @field_validator(*BY_ROLE, *OPEN_TO, "claims", mode="before")
    @classmethod
    def _from_json(cls, value: object, info: ValidationInfo) -> object:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            samples = {"claims": '{"role": "duty"}'} | dict.fromkeys(OPEN_TO, '{"hq": true}')
            sample = samples.get(info.field_name or "", '{"integrator": 100000}')
            raise ValueError(f"not JSON such as {sample}") from None

    @field_validator("claims")
    @classmethod
    def _claim_names(cls, value: dict[str, str]) -> dict[str, str]:
        for name, member in value.items():
            if name not in _CLAIMS or not member:
                raise ValueError(f"claims are {', '.join(_CLAIMS)}, each with a member's name")
        return value

    @field_validator(*BY_ROLE)
    @classmethod
    def _limits_by_role(cls, value: dict[str, int], info: ValidationInfo) -> dict[str, int]:
        for role, limit in value.items():
            _known_role(role)
            if limit < 1:
                raise ValueError(f"{role} must have at least 1")
        return {**BY_ROLE[info.field_name or ""], **value}

    @field_validator(*OPEN_TO)
    @classmethod
    def _roles_told(cls, value: dict[str, bool], info: ValidationInfo) -> dict[str, bool]:
        for role in value:
            _known_role(role)
        return {**OPEN_TO[info.field_name or ""], **value}

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            networks = tuple(ip_network(part) for part in _parts(value))
        except ValueError as error:
            raise ValueError(f"not networks such as 10.0.0.0/8,192.0.2.7: {error}") from None
        if any(network.prefixlen == 0 for network in networks):
            raise ValueError("a network of everything would trust everybody")
        return networks

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        for origin in _parts(value):
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"'{origin}' is no origin such as https://desk.example")
        return tuple(_parts(value))

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"'{value}' is not a time zone of the IANA database") from error
        return value


def _known_role(role: str) -> None:
    if role not in _ROLES:
        raise ValueError(f"'{role}' is no role; there are {', '.join(_ROLES)}")


def _parts(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]
