"""Headers that keep browsers from doing what nobody meant, and CORS for origins that may ask.

Callers are known by a token that a page has to send by itself, never by a cookie: credentials are
allowed to no origin, and `*` is no origin.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Header
from api.origin import Proxies, by_name

SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (
        b"content-security-policy",
        b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""Of every answer. The page is text and no more, so its policy admits nothing either."""
HTTPS_ONLY: Header = (b"strict-transport-security", b"max-age=31536000")
"""Of answers to what came by https."""

_ALLOWED: tuple[Header, ...] = (
    (b"access-control-allow-methods", b"GET, POST"),
    (
        b"access-control-allow-headers",
        b"authorization, content-type, x-request-id, traceparent, tracestate",
    ),
    (b"access-control-max-age", b"600"),
)
_EXPOSED: Header = (
    b"access-control-expose-headers",
    b"ratelimit, ratelimit-policy, retry-after, x-request-id",
)
_VARY: Header = (b"vary", b"Origin")


class Origins:
    """The origins of pages that may ask from a browser; by default none."""

    def __init__(self, origins: tuple[str, ...] | None = None) -> None:
        """Admit these."""
        self._origins = frozenset(_usual(origin) for origin in origins or ())

    def admits(self, origin: bytes | None) -> bool:
        """Whether a request of this Origin header may be answered: programs send none."""
        return origin is None or _usual(origin.decode("latin-1")) in self._origins

    def headers(self, origin: bytes | None) -> tuple[Header, ...]:
        """What an answer says to a browser about the page that asked."""
        if not self._origins:
            return ()
        if origin is None or not self.admits(origin):
            return (_VARY,)
        return ((b"access-control-allow-origin", origin), _EXPOSED, _VARY)

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> tuple[Header, ...] | None:
        """The headers that answer a browser's question beforehand; None if this is none of ours."""
        origin = headers.get(b"origin")
        asks = method == "OPTIONS" and b"access-control-request-method" in headers
        if not asks or origin is None or not self.admits(origin):
            return None
        return ((b"access-control-allow-origin", origin), *_ALLOWED, _VARY)


def _usual(origin: str) -> str:
    """An origin without the port that its scheme has anyway."""
    try:
        parts = urlsplit(origin.lower())
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        if parts.port is not None and parts.port == usual:
            return f"{parts.scheme}://{parts.netloc.rpartition(':')[0]}"
    except ValueError:
        return ""
    return origin.lower()


class Secured:
    """An application whose answers over HTTP have the headers of all answers."""

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        """`proxies` say what came by https."""
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything but HTTP passes."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        https = self._proxies.origin(scope, by_name(scope)).https

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                more = [header for header in SECURITY if header[0] not in given]
                if https:
                    more.append(HTTPS_ONLY)
                message = {**message, "headers": [*message.get("headers", ()), *more]}
            await send(message)

        await self._app(scope, receive, secured)
