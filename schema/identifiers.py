"""Global identifiers: opaque to callers, the type and key of a row to us.

An identifier says nothing of whether the row exists or may be seen; a malformed one is refused the
same way for everyone.
"""

import base64
import binascii
import re

from repository.reading.parameters import InvalidArgument

_FORM = re.compile(r"([A-Za-z]+):([0-9]{1,18})(?:\.([0-9]{1,18}))?\Z", re.ASCII)


def encode(kind: str, *keys: int) -> str:
    """The identifier of a row."""
    return base64.b64encode(f"{kind}:{'.'.join(map(str, keys))}".encode()).decode()


def decode(identifier: object) -> tuple[str, int, int | None]:
    """Type and key (one or two numbers) of an identifier; raises InvalidArgument."""
    try:
        if not isinstance(identifier, str) or len(identifier) > 200:
            raise ValueError("not an identifier")
        found = _FORM.match(base64.b64decode(identifier, validate=True).decode("ascii"))
    except (ValueError, binascii.Error):
        found = None
    if found is None:
        raise InvalidArgument("this is not an id of this API", "INVALID_ID")
    kind, first, second = found[1], int(found[2]), None if found[3] is None else int(found[3])
    if identifier != encode(kind, first, *(() if second is None else (second,))):
        raise InvalidArgument("this is not an id of this API", "INVALID_ID")
    return kind, first, second


def key_of(kind: str, identifier: object) -> int:
    """The single key of an identifier of one type; -1, which no row has, for another type's."""
    found, first, second = decode(identifier)
    return first if found == kind and second is None and first < 2**31 else -1


MOST_AT_ONCE = 100


def too_many(count: int) -> InvalidArgument:
    """The refusal of a longer list than one request may name."""
    return InvalidArgument(f"at most {MOST_AT_ONCE} ids at once, not {count}")
