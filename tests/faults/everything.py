"""Scenario 15: what people do at their desks, beside every kind of kill."""

import asyncio
import random
from datetime import timedelta
from typing import Any

from domain.actors import Actor, Role
from domain.claims import Claims
from repository.access import Access
from repository.calendar import CalendarError
from repository.database import UNREACHABLE, Database
from repository.special import end_relation
from repository.statements import sql
from tests.faults.run import Result, Run, Stage, scenario, staged
from tests.faults.servers import KEY
from tests.faults.storm import backend, killing, postmaster, storm, valkey
from tests.faults.traffic import persistent

FIND = """query ($n: String!) { customer(by: {number: $n}) { id
    branch { managers(first: 50) { nodes { id } } } } }"""
HAND = """mutation ($c: ID!, $m: ID) { assignManager(input: {customer: $c, manager: $m}) {
    errors { code } } }"""
GIVE = """mutation ($c: ID!, $d: Date) { grantSpecialVip(input: {customer: $c, reason: "known",
    from: $d}) { approval { id payloadHash effect { hash } } errors { code } } }"""
SET = """mutation ($c: ID!, $t: String!) { setTier(input: {customer: $c, reason: "known",
    tier: $t}) { approval { id payloadHash effect { hash } } errors { code } } }"""
ALLOW = """mutation ($i: ID!, $p: String!, $e: String!) { giveApproval(input: {approval: $i,
    payloadHash: $p, effectHash: $e}) { errors { code } } }"""
TAKE = """mutation ($c: ID!) { revokeSpecialVip(input: {customer: $c, reason: "known"}) {
    errors { code } } }"""
TELL = """mutation ($c: ID!) { raiseRiskSignal(input: {customer: $c, code: "OUTFLOW",
    severity: RED, facts: "much went"}) { errors { code } } }"""
EXPECTED = {"MONTH_CLOSING", "ALREADY_GRANTED", "NOT_GRANTED", "TERMINATED", "NO_BUSINESS_DATE"}
EXPECTED |= {"TIER_HELD", "START_IN_PAST"}
EXPECTED |= {"STALE_EFFECT", "ALREADY_DECIDED"}  # a balance came, or another hand asked the same


class Hands:
    """People at their desks, at random."""

    def __init__(self, stage: Stage, dice: random.Random) -> None:
        self.stage, self.dice = stage, dice
        self.touched: set[str] = set()
        self.done: dict[str, int] = {}
        self.problems: list[str] = []
        self.special = dice.sample(stage.population.customers, 20)
        self._token = stage.world.token("hq")
        self._second = stage.world.token("hq", "second")

    async def step(self) -> None:
        """One of the things people do."""
        what = self.dice.choice((HAND, HAND, GIVE, SET, TAKE, TELL, None))
        special = what in (GIVE, SET, TAKE, None)
        customer = self.dice.choice(self.special if special else self.stage.population.customers)
        if special:
            self.touched.add(customer)
        if what is None:
            await self._terminate(customer)
            return
        world = self.stage.world
        found, _ = await persistent(world, FIND, {"n": customer}, self._token)
        variables: dict[str, Any] = {"c": found["customer"]["id"]}
        if what == HAND:
            managers = found["customer"]["branch"]["managers"]["nodes"]
            variables["m"] = self.dice.choice([*(m["id"] for m in managers), None])
        if what == GIVE:
            day = await world.value("select business_date from terrace.calendar")
            variables["d"] = str(day + timedelta(self.dice.choice((0, 3, 10))))
        if what == SET:
            variables["t"] = self.dice.choice(("T1", "T2", "T3", "T4", "T5"))
        answer, _ = await persistent(world, what, variables, self._token)
        (result,) = answer.values()
        if what in (GIVE, SET) and not result["errors"]:
            result = await self._allow(result["approval"])
        codes = {error["code"] for error in result["errors"]} - EXPECTED
        if codes:
            self.problems.append(f"{customer}: {codes}")
        name = what.split("{ ")[1].split("(")[0]
        self.done[name] = self.done.get(name, 0) + (not result["errors"])

    async def _allow(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Somebody else allows it; told again what was done, though nobody heard of it."""
        given = {"i": asked["id"], "p": asked["payloadHash"], "e": asked["effect"]["hash"]}
        answer, again = await persistent(self.stage.world, ALLOW, given, self._second)
        result: dict[str, Any] = answer["giveApproval"]
        if again > 1 and [error["code"] for error in result["errors"]] == ["ALREADY_DECIDED"]:
            result["errors"] = []
        return result

    async def _terminate(self, number: str) -> None:
        """By the function itself: no command or mutation confirms a termination yet."""
        if self.dice.random() < 0.7:
            return
        actor = Actor(Role.HQ, "harness", 0, "test")
        try:
            opened = Database(self.stage.world.database_url, KEY)
            async with opened as database, database.unit() as connection:
                key = await Access(database).admit(Claims(Role.CUSTOMER, number))
                await connection.execute(sql("share_ledger"))
                await connection.execute(sql("lock_accounts_of"), key)
                customer = await connection.fetchrow(sql("customer_in_scope"), key)
                if customer["status"] != "TERMINATED":
                    await end_relation(connection, customer, "deceased", actor)
                    self.done["terminate"] = self.done.get("terminate", 0) + 1
        except (*UNREACHABLE, CalendarError):
            return


@scenario("everything")
async def everything(run: Run) -> Result:
    """Kills of all kinds beside handovers, grants, revocations, terminations and signals."""
    strikes = [killing("work"), killing("serve"), valkey, backend, killing("work"), postmaster]
    count, updates = run.many(60, 6), run.many(30_000, 2500)
    async with staged(run, customers=300, apis=2, workers=3) as stage:
        hands, stop = Hands(stage, run.dice("hands")), asyncio.Event()
        stage.feed.late = 0.0  # what a correction makes of a grant is not for the model

        async def work() -> None:
            while not stop.is_set():
                if stage.books.updates > 500:
                    await hands.step()
                await asyncio.sleep(0.02)

        working = [asyncio.create_task(work()) for _ in range(3)]
        chosen = [strikes[place % len(strikes)] for place in range(count)]
        await storm(stage, updates, chosen, check=False)
        stop.set()
        await asyncio.gather(*working)
        problems = await stage.problems(unjudged=frozenset(hands.touched)) + hands.problems
        busy = await stage.busy()
    done = ", ".join(f"{number} {name}" for name, number in sorted(hands.done.items()))
    return Result(f"{count} kills, {updates} updates, 2 closes", problems, [done, busy])
