"""What an operator sets, within its bounds."""

from typing import Any

import pytest
from pydantic import ValidationError

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
