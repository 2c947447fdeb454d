"""A made-up institution, and feeds that send its balances until each is acknowledged.

A sender owns its customers: it sends their next update only when the one before is answered, so
the order of acceptance is known without asking the system under test.
"""

import asyncio
import csv
import random
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx

from tests.faults.judging import TIERS, days_of, following
from tests.faults.model import COMPONENT, Account
from tests.faults.servers import World

FIRST = date(2025, 3, 1)
RATES = {
    "USD": [(date(2024, 1, 1), "7.1"), (date(2025, 3, 9), "7.1234"), (date(2025, 4, 17), "7.05")]
}
RECORD = """mutation ($input: RecordBalancesInput!) { recordBalances(input: $input) {
    accepted duplicates rejected { index updateId code } errors { code } } }"""
_LATE_AT_MOST = 2


@dataclass(frozen=True)
class Row:
    update_id: str
    account: str
    day: date
    cents: int

    @property
    def amount(self) -> str:
        sign = "-" if self.cents < 0 else ""
        return f"{sign}{abs(self.cents) // 100}.{abs(self.cents) % 100:02d}"


@dataclass(frozen=True)
class Request:
    """What was sent under one key, and the answer it got."""

    key: str
    rows: tuple[Row, ...]
    answer: dict[str, Any]
    tries: int


@dataclass
class Books:
    """All that was acknowledged, in the order of acceptance for each customer."""

    requests: list[Request] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    imported: list[Row] = field(default_factory=list)
    moments: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def updates(self) -> int:
        return len(self.known)

    def judge(self, request: Request, unknown: set[str]) -> None:
        """Compare an answer with what it must be, and note what it made known."""
        fresh = duplicates = 0
        rejected = []
        for place, row in enumerate(request.rows):
            if row.account in unknown:
                rejected.append((place, "UNKNOWN_ACCOUNT"))
            elif row.update_id in self.known:
                duplicates += 1
            else:
                self.known.add(row.update_id)
                fresh += 1
        answer = request.answer
        found = [(r["index"], r["code"]) for r in answer["rejected"]]
        if (answer["accepted"], answer["duplicates"], found) != (fresh, duplicates, rejected):
            self.problems.append(f"{request.key}: {answer} for {fresh} new, {duplicates} known")
        self.requests.append(request)


