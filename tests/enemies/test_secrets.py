"""No secret of an installation, and nothing of a person, is in what it writes and shows.

A real API and a real worker, both as talkative as they can be, behind servers that go away. They
are asked well and badly, with credentials of every kind; then everything they have written and
answered, and what every process of the machine shows of itself, is searched for each secret.
"""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
from click.testing import CliRunner
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from api.tokens import sign
from cli.main import cli
from cli.session import OPERATOR
from domain.actors import Grant, Role, Scope
from repository.api_keys import create_key
from repository.roles import SEALER, WRITER, login_password
from tests.api.issuing import Issuer, Pair, issuing
from tests.cli.group import Command, running
from tests.house import KEY, House
from tests.proxy import Proxy

RSA = Pair.new("one")
METRICS = "a-token-for-the-scraper-alone"
PERSON = "Ouyang-Xiuying-of-Lane-17"
PHONE = "13900017171"
OTHER_KEY = "another installation's key, of 32 bytes or more"


@dataclass
class Written:
    """What was answered and shown, by where."""

    secrets: dict[str, str]
    shown: dict[str, str] = field(default_factory=dict)

    def add(self, where: str, text: str) -> None:
        self.shown[where] = self.shown.get(where, "") + text + "\n"

    def found(self, where: str, *, without: tuple[str, ...] = ()) -> list[str]:
        """The names of the secrets that are there."""
        text = self.shown[where]
        return [name for name, it in self.secrets.items() if name not in without and it in text]


def secrets_of(house: House, issuer: Issuer, api_key: str) -> dict[str, str]:
    """All that must not be told, by name. A token is known by its signature already."""
    name = house.database.name
    token = issuer.token(RSA, role="hq", sub="office")
    own = sign(KEY, Role.HQ, "x", hours=1, now=datetime.now(UTC))
    forged = sign(OTHER_KEY, Role.HQ, "x", hours=1, now=datetime.now(UTC))
    found = {
        "signing key": KEY,
        "API key": api_key,
        "issuer's token": token,
        "its payload": token.split(".")[1],
        "its signature": token.split(".")[2],
        "development token": own,
        "signature of a development token": own.split(".")[2],
        "signature of a forged token": forged.split(".")[2],
        "metrics token": METRICS,
        "name": PERSON,
        "telephone number": PHONE,
    }
    for kind in (*(scope.value for scope in Scope), WRITER, SEALER):
        found[f"password of {kind}"] = login_password(KEY, kind, name)
    for server, url in (("database", house.url), ("Redis", house.redis_url)):
        if password := urlsplit(url).password:
            found[f"password of the {server}"] = password
    return found | {"forged token": forged}


def processes() -> str:
    """What every process of the machine shows of itself to everybody."""
    listed = subprocess.run(
        ["ps", "-eww", "-o", "args="], capture_output=True, text=True, check=True
    ).stdout
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            listed += path.read_text(errors="replace").replace("\0", " ") + "\n"
    return listed


@asynccontextmanager
async def installation(
    house: House, folder: Path, issuer: Issuer
) -> AsyncIterator[tuple[Command, Command, tuple[Proxy, Proxy]]]:
    """An API and a worker that say all they can, behind servers that can go away."""
    async with Proxy(house.url) as database, Proxy(house.redis_url) as redis:
        told = {
            "TERRACE_DATABASE_URL": database.url,
            "TERRACE_REDIS_URL": redis.url,
            "TERRACE_LOG_LEVEL": "debug",
            "TERRACE_LOG_FORMAT": "json",
            "TERRACE_LOG_REQUESTS": "1",
            "TERRACE_METRICS_TOKEN": METRICS,
            "TERRACE_DATA_DIR": str(folder / "data"),
            "TERRACE_ISSUER": issuer.name,
            "TERRACE_MODE": "development",
            "TERRACE_ACQUIRE_SECONDS": "1",
            "TERRACE_WORKER_PORT": "{port}",
        }
        async with AsyncExitStack() as stack:
            api, worker = await asyncio.gather(
                *(
                    stack.enter_async_context(running(house, folder, one, **told))
                    for one in ("serve", "work")
                )
            )
            yield api, worker, (database, redis)


SEARCH = "query Look($t: String!) { customers(first: 5, where: {search: $t}) { nodes { id } } }"
RAISE = """mutation ($t: String!) { raiseRiskSignal(input: {customer: "Q3VzdG9tZXI6MQ==",
    code: "OUTFLOW", severity: RED, facts: $t}) { signal { facts } errors { code message } } }"""
