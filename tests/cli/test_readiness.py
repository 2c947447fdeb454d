"""/livez and /readyz of a running API while the servers beneath it are killed."""

import asyncio
import json
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cli.embedded import Installation
from repository.migrate import migrate
from tests.cli.group import running
from tests.house import KEY


async def test_redis_may_be_killed_and_postgresql_may_not(data_dir: Path, tmp_path: Path) -> None:
    installation = Installation(data_dir)
    addresses = await asyncio.to_thread(installation.start)
    try:
        await migrate(addresses.database_url, KEY, home_currency="CNY")
        place: Any = SimpleNamespace(url=addresses.database_url, redis_url=addresses.redis_url)
        async with running(place, tmp_path, "serve") as serve:
            pids = json.loads((data_dir / "running.json").read_text())["pids"]
            status, text = await asyncio.to_thread(serve.get, "/readyz")
            checks = {"postgresql": "ok", "migrations": "ok", "redis": "ok"}
            assert (status, json.loads(text)) == (200, {"status": "ok", "checks": checks})

            os.kill(pids["valkey"], signal.SIGKILL)
            await serve.until(lambda: "degraded" in serve.get("/readyz")[1])
            status, text = await asyncio.to_thread(serve.get, "/readyz")
            answer = json.loads(text)
            assert (status, answer["status"]) == (200, "degraded")
            assert answer["checks"]["postgresql"] == "ok"
            assert answer["checks"]["redis"].startswith("degraded: ")
            assert "work is looked for instead of heard of" in answer["checks"]["redis"]

            os.kill(pids["postgres"], signal.SIGKILL)
            told: list[Any] = []

            def unavailable() -> bool:  # on a busy machine a look may take too long to say more
                status, text = serve.get("/readyz")
                told[:] = [json.loads(text)] if status == 503 else []
                return bool(told) and "postgresql" in told[0]["checks"]

            await serve.until(unavailable)
            assert told[0]["status"] == "unavailable"
            assert told[0]["checks"]["postgresql"] == "does not answer"
            assert (await asyncio.to_thread(serve.get, "/livez"))[0] == 200
            # A session outlives the postmaster for a moment, and answers a last time.
            await serve.until(lambda: "terrace_database_up 0" in serve.get("/metrics")[1])
            status, figures = await asyncio.to_thread(serve.get, "/metrics")
            assert status == 200
            assert 'terrace_processes{role="api"} 1' in figures
            assert await serve.stop() == 0
    finally:
        await asyncio.to_thread(installation.stop)
