"""What an operator's surroundings and impatience do to an installation: nothing."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.flows.installation import Installation


def popen(installation: Installation, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cli.main", *arguments],
        env=installation.environment,
        cwd=installation.folder.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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


def test_another_signing_key_is_refused_and_takes_nothing_down(installation: Installation) -> None:
    installation.start("--empty")
    token = installation.token("hq")
    installation.environment["TERRACE_SECRET_KEY"] = "another key of at least 32 characters"
    for command in (["calendar"], ["close", "2025-01"], ["up", "--empty", "--port", "0"]):
        assert installation.run(*command, status=1).startswith("Error: ")
    assert "another signing key" in installation.run("calendar", status=1)
    assert installation.ask("{ viewer { role } }", token) == {"data": {"viewer": {"role": "HQ"}}}
    assert installation.stop() == 0


def assert_whole_demo(installation: Installation) -> None:
    answer = installation.ask(
        '{ customer(by: {number: "C101538"}) { standing { status tier { name } } }'
        " calendar { businessDate lastClosedMonth } riskSignals(first: 1) { totalCount } }",
        installation.token("hq"),
    )["data"]
    assert answer["customer"]["standing"] == {"status": "WATCH", "tier": {"name": "Diamond"}}
    assert answer["calendar"] == {"businessDate": "2026-11-10", "lastClosedMonth": "2026-10"}
    assert answer["riskSignals"]["totalCount"] > 10


@pytest.mark.parametrize("seconds", [1.5, 6.0, 9.0])
def test_a_first_start_that_is_interrupted_is_finished_by_the_next(
    installation: Installation, seconds: float
) -> None:
    first = popen(installation, "up", "--port", "0")
    time.sleep(seconds)
    first.send_signal(signal.SIGINT)
    said, errors = first.communicate(timeout=60)
    assert "Traceback" not in errors
    assert (first.returncode, said.strip().splitlines()[-1:]) in (
        (0, ["stopped"]),
        (1, []),  # interrupted before the program had begun
        (-2, []),
    )
    installation.start()
    assert_whole_demo(installation)
    assert installation.stop() == 0


def test_a_server_killed_under_the_first_start_is_started_and_the_start_finished(
    installation: Installation,
) -> None:
    def kill() -> None:
        deadline = time.monotonic() + 40
        while not (pid := installation.server_pids().get("postgres")):
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)
        time.sleep(3.0)  # in the middle of the demo data
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    installation.start()
    killer.join()
    assert any("PostgreSQL ended by signal 9" in line for line in installation.said)
    assert_whole_demo(installation)
    assert installation.stop() == 0


def test_serve_says_in_one_line_that_its_port_is_taken_and_ends_well_when_told(
    installation: Installation,
) -> None:
    installation.start("--empty")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = installation.run("serve", "--port", str(port), status=1)
    assert said.count("\n") == 1
    assert "choose another with --port" in said
    for number in (signal.SIGTERM, signal.SIGINT):
        server = popen(installation, "serve", "--port", "0")
        time.sleep(4)
        server.send_signal(number)
        server.communicate(timeout=40)
        assert server.returncode == 0
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