WRONG = """query ($t: Severity!) {
    riskSignals(first: 1, where: {severity: {eq: $t}}) { nodes { id } } }"""
BODIES: list[Any] = [
    {"query": SEARCH, "variables": {"t": PERSON}},
    {"query": SEARCH, "variables": {"t": PHONE}},
    {"query": RAISE, "variables": {"t": f"{PERSON} {PHONE}"}},
    {"query": WRONG, "variables": {"t": PERSON}},
    {"query": SEARCH, "variables": {"t": [PERSON]}},
    {"query": f'{{ customer(by: {{number: "{PERSON}"}}) {{ nothing }} }}'},
    {"query": f'{{ "{PERSON}'},
]


class Asking:
    """Asks the API in every way, and keeps what it answers."""

    def __init__(self, api: Command, written: Written) -> None:
        self.address = f"127.0.0.1:{api.port}"
        self.written = written

    async def over_http(self, credential: str, body: Any) -> int:
        headers = {"Authorization": f"Bearer {credential}"}
        async with httpx.AsyncClient(timeout=30) as client:
            url = f"http://{self.address}/graphql"
            answer = await client.post(url, json=body, headers=headers)
        personal = isinstance(body, Mapping) and (PERSON in str(body) or PHONE in str(body))
        where = "answers to who said it" if personal else "answers"
        self.written.add(where, f"{answer.headers!r} {answer.text}")
        return answer.status_code

    async def badly(self, credential: str) -> None:
        """A credential where none belongs, and messages that are none."""
        for path in (
            f"/graphql?token={credential}&query={{viewer{{role}}}}",
            f"/graphql?access_token={credential}&authorization=Bearer%20{credential}&query={{a}}",
            f"/{credential}",
            f"/metrics?token={METRICS}",
        ):
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://{self.address}{path}")
            assert answer.status_code in (401, 404), path
            self.written.add("answers", answer.text)
        host, _, port = self.address.partition(":")
        for raw in (
            f"{credential}\r\n\r\n",
            f"GET /graphql HTTP/1.1\r\nAuthorization: Bearer {credential}\r\n bad\r\n\r\n",
            f"POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {credential}\r\n"
            f"Content-Length: zzz\r\n\r\n{PERSON}",
        ):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(raw.encode())
            async with asyncio.timeout(30):
                with contextlib.suppress(ConnectionError):
                    self.written.add("answers", (await reader.read(10_000)).decode())
            writer.close()

    async def over_a_socket(self, credential: str, *messages: str) -> None:
        init = json.dumps({"type": "connection_init", "payload": {"token": credential}})
        async with connect(
            f"ws://{self.address}/graphql?token={credential}",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
        ) as socket:
            with contextlib.suppress(ConnectionClosed):
                async with asyncio.timeout(30):
                    for message in (init, *messages):
                        await socket.send(message)
                        self.written.add("answers", str(await socket.recv()))
            self.written.add("answers", str(socket.close_reason))


async def everything_that_happens(
    house: House,
    asking: Asking,
    api: Command,
    proxies: tuple[Proxy, Proxy],
    secrets: dict[str, str],
) -> None:
    good = [secrets[name] for name in ("issuer's token", "API key", "development token")]
    bad = [secrets["forged token"], secrets["API key"][:-1] + "x", good[0][:-4] + "AAAA"]
    statuses = [await asking.over_http(one, body) for one in (*good, *bad) for body in BODIES]
    assert set(statuses) == {200, 401}
    subscribe = {"query": f'subscription {{ tierChanged(after: "{PERSON}") {{ cursor }} }}'}
    for one in (*good, *bad):
        await asking.badly(one)
        await asking.over_a_socket(
            one, json.dumps({"id": "1", "type": "subscribe", "payload": subscribe}), PERSON
        )
    for proxy in proxies:
        proxy.go()
    await api.until(lambda: api.get("/readyz")[0] == 503)
    assert [await asking.over_http(one, BODIES[0]) for one in good[:2]]
    # Not in this thread, which passes on what the API says to its servers.
    asking.written.add("answers", (await asyncio.to_thread(api.get, "/readyz"))[1])
    asking.written.add("processes", processes())
    for proxy in proxies:
        proxy.come_back()
    await api.until(lambda: api.get("/readyz")[0] == 200)
    headers = {"Authorization": f"Bearer {METRICS}"}
    asking.written.add("figures", (await asyncio.to_thread(api.get, "/metrics", headers))[1])
    assert "terrace_requests_total" in asking.written.shown["figures"]


