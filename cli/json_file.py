"""Reading a JSON document that a person wrote: one line says what is wrong with it."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

_LONGEST_INTEGER = 40


def read_json(file: str) -> Any:
    """The document in a file, or in standard input for `-`.

    Raises click.UsageError for a file that cannot be read, that is not JSON in UTF-8, or that says
    something twice. A huge integer is read as a Decimal, for whoever knows its place to refuse it.
    """
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return json.loads(raw.decode("utf-8-sig"), parse_int=_integer, object_pairs_hook=_object)
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}") from None
    except _Twice as error:
        raise click.UsageError(f"{file}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{file} is not JSON: {error}") from None


class _Twice(ValueError):
    """An object has one key twice, and nobody can tell which of the values was meant."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        key = next(key for key in keys if keys.count(key) > 1)
        raise _Twice(f"the key {key!a} stands twice in one object")
    return found


def _integer(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else Decimal(digits)
