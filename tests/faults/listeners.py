"""Scenarios 9 and 10: slow and stopped subscribers beside live ones, and resumes at any cursor."""

import asyncio
import base64
import json
import random
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.faults.run import Result, Run, Stage, scenario, staged
from tests.faults.servers import World

EVENTS = """subscription ($after: String) { tierChanged(after: $after) {
    cursor change { effectiveFrom customer { number } } } }"""


class Listener:
    """A socket with subscriptions one after another."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0

    @classmethod
    async def of(cls, world: World, role: str, subject: str) -> "Listener":
        socket = await connect(
            f"ws://127.0.0.1:{world.apis[0].port}/graphql",
            subprotocols=["graphql-transport-ws"],  # type: ignore[list-item]
            max_queue=4,
            compression=None,
        )
        token = {"Authorization": f"Bearer {world.token(role, subject)}"}
        await socket.send(json.dumps({"type": "connection_init", "payload": token}))
        assert json.loads(await socket.recv())["type"] == "connection_ack"
        return cls(socket)

    async def subscribe(self, after: str | None) -> None:
        self._number += 1
        payload = {"query": EVENTS, "variables": {"after": after}}
        message = {"id": str(self._number), "type": "subscribe", "payload": payload}
        await self._socket.send(json.dumps(message))

    async def next(self, seconds: float = 30.0) -> dict[str, Any]:
        """The next event of the present subscription."""
        while True:
            async with asyncio.timeout(seconds):
                message = json.loads(await self._socket.recv())
            if message["type"] == "ping":
                await self._socket.send(json.dumps({"type": "pong"}))
            elif message.get("id") == str(self._number):
                if message["type"] != "next" or message["payload"].get("errors"):
                    raise AssertionError(f"no event: {message}")
                event: dict[str, Any] = message["payload"]["data"]["tierChanged"]
                return event

    async def complete(self) -> None:
        await self._socket.send(json.dumps({"id": str(self._number), "type": "complete"}))

    async def close(self) -> None:
        await self._socket.close()


async def _published(world: World) -> list[tuple[str, str]]:
    """All events in their order: customer and month."""
    rows = await world.fetch("""select c.number, t.effective_from from terrace.tier_change t
        join terrace.customer c on c.id = t.customer_id
        where position is not null order by position""")
    return [(row["number"], f"{row['effective_from']:%Y-%m}") for row in rows]


def _named(event: dict[str, Any]) -> tuple[str, str]:
    change = event["change"]
    return change["customer"]["number"], change["effectiveFrom"][:7]


async def _lively(stage: Stage, months: int) -> None:
    """Months whose closes publish many events."""
    await stage.opening()
    for _ in range(months):
        await stage.send(stage.books.updates + 600)
        await stage.close()


@scenario("slow-subscribers")
async def slow_subscribers(run: Run) -> Result:
    """100 subscribers who stop reading or read slowly, beside five who read."""
    many, months = run.many(100, 6), run.many(6, 2)
    async with staged(run, customers=300) as stage:
        world = stage.world
        slow = [await Listener.of(world, "hq", "harness") for _ in range(many)]
        live = [await Listener.of(world, "hq", "harness") for _ in range(5)]
        first = base64.b64encode(b"tier_change:0").decode()
        for listener in (*slow, *live):
            await listener.subscribe(first)
        seen: list[list[dict[str, Any]]] = [[] for _ in live]

        async def follow(place: int) -> None:
            while True:
                seen[place].append(await live[place].next(120.0))

        async def dawdle(place: int) -> None:
            while place % 2:  # the others have stopped
                await slow[place].next(120.0)
                await asyncio.sleep(0.2)

        tasks = [asyncio.create_task(follow(place)) for place in range(len(live))]
        tasks += [asyncio.create_task(dawdle(place)) for place in range(many)]
        await _lively(stage, months)
        problems = await stage.problems()
        expected = await _published(world)
        await asyncio.sleep(3.0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        problems += [
            f"a live one saw {len(events)} of {len(expected)} events, or in another order"
            for events in seen
            if [_named(event) for event in events] != expected
        ]
        for listener in (*slow, *live):
            try:
                async with asyncio.timeout(2):
                    await listener.close()
            except (TimeoutError, ConnectionClosed):
                pass
    return Result(f"{many} slow or stopped, 5 live, {len(expected)} events", problems)


@scenario("resumes")
async def resumes(run: Run) -> Result:
    """Resumes at random cursors, by managers, branches and head office."""
    count = run.many(10_000, 60)
    async with staged(run, customers=300) as stage:
        world = stage.world
        await _lively(stage, 3)
        problems = await stage.problems()
        expected = await _published(world)
        everyone = await Listener.of(world, "hq", "harness")
        await everyone.subscribe(base64.b64encode(b"tier_change:0").decode())
        cursors = [(await everyone.next())["cursor"] for _ in expected]
        await everyone.close()
        scopes = await _scopes(world)
        shares = [(dice_name, count // 8 + 1) for dice_name in map(str, range(8))]
        found = await asyncio.gather(
            *(
                _resumed(world, run.dice(name), times, expected, cursors, scopes)
                for name, times in shares
            )
        )
        problems += [problem for some in found for problem in some][:20]
    return Result(f"{8 * (count // 8 + 1)} resumes among {len(expected)} events", problems)


async def _scopes(world: World) -> list[tuple[str, str, set[str]]]:
    """Role, subject and the customers they see."""
    rows = await world.fetch("""select c.number, m.number as manager, b.code from terrace.customer c
        join terrace.branch b on b.id = c.branch_id
        left join terrace.manager m on m.id = c.assigned_manager_id""")
    found: dict[tuple[str, str], set[str]] = {("hq", "harness"): set()}
    for row in rows:
        found["hq", "harness"].add(row["number"])
        found.setdefault(("branch", row["code"]), set()).add(row["number"])
        if row["manager"] is not None:
            found.setdefault(("manager", row["manager"]), set()).add(row["number"])
    return [(role, subject, seen) for (role, subject), seen in found.items()]


async def _resumed(
    world: World,
    dice: random.Random,
    times: int,
    expected: list[tuple[str, str]],
    cursors: list[str],
    scopes: list[tuple[str, str, set[str]]],
) -> list[str]:
    problems = []
    done = 0
    while done < times:
        role, subject, seen = dice.choice(scopes)
        listener = await Listener.of(world, role, subject)
        for _ in range(min(25, times - done)):
            back = dice.randrange(1, 30) if dice.random() < 0.97 else len(expected)
            place = max(0, len(expected) - back)
            wanted = [event for event in expected[place + 1 :] if event[0] in seen]
            await listener.subscribe(cursors[place])
            got = [_named(await listener.next()) for _ in wanted]
            await listener.complete()
            if got != wanted:
                problems.append(f"{role} {subject} after {place}: {got[:3]} and not {wanted[:3]}")
            done += 1
        await listener.close()
    return problems
