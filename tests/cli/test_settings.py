"""What an operator sets, within its bounds."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.claims import ClaimNames
from settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("time_zone", "Mars/Olympus"),
        ("time_zone", "../etc/passwd"),
        ("secret_key", "k" * 31),
        ("token_hours", 87_601),
        ("poll_seconds", "inf"),
        ("acquire_seconds", "inf"),
        ("statement_seconds", "inf"),
        ("future_days", 36_601),
        ("max_cost", "much"),
        ("max_cost", '{"nobody": 5}'),
        ("max_cost", '{"hq": 0}'),
        ("mode", "test"),
        ("issuer", "id.bank.example"),
        ("issuer", "http://id.bank.example"),
        ("issuer", "https://"),
        ("issuer", "https://user:secret@id.bank.example"),
        ("issuer", "https://id.bank.example/?realm=x"),
        ("jwks", "http://id.bank.example/keys"),
        ("jwks", "file:///keys.json"),
        ("jwks_seconds", 0.5),
        ("claims", "roles"),
        ("claims", '{"rolle": "r"}'),
        ("claims", '{"role": ""}'),
        ("requests_per_minute", '{"nobody": 5}'),
        ("points_per_minute", '{"hq": -1}'),
        ("max_operations", '{"hq": 1.5}'),
        ("max_sockets", '{"hq": null}'),
        ("max_subscriptions", "[1]"),
        ("failures_per_minute", 0),
        ("introspection", '{"nobody": true}'),
        ("introspection", '{"hq": "perhaps"}'),
        ("hints", "all"),
        ("trusted_proxies", "proxy.example"),
        ("trusted_proxies", "10.0.0.1/8"),
        ("trusted_proxies", "10.0.0.0/8, 0.0.0.0/0"),
        ("trusted_proxies", "::/0"),
        ("trusted_proxies", "*"),
        ("proxy_header", "x-real-ip"),
        ("cors_origins", "*"),
        ("cors_origins", "null"),
        ("cors_origins", "desk.example"),
        ("cors_origins", "https://desk.example/"),
        ("cors_origins", "https://a.example, https://*.example"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(name: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


def test_several_hosts_each_have_their_port() -> None:
    url = "postgresql://terrace@a:5432,b:5433/terrace"
    settings = Settings(database_url=url)  # type: ignore[arg-type]
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == url


def test_roles_that_are_left_out_keep_their_points(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_MAX_COST", '{"integrator": 7}')
    points = Settings().max_cost
    assert (points["integrator"], points["customer"], points["hq"]) == (7, 50_000, 500_000)


@pytest.mark.parametrize(
    ("mode", "issuer", "told"),
    [
        (None, None, "development"),
        (None, "https://id.bank.example", "production"),
        ("development", "https://id.bank.example", "development"),
        ("production", None, "production"),
    ],
)
def test_an_installation_with_an_issuer_is_in_production(mode: Any, issuer: Any, told: str) -> None:
    settings = Settings(mode=mode, issuer=issuer)
    assert settings.in_mode == told


@pytest.mark.parametrize("address", ["https://id.bank.example/realm", "http://127.0.0.1:8080"])
def test_an_issuer_is_reached_over_tls_or_on_this_machine(address: str) -> None:
    assert Settings(issuer=address).issuer == address


def test_claims_that_are_left_out_keep_their_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_CLAIMS", '{"role": "realm_access.roles"}')
    named = ClaimNames(**Settings().claims)
    assert (named.role, named.subject) == ("realm_access.roles", "sub")


def test_lists_are_given_with_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERRACE_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7,2001:db8::/32")
    monkeypatch.setenv("TERRACE_CORS_ORIGINS", "https://desk.example,http://localhost:3000")
    settings = Settings()
    assert settings.trusted_proxies is not None
    assert [str(network) for network in settings.trusted_proxies] == [
        "10.0.0.0/8",
        "192.0.2.7/32",
        "2001:db8::/32",
    ]
    assert settings.cors_origins == ("https://desk.example", "http://localhost:3000")
