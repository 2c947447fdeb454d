"""Traces, as a collector receives them from real processes."""

import asyncio
import gzip
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from domain.actors import Role
from tests.cli.group import running
from tests.cli.test_group import token
from tests.house import House

ROOT = Path(__file__).parents[2]
TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
RECORD = """mutation Record($i: RecordBalancesInput!) { recordBalances(input: $i) { accepted } }"""
SECRET_UPDATE, AMOUNT = "update-of-Wang", "731234.56"


@dataclass
class Collector:
    """What was sent to it."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)

    def spans(self) -> list[dict[str, Any]]:
        found = []
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                about = {a.key: a.value.string_value for a in resource.resource.attributes}
                for span in (s for scope in resource.scope_spans for s in scope.spans):
                    given = {
                        a.key: a.value.string_value or a.value.int_value for a in span.attributes
                    }
                    found.append(
                        {
                            "process": about["terrace.process"],
                            "name": span.name,
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            **given,
                        }
                    )
        return found

    def named(self, name: str) -> list[dict[str, Any]]:
        return [span for span in self.spans() if span["name"] == name]


@asynccontextmanager
async def collecting() -> AsyncIterator[Collector]:
    """A receiver of OTLP over HTTP."""
    collector = Collector()

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.lower().split(b"\r\n")
                assert lines[0].startswith(b"post /v1/traces ")
                fields = dict(line.split(b": ", 1) for line in lines[1:] if line)
                body = await reader.readexactly(int(fields[b"content-length"]))
                if fields.get(b"content-encoding") == b"gzip":
                    body = gzip.decompress(body)
                collector.bodies.append(body)
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(receive, "127.0.0.1") as server:
        collector.port = server.sockets[0].getsockname()[1]
        yield collector


async def record(port: int) -> None:
    update = {
        "updateId": SECRET_UPDATE,
        "account": "A1",
        "asOf": "2025-01-01",
        "balance": AMOUNT,
    }
    async with httpx.AsyncClient(verify=False) as client:
        answer = await client.post(
            f"http://127.0.0.1:{port}/graphql",
            json={
                "query": RECORD,
                "variables": {"i": {"idempotencyKey": "key-of-Wang", "updates": [update]}},
            },
            headers={
                "Authorization": f"Bearer {token(Role.INTEGRATOR, 'feed-of-Wang')}",
                "traceparent": f"00-{TRACE}-{CALLER}-01",
            },
        )
    assert answer.json() == {"data": {"recordBalances": {"accepted": 1}}}


@pytest.mark.parametrize("by", ["TERRACE_TRACES", "OTEL_EXPORTER_OTLP_ENDPOINT"])
async def test_a_callers_trace_goes_on_through_request_statements_and_the_workers_job(
    house: House, tmp_path: Path, by: str
) -> None:
    await house.people(1)
    async with collecting() as collector:
        settings = {
            by: f"http://127.0.0.1:{collector.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "200",
            "TERRACE_POLL_SECONDS": "30",  # so that it is the wake-up that brings the worker
        }
        worker = {**settings, "TERRACE_WORKER_PORT": "{port}"}
        async with (
            running(house, tmp_path, "work", **worker) as work,
            running(house, tmp_path, "serve", **settings) as serve,
        ):
            await record(serve.port)
            await serve.until(lambda: bool(collector.named("work recompute")))
            await serve.until(lambda: bool(collector.named("mutation Record")))
            assert await serve.stop() == 0
            assert await work.stop() == 0
        [request] = collector.named("mutation Record")
        assert (request["trace"], request["parent"]) == (TRACE, CALLER)
        assert request["process"] == "api"
        assert request["terrace.role"] == "integrator"
        assert request["http.response.status_code"] == 200
        assert len(request["terrace.document"]) == 16
        below = [span for span in collector.spans() if span["parent"] == request["id"]]
        assert {span["name"] for span in below} >= {"begin", "record_fresh_rows", "commit", "read"}
        [job] = [span for span in collector.named("work recompute") if span["trace"] == TRACE]
        assert job["process"] == "worker"
        assert job["terrace.job"]
        done = {span["name"] for span in collector.spans() if span["parent"] == job["id"]}
        assert done >= {"claim_dirty", "write_aum", "settle_dirty"}
        everything = b"".join(collector.bodies)
        for personal in (b"Wang", AMOUNT.encode(), b"recordBalances", b"select "):
            assert personal not in everything


async def test_looks_that_find_no_work_are_not_sent(house: House, tmp_path: Path) -> None:
    await house.people(1)
    async with collecting() as collector:
        settings = {
            "TERRACE_TRACES": f"http://127.0.0.1:{collector.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "TERRACE_POLL_SECONDS": "0.05",
            "TERRACE_REDIS_URL": "redis://127.0.0.1:1/0",  # nobody wakes anybody
            "TERRACE_WORKER_PORT": "{port}",
        }
        idle = 'terrace_worker_passes_total{topic="relay",result="idle"}'
        async with running(house, tmp_path, "work", **settings) as work:
            await work.until(lambda: work.figure(idle) > 20)
            assert collector.spans() == []
            await house.record(("A1", "2025-01-01", "1.00"))
            await work.until(lambda: bool(collector.named("work recompute")))
            assert await work.stop() == 0
        [job] = collector.named("work recompute")
        assert {s["trace"] for s in collector.spans() if s["name"] == "write_aum"} == {job["trace"]}


async def test_a_collector_that_is_away_holds_up_nobody(house: House, tmp_path: Path) -> None:
    await house.people(1)
    async with running(house, tmp_path, "serve", TERRACE_TRACES="http://127.0.0.1:1") as serve:
        await record(serve.port)
        assert await serve.stop(15) == 0


def test_nothing_of_the_library_is_loaded_when_nobody_asks() -> None:
    program = (
        "import sys, cli.serving, cli.commands.work; from telemetry import traces; "
        "traces.start('api', None, {}); assert traces.ACTIVE is None; "
        "print([name for name in sys.modules if 'opentelemetry' in name or 'protobuf' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "[]\n", done.stderr
