"""Log lines: text for people, or one JSON object a line for programs.

A line says nothing of anybody: what an exception says is left out, since drivers and libraries
quote values in their messages; its class, its SQLSTATE and the places it came through are told.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

import orjson

from telemetry.doing import CURRENT
from telemetry.plain import in_a_line, in_json

FIELDS = ("status", "duration_ms", "bytes", "origin", "customers", "topic")
"""What a call may add to its line as `extra=`."""
_NOISY = ("arq.worker", "arq.connections", "asyncio", "uvicorn.error")
_MOST_CAUSES = 5
_SAFE_STATES = ("08", "28", "3D", "53", "57")
"""Classes of SQLSTATE whose messages are about the server: connection, login, resources, ..."""


def configure(level: str, form: str, stream: TextIO | None = None) -> None:
    """Log to a stream (standard error) from a level on.

    `form` is `text`, `json`, or `auto`: text on a terminal, JSON otherwise.
    """
    handler = _ToStandardError() if stream is None else logging.StreamHandler(stream)
    if form == "auto":
        form = "text" if handler.stream.isatty() else "json"
    if form == "json":
        sys.excepthook = _log_the_end
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, JsonLines | TextLines):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


class _ToStandardError(logging.StreamHandler[TextIO]):
    """Writes to what is standard error at the time, as one process may change it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stderr


def _log_the_end(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Also the last thing that a process says is a line like the others."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("terrace").critical("ended by an error", exc_info=(kind, error, trace))


def described(error: BaseException) -> str:
    """An exception in a few words, without a word of the data it may be about."""
    name = type(error).__name__
    state = str(getattr(error, "sqlstate", "") or "")
    about_the_server = (
        isinstance(error, OSError)
        or state.startswith(_SAFE_STATES)
        or type(error).__module__.startswith("redis.")
    )
    if about_the_server and str(error):
        return f"{name}: {error}"
    return f"{name} ({state})" if state else name


def _told(error: BaseException, depth: int = 0) -> list[dict[str, object]]:
    """An exception and its causes, the last one first."""
    one: dict[str, object] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    about = described(error)
    if about != type(error).__name__:
        one["about"] = about
    for name in ("sqlstate", "constraint_name", "table_name", "column_name"):
        value = getattr(error, name, None)
        if isinstance(value, str):
            one[name] = value
    frames = traceback.extract_tb(error.__traceback__)
    one["stack"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    found = [one]
    if depth < _MOST_CAUSES:
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions[:_MOST_CAUSES]:
                found += _told(inner, depth + 1)
        if cause is not None:
            found += _told(cause, depth + 1)
    return found


def _message(record: logging.LogRecord) -> str:
    """What a line says. asyncio adds the repr of tasks, and with it what their exceptions say."""
    message = record.getMessage().strip()
    return message.splitlines()[0] if record.name == "asyncio" and message else message


class JsonLines(logging.Formatter):
    """A record as a JSON object in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
        }
        line.update(_fields(record))
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _told(record.exc_info[1])
        try:
            text = orjson.dumps(line, default=_named).decode()
        except TypeError:  # half of a pair, which no encoding takes, or a number without end
            text = json.dumps(line, default=_named)
        return in_json(text)


class TextLines(logging.Formatter):
    """A record as a line for people, an exception below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and those of an exception."""
        when = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        more = "".join(f" {name}={value}" for name, value in _fields(record).items())
        lines = [f"{when} {record.levelname} {record.name}: {in_a_line(_message(record) + more)}"]
        if record.exc_info and record.exc_info[1] is not None:
            for one in _told(record.exc_info[1]):
                lines.append(in_a_line(f"  {one.get('about') or one['type']}"))
                stack = one["stack"]
                lines += [f"    {place}" for place in stack] if isinstance(stack, list) else []
        return "\n".join(lines)


def _named(value: object) -> str:
    """What stands for a value that is no JSON."""
    return type(value).__name__


def _fields(record: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = {}
    doing = CURRENT.get()
    if doing is not None:
        found.update(doing.fields())
    for name in FIELDS:
        value = getattr(record, name, None)
        if value is not None:
            found[name] = round(value, 2) if isinstance(value, float) else value
    return found
