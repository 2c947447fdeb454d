"""Where a request comes from, and whose word is taken for it."""

import pytest

from api.origin import Origin, Proxies, neighbourhood
from settings import Settings

PROXIES = Settings(trusted_proxies="10.0.0.0/8, 2001:db8:1::/48, 192.0.2.1").trusted_proxies


def origin(peer: str | None, header: str = "x-forwarded-for", **headers: str) -> Origin:
    scope = {"client": (peer, 1234) if peer is not None else None, "scheme": "http"}
    given = {
        name.replace("_", "-").encode(): value.encode("latin-1") for name, value in headers.items()
    }
    return Proxies(PROXIES, header).origin(scope, given)


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("198.51.100.1", "203.0.113.5", "198.51.100.1"),  # no proxy of ours
        ("10.1.2.3", "203.0.113.5", "203.0.113.5"),
        ("10.1.2.3", "203.0.113.5, 10.9.9.9, 192.0.2.1", "203.0.113.5"),
        ("10.1.2.3", "1.1.1.1, 203.0.113.5, 10.9.9.9", "203.0.113.5"),  # the caller's own tale
        ("10.1.2.3", "203.0.113.5:4711", "203.0.113.5"),
        ("10.1.2.3", "[2001:db8:2::7]:4711", "2001:db8:2::7"),
        ("10.1.2.3", "2001:DB8:2:0::7", "2001:db8:2::7"),
        ("::ffff:10.1.2.3", "203.0.113.5", "203.0.113.5"),
        ("2001:db8:1::5", "203.0.113.5", "203.0.113.5"),
        ("10.1.2.3", "::ffff:203.0.113.5", "203.0.113.5"),
        ("10.1.2.3", "1.1.1.1, nonsense", ""),
        ("10.1.2.3", "1.1.1.1, nonsense, 10.0.0.1", ""),
        ("10.1.2.3", "1.1.1.1, ", ""),
        ("10.1.2.3", "<script>", ""),
        ("10.1.2.3", "203.0.113.256", ""),
        ("10.1.2.3", "", ""),
        ("10.1.2.3", "10.0.0.1, 10.0.0.2", ""),
        ("10.1.2.3", "1.1.1.1, " * 5_000 + "203.0.113.5", "203.0.113.5"),
        (None, "203.0.113.5", ""),
        ("", "203.0.113.5", ""),
    ],
)
def test_the_right_most_address_that_is_no_proxy_counts(
    peer: str | None, said: str, address: str
) -> None:
    assert origin(peer, x_forwarded_for=said).address == address


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("for=203.0.113.5;proto=https", Origin("203.0.113.5", True)),
        ('For="[2001:db8:2::7]:4711";by=10.0.0.1', Origin("2001:db8:2::7", False)),
        ("for=1.1.1.1, for=203.0.113.5;proto=http, for=10.0.0.1", Origin("203.0.113.5", False)),
        ("for=unknown", Origin("", False)),
        ("for=_hidden;proto=HTTPS", Origin("", True)),
        ('for=1.1.1.1;x=", for=203.0.113.5', Origin("203.0.113.5", False)),
        ("nonsense", Origin("", False)),
        ("proto=https", Origin("", True)),
    ],
)
def test_the_other_header_is_read_where_proxies_send_it(said: str, found: Origin) -> None:
    assert origin("10.1.2.3", "forwarded", forwarded=said) == found
    assert origin("198.51.100.1", "forwarded", forwarded=said).address == "198.51.100.1"


def test_the_header_that_proxies_do_not_send_is_the_callers_tale() -> None:
    both = {"x_forwarded_for": "203.0.113.5", "forwarded": "for=1.1.1.1;proto=https"}
    assert origin("10.1.2.3", **both) == Origin("203.0.113.5", False)
    assert origin("10.1.2.3", "forwarded", **both) == Origin("1.1.1.1", True)


@pytest.mark.parametrize(
    ("peer", "said", "https"),
    [
        ("10.1.2.3", "https", True),
        ("10.1.2.3", "https, http", False),  # the nearest proxy was asked by http
        ("10.1.2.3", "http", False),
        ("10.1.2.3", "", False),
        ("198.51.100.1", "https", False),
    ],
)
def test_https_is_what_the_nearest_proxy_says(peer: str, said: str, https: bool) -> None:
    assert origin(peer, x_forwarded_for="203.0.113.5", x_forwarded_proto=said).https is https


def test_nobody_is_trusted_by_default() -> None:
    scope = {"client": ("127.0.0.1", 1), "scheme": "http"}
    said = {b"x-forwarded-for": b"203.0.113.5", b"x-forwarded-proto": b"https"}
    assert Proxies().origin(scope, said) == Origin("127.0.0.1", False)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("strange", "strange"),
    ],
)
def test_addresses_of_one_subscriber_are_one_place(address: str, place: str) -> None:
    assert neighbourhood(address) == place
