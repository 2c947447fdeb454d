"""What names a JSON document: the same content has the same digest, in whatever order."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document with its members in order, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