async def full(house: House) -> None:
    """Have the database refuse every signal in words that quote what was observed."""
    owner = await asyncpg.connect(house.url)
    try:
        await owner.execute("""
            create function public.refuse() returns trigger language plpgsql as $$
                begin raise exception 'no room for %', new.facts using detail = new.facts; end $$;
            create trigger no_room before insert on terrace.risk_signal
                for each row execute function public.refuse()""")
    finally:
        await owner.close()


async def test_no_secret_is_in_what_an_installation_shows(house: House, tmp_path: Path) -> None:
    await house.people(2)
    await house.record(("A1", "2025-01-01", "5.00"))
    await house.close("2025-01")
    raised = await house.data(RAISE, {"t": f"{PERSON} {PHONE}"})
    assert raised["raiseRiskSignal"]["signal"] is not None
    await full(house)
    made = await create_key(house.database, "core", [Grant.READ_PERSONAL], 30, OPERATOR)
    async with issuing(RSA) as issuer:
        written = Written(secrets_of(house, issuer, made.text))
        async with installation(house, tmp_path, issuer) as (api, worker, proxies):
            asking = Asking(api, written)
            await everything_that_happens(house, asking, api, proxies, written.secrets)
            written.add("processes", processes())
            assert await asyncio.gather(api.stop(), worker.stop()) == [0, 0]
    for command in (api, worker):
        written.add("logs", command.log.read_text())
    for path in tmp_path.rglob("*"):
        if path.is_file():
            written.add("files", path.read_text(errors="replace"))
    rows = await house.trail("select a::text as said from terrace.audit a")
    written.add("audit trail", "\n".join(row["said"] for row in rows))
    for said in ('"message":"request"', "tried again: Connection", '"level":"error"'):
        assert said in written.shown["logs"]
    assert "cli.main serve" in written.shown["processes"]
    for action in ("risk_signal.raise", "api_key.create"):
        assert action in written.shown["audit trail"]
    for where in ("logs", "files", "figures", "answers", "processes", "audit trail"):
        assert written.found(where) == [], where
    personal = ("name", "telephone number")
    assert written.found("answers to who said it", without=personal) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"TERRACE_SECRET_KEY": "too short, SECRET"},
        {"TERRACE_METRICS_TOKEN": "short SECRET"},
        {"TERRACE_DATABASE_URL": "mysql://u:SECRET@db.example/terrace"},
        {"TERRACE_DATABASE_URL": "postgresql://u:SECRET/more@db.example/terrace"},
        {"TERRACE_DATABASE_URL": "postgresql://u:SECRET[x@db.example/terrace"},
        {"TERRACE_DATABASE_URL": "postgresql://u:SECRET\u2100@db.example/terrace"},
        {"TERRACE_DATABASE_URL": "postgresql://u:SECRET@127.0.0.1:1/terrace"},
        {"TERRACE_DATABASE_URL": "postgresql://u:SECRET@127.0.0.1:1/terrace?sslmode=SECRET2"},
        {"TERRACE_REDIS_URL": "http://:SECRET@redis.example"},
        {"TERRACE_REDIS_URL": "redis://:SECRET?x@redis.example:port"},
        {"TERRACE_REDIS_URL": "redis://:SECRET@127.0.0.1:1/SECRET3"},
        {"TERRACE_ISSUER": "https://user:SECRET@id.example/realm"},
    ],
    ids=str,
)
def test_a_setting_that_cannot_be_used_is_not_quoted(
    settings: dict[str, str], tmp_path: Path
) -> None:
    usual = {
        "TERRACE_SECRET_KEY": KEY,
        "TERRACE_DATA_DIR": str(tmp_path),
        "TERRACE_DATABASE_URL": "postgresql://u@127.0.0.1:1/terrace",
        "TERRACE_REDIS_URL": "redis://127.0.0.1:1",
        "TERRACE_ACQUIRE_SECONDS": "1",
    }
    result = CliRunner(env=usual | settings).invoke(cli, ["doctor"])
    assert result.exit_code in (1, 2)
    assert result.output
    assert "SECRET" not in result.output.replace("TERRACE_SECRET_KEY", "")
    assert "Traceback" not in result.output
