"""Several processes on one port and one database, from one command."""

import asyncio
import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from api.tokens import sign
from domain.actors import Role
from tests.cli.group import Command, running
from tests.house import KEY, House

READY = 'terrace_processes{role="api"}'
WORKERS = 'terrace_processes{role="worker"}'
REQUESTS = 'terrace_requests_total{kind="query",status="200"}'


def token(role: Role = Role.HQ, subject: str = "test") -> str:
    return sign(KEY, role, subject, hours=1, now=datetime.now(UTC))


async def ask(command: Command, times: int) -> set[str]:
    """Ask so often, each time on a new connection; the processes that answered, by their ids."""
    answered = set()
    for _ in range(times):
        async with httpx.AsyncClient(verify=False) as client:
            answer = await client.post(
                f"http://127.0.0.1:{command.port}/graphql",
                json={"query": "{ viewer { role } }"},
                headers={"Authorization": f"Bearer {token()}"},
            )
        assert answer.json() == {"data": {"viewer": {"role": "HQ"}}}
        answered.add(answer.headers["x-request-id"].partition("-")[0])
    return answered


async def test_a_killed_process_leaves_the_others_serving_and_is_started_again(
    house: House, tmp_path: Path
) -> None:
    async with running(house, tmp_path, "serve", "--processes", "2") as command:
        await command.until(lambda: command.figure(READY) == 2)
        assert len(await ask(command, 40)) == 2
        assert command.figure(REQUESTS) == 40
        first, second = command.children()
        os.kill(first, signal.SIGKILL)
        # Gone with all threads and known to its parent: till then it may take a connection along.
        await command.until(lambda: not psutil.pid_exists(first))
        answered = await ask(command, 20)
        assert len(answered) >= 1
        await command.until(lambda: command.figure(READY) == 2)
        assert second in command.children()
        assert first not in command.children()
        assert len(await ask(command, 40)) == 2
        assert command.figure(REQUESTS) == 100  # what the killed one had counted is still there
        assert await command.stop() == 0
        messages = [line["message"] for line in command.lines()]
        assert messages == ["the API 1 process was ended by SIGKILL; starting it again"]
    assert command.children() == []


async def test_processes_are_started_anew_one_after_the_other_without_a_refused_request(
    house: House, tmp_path: Path
) -> None:
    async with running(house, tmp_path, "serve", "--processes", "2") as command:
        await command.until(lambda: command.figure(READY) == 2)
        before = set(command.children())
        command.process.send_signal(signal.SIGHUP)

        async def renewed() -> None:
            await command.until(lambda: len(set(command.children()) - before) == 2)
            await command.until(lambda: command.figure(READY) == 2)

        renewing = asyncio.create_task(renewed())
        asked = 0
        while not renewing.done():
            await ask(command, 1)
            asked += 1
        await renewing
        assert asked > 0
        assert not before & set(command.children())
        assert await command.stop() == 0


async def test_processes_share_what_a_caller_may_take(house: House, tmp_path: Path) -> None:
    settings = {"TERRACE_REQUESTS_PER_MINUTE": '{{"hq": 60}}', "TERRACE_LOG_REQUESTS": "1"}
    async with running(house, tmp_path, "serve", "--processes", "2", **settings) as command:
        await command.until(lambda: command.figure(READY) == 2)
        fresh = token(subject="of nothing yet")  # of this test alone: Redis is the run's
        statuses: dict[str, list[int]] = {}
        began = time.monotonic()
        for _ in range(120):
            async with httpx.AsyncClient(verify=False) as client:  # each on a new connection
                answer = await client.post(
                    f"http://127.0.0.1:{command.port}/graphql",
                    json={"query": "{ viewer { role } }"},
                    headers={
                        "Authorization": f"Bearer {fresh}",
                        "X-Forwarded-For": "203.0.113.5",  # nobody's word is taken for it
                    },
                )
            process = answer.headers["x-request-id"].partition("-")[0]
            statuses.setdefault(process, []).append(answer.status_code)
        leaked = time.monotonic() - began  # one in a second
        assert len(statuses) == 2
        for found in statuses.values():
            assert set(found) == {200, 429}
        admitted = sum(found.count(200) for found in statuses.values())
        assert 60 <= admitted <= 60 + 6 + leaked + 1
        limited = 'terrace_limited_total{limit="requests"}'
        assert command.figure(limited) == 120 - admitted
        assert command.figure("terrace_limits_alone") == 0
        assert await command.stop() == 0
        lines = [line for line in command.lines() if line["message"] == "request"]
        assert len(lines) == 120
        assert {line["origin"] for line in lines} == {"127.0.0.1"}


async def test_workers_share_the_work_and_tell_of_it_on_their_port(
    house: House, tmp_path: Path
) -> None:
    await house.people(4)
    settings = {"TERRACE_WORKER_PORT": "{port}", "TERRACE_LOG_REQUESTS": "1"}
    async with running(house, tmp_path, "work", "--processes", "2", **settings) as command:
        await command.until(lambda: command.figure(WORKERS) == 2)
        await house.record(("A1", "2025-01-01", "700000.00"), ("A2", "2025-01-01", "1.00"))
        assert command.figure("terrace_dirty_customers") in (0, 1, 2)
        recomputed = "terrace_recomputed_customers_total"
        await command.until(lambda: command.figure(recomputed) == 2)
        assert command.figure("terrace_dirty_customers") == 0
        passes = 'terrace_worker_passes_total{topic="recompute",result="worked"}'
        assert command.figure(passes) >= 1
        os.kill(command.children()[0], signal.SIGKILL)
        await house.record(("A3", "2025-01-01", "5.00"))
        await command.until(lambda: command.figure(recomputed) == 3)
        await command.until(lambda: command.figure(WORKERS) == 2)
        assert command.get("/livez")[0] == 200
        assert await command.stop() == 0
        jobs = [line for line in command.lines() if line["message"] == "job"]
        assert {job["operation"] for job in jobs} >= {"recompute"}
        assert all(job["job_id"] and job["duration_ms"] > 0 for job in jobs)
        assert len({job["job_id"] for job in jobs}) == len(jobs)


async def test_a_port_that_is_taken_is_refused_though_ports_can_be_shared(
    house: House, tmp_path: Path
) -> None:
    async with running(house, tmp_path, "serve", "--processes", "2") as command:
        second = await asyncio.create_subprocess_exec(
            *(os.sys.executable, "-m", "cli.main", "serve", "--processes", "2"),  # type: ignore[attr-defined]
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "TERRACE_DATABASE_URL": house.url,
                "TERRACE_REDIS_URL": house.redis_url,
                "TERRACE_SECRET_KEY": KEY,
                "TERRACE_MODE": "development",
                "TERRACE_PORT": str(command.port),
            },
            stderr=asyncio.subprocess.PIPE,
        )
        _, said = await asyncio.wait_for(second.communicate(), 30)
        assert second.returncode == 1
        assert b"cannot listen on" in said
