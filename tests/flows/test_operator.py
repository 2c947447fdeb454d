"""What an operator's surroundings and impatience do to an installation: nothing."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator

import asyncpg
import pytest

from benchmarks.place import superuser
from cli.embedded.child import free_port
from tests.flows.installation import Installation, installed

LEFT = (asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a server says that is not there yet, or no longer."""


def popen(installation: Installation, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        env=installation.environment,
        cwd=installation.folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], object], process: "subprocess.Popen[str]") -> None:
    """Wait for a condition that comes true while a process runs."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(port: int) -> bool:
    """Whether an API process answers on a port."""
    address = f"http://127.0.0.1:{port}/livez"
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def test_a_proxy_a_foreign_server_and_files_of_our_names_do_not_matter(
    installation: Installation,
) -> None:
    installation.environment |= {
        "http_proxy": "http://127.0.0.1:9",
        "PGSSLMODE": "require",
        "PGTARGETSESSIONATTRS": "standby",
        "TERRACE_REDIS_URL": "",
    }
    installation.folder = installation.folder / "elsewhere"
    installation.folder.mkdir()
    command = [sys.executable, "-P", "-m", "cli.main", "up", "--empty", "--port", "0"]
    (installation.folder / "settings.py").write_text("raise SystemExit('not ours')")
    with subprocess.Popen(
        command,
        env=installation.environment,
        cwd=installation.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as up:
        assert up.stdout is not None
        try:
            said = [up.stdout.readline() for _ in range(2)]
            assert any("ready after" in line for line in said), said
        finally:
            up.terminate()
        assert up.wait(40) == 0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """One that runs, for tests that leave it as it is, and ends well at last."""
    with installed(tmp_path_factory.mktemp("running")) as built:
        built.start("--empty")
        yield built
        assert built.stop(signal.SIGINT) == 0


def test_another_signing_key_is_refused_and_takes_nothing_down(running: Installation) -> None:
    token = running.token("hq")
    another = "another key of at least 32 characters"
    visitor = Installation(running.folder, {**running.environment, "TERRACE_SECRET_KEY": another})
    for command in (["calendar"], ["close", "2025-01"], ["up", "--empty", "--port", "0"]):
        assert visitor.run(*command, status=1).startswith("Error: ")
    assert "another signing key" in visitor.run("calendar", status=1)
    assert running.ask("{ viewer { role } }", token) == {"data": {"viewer": {"role": "HQ"}}}


def test_a_second_up_and_a_taken_port_are_refused_in_one_line(running: Installation) -> None:
    second = running.run("up", "--empty", "--port", "0", status=1)
    assert second.count("\n") == 1
    assert "in use by process" in second
    port = running.address.split(":")[2].split("/")[0]
    elsewhere = {**running.environment, "TERRACE_DATA_DIR": str(running.folder / "data2")}
    taken = Installation(running.folder, elsewhere).run("up", "--empty", "--port", port, status=1)
    assert "choose another with --port" in taken


def test_serve_says_in_one_line_that_its_port_is_taken_and_ends_well_when_told(
    running: Installation,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = running.run("serve", "--port", str(port), status=1)
    assert said.count("\n") == 1
    assert "choose another with --port" in said
    told = {number: free_port() for number in (signal.SIGTERM, signal.SIGINT)}
    servers = {
        number: popen(running, "serve", "--port", str(port)) for number, port in told.items()
    }
    for number, server in servers.items():
        until(lambda port=told[number]: is_alive(port), server)  # type: ignore[misc]
        server.send_signal(number)
    for server in servers.values():
        server.communicate(timeout=40)
        assert server.returncode == 0


def assert_whole_demo(installation: Installation) -> None:
    answer = installation.ask(
        '{ customer(by: {number: "C101538"}) { standing { status tier { name } } }'
        " calendar { businessDate lastClosedMonth } riskSignals(first: 1) { totalCount } }",
        installation.token("hq"),
    )["data"]
    assert answer["customer"]["standing"] == {"status": "WATCH", "tier": {"name": "Diamond"}}
    assert answer["calendar"] == {"businessDate": "2026-11-10", "lastClosedMonth": "2026-10"}
    assert answer["riskSignals"]["totalCount"] > 10


def closed_months(installation: Installation) -> int:
    """Of the demo data; none as long as there is no database to ask."""

    async def asked() -> int:
        file = json.loads((installation.folder / "data" / "running.json").read_text())
        connection = await asyncpg.connect(superuser(file["database_url"]), timeout=5)
        try:
            found = "select count(*) from terrace.close_run where state = 'CLOSED'"
            return int(await connection.fetchval(found))
        finally:
            await connection.close()

    with contextlib.suppress(OSError, ValueError, TimeoutError, *LEFT):
        return asyncio.run(asked())
    return 0


def test_a_first_start_that_is_interrupted_again_and_again_is_finished_by_the_next(
    installation: Installation,
) -> None:
    """While its folder is made, while it migrates, and in the middle of the demo data.

    There the server has been killed beneath it as well, which it went on after by itself.
    """
    data = installation.folder / "data"

    def interrupted(start: "subprocess.Popen[str]") -> str:
        start.send_signal(signal.SIGINT)
        said, errors = start.communicate(timeout=60)
        assert "Traceback" not in errors
        assert (start.returncode, said.strip().splitlines()[-1:]) == (0, ["stopped"])
        return errors

    making = popen(installation, "up", "--port", "0")
    until(lambda: any(data.glob("postgres.new-*")), making)
    interrupted(making)
    assert not (data / "postgres").exists()

    migrating = popen(installation, "up", "--port", "0")
    until(installation.server_pids, migrating)
    interrupted(migrating)

    loading = popen(installation, "up", "--port", "0")
    until(lambda: closed_months(installation) >= 2, loading)
    killed = installation.server_pids()["postgres"]
    os.kill(killed, signal.SIGKILL)
    until(lambda: installation.server_pids().get("postgres", killed) != killed, loading)
    before = closed_months(installation)
    until(lambda: closed_months(installation) >= before + 2, loading)
    errors = interrupted(loading)
    assert "PostgreSQL ended by signal 9" in errors
    assert "going on with the demo data, which was cut off" in errors
    assert before + 2 <= 10, "there was not enough left for the last start"

    installation.start()
    assert_whole_demo(installation)
    assert installation.stop() == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://a:b@host:99999/x"),
        ("DATABASE_URL", "mysql://host/x"),
        ("REDIS_URL", "nonsense"),
        ("REDIS_URL", "redis://host:port"),
        ("STATEMENT_SECONDS", "inf"),
        ("FUTURE_DAYS", "3000000"),
    ],
)
def test_an_unusable_setting_is_named(installation: Installation, name: str, value: str) -> None:
    installation.environment[f"TERRACE_{name}"] = value
    assert f"Error: TERRACE_{name}: " in installation.run("calendar", status=2)
