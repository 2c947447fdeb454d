"""Media types: what a body must be, and which of our two answers a caller would rather have."""

from enum import Enum
from functools import lru_cache

from api.errors import Code, Refusal


class MediaType(Enum):
    """The media types of an answer; the value is the Content-Type."""

    JSON = b"application/json; charset=utf-8"
    RESPONSE = b"application/graphql-response+json; charset=utf-8"


_NAMES = {
    MediaType.JSON: "application/json",
    MediaType.RESPONSE: "application/graphql-response+json",
}
_LONGEST_REMEMBERED = 256


def answer_type(accept: bytes | None) -> MediaType:
    """The media type to answer with; raises `Refusal` with the status 406.

    Plain JSON is the answer to callers who name no media type or accept any; callers who name
    both with equal weight get `application/graphql-response+json`, whose statuses mean something.
    """
    if not accept:
        return MediaType.JSON
    # Clients send the same few headers for ever. A long one is judged anew each time, so that
    # nobody fills the memory with headers.
    chosen = _remembered(accept) if len(accept) <= _LONGEST_REMEMBERED else _choose(accept)
    if chosen is None:
        raise Refusal(
            Code.NOT_ACCEPTABLE, f"Accept must admit {' or '.join(sorted(_NAMES.values()))}"
        )
    return chosen


def accepts_html(accept: bytes | None) -> bool:
    """Whether the caller asks for HTML by name, as browsers do."""
    return any(name == "text/html" and q > 0 for name, _, q in _ranges(accept or b""))


def require_json(content_type: bytes | None, content_encoding: bytes | None) -> None:
    """Refuse a body that is not JSON in UTF-8, as it is and not compressed, with the status 415."""
    if content_type == b"application/json" and content_encoding is None:
        return
    name, _, parameters = (content_type or b"").decode("latin-1").partition(";")
    charset = _parameters(parameters).get("charset", "utf-8").lower()
    if name.strip().lower() != "application/json" or charset not in {"utf-8", "utf8", "us-ascii"}:
        raise Refusal(
            Code.UNSUPPORTED_MEDIA_TYPE, "The Content-Type must be application/json in UTF-8"
        )
    if content_encoding is not None and content_encoding.lower() != b"identity":
        raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE, "The body must not have a Content-Encoding")


def _choose(accept: bytes) -> MediaType | None:
    """The acceptable media type of the highest weight, then the one named most exactly."""
    ranges = _ranges(accept)
    ranks = {media: _rank(name, ranges) for media, name in _NAMES.items()}
    plain, response = ranks[MediaType.JSON], ranks[MediaType.RESPONSE]
    if max(plain, response)[0] <= 0:
        return None
    if plain == response:
        return MediaType.RESPONSE if response[1] == 2 else MediaType.JSON
    return MediaType.JSON if plain > response else MediaType.RESPONSE


_remembered = lru_cache(maxsize=256)(_choose)


def _rank(wanted: str, ranges: list[tuple[str, str, float]]) -> tuple[float, int]:
    """The weight of a media type and how exactly it was named: 2 itself, 1 its kind, 0 any."""
    exactness = {wanted: 2, "application/*": 1, "*/*": 0}
    fitting = [
        (exactness[name], q)
        for name, charset, q in ranges
        if name in exactness and charset in {"", "utf-8", "utf8"}
    ]
    if not fitting:
        return (0.0, -1)
    exact, q = max(fitting)
    return (q, exact)


def _ranges(accept: bytes) -> list[tuple[str, str, float]]:
    """The media ranges of an Accept header as (name, charset, weight); a bad weight counts as 0."""
    found = []
    for item in accept.decode("latin-1").split(","):
        name, _, rest = item.partition(";")
        parameters = _parameters(rest)
        found.append(
            (
                name.strip().lower(),
                parameters.get("charset", "").lower(),
                _weight(parameters.get("q")),
            )
        )
    return found


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def _weight(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