@dataclass
class Population:
    """Customers, their accounts and the files that `terrace import` reads."""

    accounts: dict[str, Account]
    customers: list[str]

    @classmethod
    def of(cls, dice: random.Random, count: int) -> "Population":
        accounts = {}
        customers = [f"C{number:05d}" for number in range(1, count + 1)]
        classes = [*COMPONENT, "INSURANCE"]
        for customer in customers:
            for place in range(dice.choice((1, 1, 2, 3))):
                number = f"{customer}-{place}"
                chosen = "DEMAND_DEPOSIT" if place == 0 else dice.choice(classes)
                currency = "USD" if place and dice.random() < 0.3 else "CNY"
                opened = FIRST - timedelta(dice.choice((400, 400, 30)))
                closed = FIRST + timedelta(dice.randrange(20, 80)) if dice.random() < 0.03 else None
                accounts[number] = Account(number, customer, chosen, currency, opened, closed)
        return cls(accounts, customers)

    def write(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        tables: dict[str, list[list[str]]] = {
            "branches": [["code", "name", "parent_code"], ["U", "Union", ""]],
            "managers": [["number", "name", "branch_code", "active"]],
            "customers": [
                [
                    "number",
                    "name",
                    "kind",
                    "branch_code",
                    "manager_number",
                    "phone",
                    "email",
                    "id_document",
                    "birth_date",
                    "address",
                ]
            ],
            "accounts": [
                ["number", "customer_number", "product_class", "currency", "opened_on", "closed_on"]
            ],
            "rates": [["date", "currency", "rate"]],
        }
        for branch in range(1, 4):
            tables["branches"].append([f"B{branch}", f"Branch {branch}", "U"])
            for manager in range(1, 4):
                tables["managers"].append([f"M{branch}{manager}", "Ann", f"B{branch}", "true"])
        for place, customer in enumerate(self.customers):
            branch = place % 3 + 1
            manager = f"M{branch}{place // 3 % 3 + 1}"
            tables["customers"].append(
                [customer, customer, "INDIVIDUAL", f"B{branch}", manager, "", "", "", "", ""]
            )
        for account in self.accounts.values():
            closed = "" if account.closed is None else str(account.closed)
            opened = str(account.opened)
            tables["accounts"].append(
                [
                    account.number,
                    account.customer,
                    account.product_class,
                    account.currency,
                    opened,
                    closed,
                ]
            )
        for currency, published in RATES.items():
            tables["rates"] += [[str(day), currency, rate] for day, rate in published]
        for name, rows in tables.items():
            with (folder / f"{name}.csv").open("w", newline="") as file:
                csv.writer(file).writerows(rows)

    def rates(self) -> dict[str, list[tuple[date, Fraction]]]:
        return {c: [(day, Fraction(rate)) for day, rate in steps] for c, steps in RATES.items()}


@dataclass
class Feed:
    """What all senders share: where to send, which month is thought to be open, and the books."""

    world: World
    population: Population
    books: Books
    month: date = FIRST
    closed: list[date] = field(default_factory=list)
    duplicates: float = 0.03
    late: float = 0.02
    size: int = 40
    started: int = 0

    def moves_on(self) -> None:
        """A close is asked for: from now on the feed mostly tells of the next month."""
        self.closed.append(self.month)
        self.month = following(self.month)


class Sender:
    """One feed of some customers."""

    def __init__(self, feed: Feed, name: str, customers: list[str], seed: int) -> None:
        self.feed, self.name = feed, name
        self.dice = random.Random(f"{seed}/{name}")
        self.customers = customers
        self.accounts = [
            a for a in feed.population.accounts.values() if a.customer in set(customers)
        ]
        self.sent: list[Row] = []
        self._late: dict[tuple[str, date], int] = {}
        self._count = 0
        self._token = feed.world.token("integrator")

    def opening(self) -> list[list[Row]]:
        """A balance on the first day for every account, in requests."""
        rows = [self._row(a, max(FIRST, a.opened)) for a in self.accounts]
        return [rows[at : at + 200] for at in range(0, len(rows), 200)]

    def spare(self, customer: str) -> list[Account]:
        """Say nothing of a customer any more, nor repeat what was said; returns the accounts."""
        spared = [a for a in self.accounts if a.customer == customer]
        numbers = {a.number for a in spared}
        self.accounts = [a for a in self.accounts if a.number not in numbers]
        self.sent = [row for row in self.sent if row.account not in numbers]
        return spared

    def request(self) -> list[Row]:
        """The next request's rows."""
        rows: list[Row] = []
        touched_late: set[str] = set()
        for _ in range(self.feed.size):
            if self.sent and self.dice.random() < self.feed.duplicates:
                rows.append(self.dice.choice(self.sent))
                continue
            account = self.dice.choice(self.accounts)
            month = self._month(account.customer, touched_late)
            day = month + timedelta(self.dice.randrange(days_of(month)))
            if account.closed is not None and day > account.closed:
                day = account.closed
            if day < self.feed.month and account.closed == day and self.feed.closed:
                continue  # it would be late by the account's closing
            rows.append(self._row(account, day))
        if self.dice.random() < 0.1:
            rows.append(self._row(Account("NONE", "", "", "", FIRST), self.feed.month))
        return rows or [self._row(self.accounts[0], self.feed.month)]

    def _month(self, customer: str, touched: set[str]) -> date:
        feed, chance = self.feed, self.dice.random()
        if chance < 0.05:
            return following(feed.month)
        key = (customer, feed.month)
        if feed.closed and chance < 0.05 + feed.late:
            if customer not in touched:
                if self._late.get(key, 0) >= _LATE_AT_MOST:
                    return feed.month
                self._late[key] = self._late.get(key, 0) + 1
                touched.add(customer)
            return self.dice.choice(feed.closed)
        return feed.month

    def _row(self, account: Account, day: date) -> Row:
        self._count += 1
        line = self.dice.choice([line for _, line in TIERS]) * 100
        cents = self.dice.choice(
            (
                line,
                line + 1,
                line - 1,
                self.dice.randrange(1, 3 * line),
                self.dice.randrange(1, 3 * line),
                0,
                -self.dice.randrange(1, 100_000),
            )
        )
        return Row(f"{self.name}.{self._count}", account.number, day, cents)

    async def send(
        self, rows: list[Row], key: str | None = None, seconds: float = 180.0
    ) -> Request:
        """Send rows until they are acknowledged, always under the same key."""
        self.feed.started += 1
        key = key or f"{self.name}-{self.feed.started}"
        given = [
            {"updateId": r.update_id, "account": r.account, "asOf": str(r.day), "balance": r.amount}
            for r in rows
        ]
        asked = asyncio.get_running_loop().time()
        variables = {"input": {"idempotencyKey": key, "updates": given}}
        answer, tries = await persistent(self.feed.world, RECORD, variables, self._token, seconds)
        request = Request(key, tuple(rows), answer["recordBalances"], tries)
        self.feed.books.moments[key] = (asked, asyncio.get_running_loop().time())
        self.feed.books.judge(request, {"NONE"})
        self.sent += [row for row in rows if row.account != "NONE"]
        del self.sent[:-500]
        return request


async def persistent(
    world: World, query: str, variables: Any, token: str, seconds: float = 180.0
) -> tuple[dict[str, Any], int]:
    """Ask until there is data; how often it took. Only faults of the moment are tried again."""
    deadline = asyncio.get_running_loop().time() + seconds
    tries = 0
    while True:
        api = world.apis[tries % len(world.apis)]
        tries += 1
        try:
            answer = await ask(world, api.port, query, variables, token)
        except (httpx.HTTPError, ValueError) as error:
            problem: Any = repr(error)
            world.refusals[type(error).__name__] += 1
        else:
            if answer.get("data") and not answer.get("errors"):
                return answer["data"], tries
            problem = answer
            codes = {e.get("extensions", {}).get("code") for e in answer.get("errors", [])}
            world.refusals.update(map(str, codes))
            if "INTERNAL" in codes:  # what cannot be reached has a code of its own
                world.internal.append(api)
            elif not codes <= {"UNAVAILABLE", "TIMEOUT"}:
                raise AssertionError(f"refused: {answer}")
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"no answer after {tries} tries: {problem}")
        await asyncio.sleep(0.05)


async def ask(world: World, port: int, query: str, variables: Any, token: str) -> dict[str, Any]:
    """One request to one API process."""
    response = await world.http.post(
        f"http://127.0.0.1:{port}/graphql",
        json={"query": query, "variables": variables},
        headers={"Authorization": f"Bearer {token}"},
    )
    return response.json()
