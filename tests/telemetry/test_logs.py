"""Log lines: their form, the ids in them, and that nothing of anybody is in them."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from telemetry import logs
from telemetry.doing import CURRENT, Doing, new_id, request_id
from tests.architecture.source_tree import ROOT
from tests.house import House

NAME = "Wang Xiaoming"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged as JSON."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    logs.configure("info", "json", stream)
    yield stream
    root.setLevel(level)
    root.handlers = handlers


def told(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_logger_and_message(lines: io.StringIO) -> None:
    logging.getLogger("terrace.test").warning("of %s\nand %d", "this", 2)
    [line] = told(lines)
    assert line["time"].endswith("+00:00")
    assert {name: line[name] for name in ("level", "logger", "message")} == {
        "level": "warning",
        "logger": "terrace.test",
        "message": "of this\nand 2",
    }


def test_a_line_says_which_request_it_belongs_to(lines: io.StringIO) -> None:
    async def work(doing: Doing) -> None:
        CURRENT.set(doing)
        await asyncio.sleep(0)
        logging.getLogger("terrace.test").info("done", extra={"status": 200})

    async def both() -> None:
        first, second = Doing("request_id", "a"), Doing("job_id", "b")
        first.operation, first.kind, first.role = "Profile", "query", "manager"
        await asyncio.gather(asyncio.create_task(work(first)), asyncio.create_task(work(second)))

    asyncio.run(both())
    first, second = told(lines)
    assert (first["request_id"], first["operation"], first["kind"], first["role"]) == (
        "a",
        "Profile",
        "query",
        "manager",
    )
    assert first["status"] == 200
    assert second["job_id"] == "b"
    assert "request_id" not in second


@pytest.mark.parametrize("form", ["json", "text"])
def test_what_an_exception_says_is_left_out_with_its_causes(lines: io.StringIO, form: str) -> None:
    stream = io.StringIO()
    logs.configure("info", form, stream)
    try:
        try:
            raise KeyError(NAME)
        except KeyError as error:
            raise ExceptionGroup(NAME, [ValueError(f"bad {NAME}")]) from error
    except ExceptionGroup:
        logging.getLogger("terrace.test").exception("error 7")
    said = stream.getvalue()
    assert NAME not in said
    for word in ("error 7", "ExceptionGroup", "ValueError", "KeyError", "test_logs.py"):
        assert word in said
    if form == "json":
        assert said.count("\n") == 1


async def test_a_database_error_is_told_by_its_state_and_never_by_its_detail(
    house: House, lines: io.StringIO
) -> None:
    try:
        async with house.database.unit() as connection:
            for _ in range(2):
                await connection.execute(
                    "insert into terrace.branch (code, name) values ($1, 'x')", NAME
                )
    except asyncpg.UniqueViolationError as error:
        assert NAME in str(error.detail)
        logging.getLogger("terrace.test").exception("error 8")
    assert NAME not in lines.getvalue()
    [line] = told(lines)
    assert line["exception"][0]["sqlstate"] == "23505"
    assert line["exception"][0]["constraint_name"] == "branch_code_key"


async def test_a_value_the_driver_refuses_is_not_told(house: House, lines: io.StringIO) -> None:
    with pytest.raises(asyncpg.DataError, match=NAME) as refused:
        await house.fetch("select $1::integer", NAME)
    assert NAME not in logs.described(refused.value)
    assert "Connection refused" in logs.described(ConnectionRefusedError(111, "Connection refused"))


async def test_a_task_nobody_waits_for_does_not_tell_what_its_exception_says(
    lines: io.StringIO,
) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError(NAME)}
        | {"future": f"<Task finished exception=ValueError({NAME!r})>"}
    )
    [line] = told(lines)
    assert line["message"] == "Task exception was never retrieved"
    assert NAME not in lines.getvalue()


def test_lines_are_text_on_a_terminal_and_json_elsewhere(lines: io.StringIO) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    for stream, is_json in ((Terminal(), False), (io.StringIO(), True)):
        logs.configure("info", "auto", stream)
        logging.getLogger("terrace.test").info("here")
        assert stream.getvalue().startswith("{") is is_json
        assert "here" in stream.getvalue()


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        (b"abc.DEF-1_2", True),
        (b"x" * 64, True),
        (b"x" * 65, False),
        (b"", False),
        (b"-x", False),
        (b"a b", False),
        (b'a"b', False),
        (b"a\nb", False),
        ("é".encode(), False),
        (None, False),
    ],
)
def test_a_callers_id_is_taken_if_it_is_sane(given: bytes | None, is_taken: bool) -> None:
    assert (request_id(given).encode() == given) is is_taken


def test_made_ids_are_never_the_same() -> None:
    assert len({new_id() for _ in range(1000)}) == 1000


def test_the_last_thing_a_process_says_is_a_line_like_the_others() -> None:
    program = (
        "from telemetry import logs; logs.configure('info', 'auto')\n"
        f"raise ValueError('bad {NAME}')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    [line] = [json.loads(one) for one in done.stderr.splitlines()]
    assert (line["level"], line["message"]) == ("critical", "ended by an error")
    assert line["exception"][0]["type"] == "builtins.ValueError"
    assert NAME not in done.stderr
