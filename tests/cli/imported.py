"""Importing texts into an installation, and what came of it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from cli.imports import Importer, Summary
from tests.house import House

HEADERS = {
    "branches": "code,name,parent_code",
    "managers": "number,name,branch_code,active",
    "customers": (
        "number,name,kind,branch_code,manager_number,phone,email,id_document,birth_date,address"
    ),
    "accounts": "number,customer_number,product_class,currency,opened_on,closed_on",
    "rates": "date,currency,rate",
    "balances": "account_number,as_of,balance",
}
TABLES = [
    "branch",
    "manager",
    "customer",
    "account",
    "rate",
    "balance_update",
    "dirty",
    "calendar",
    "audit",
]

SEEN = {
    "balance": """
        select a.number, b.as_of, b.amount from terrace.balance b
        join terrace.account a on a.customer_id = b.customer_id and a.id = b.account_id""",
    "journal": """
        select a.number, u.as_of, u.entry, u.update_id, u.amount, u.held
        from terrace.balance_update u
        join terrace.account a on a.customer_id = u.customer_id and a.id = u.account_id""",
    "account": "select number, balance, balance_as_of from terrace.account",
    "dirty": """
        select c.number, d.from_month, quarantined from terrace.dirty d
        join terrace.customer c on c.id = d.customer_id""",
    "calendar": "select business_date, first_month, last_closed from terrace.calendar",
}


@dataclass
class Imported:
    """The counts of an import: read, recorded, already there, rejected; and the rejected rows."""

    summary: Summary
    rejects: list[dict[str, str]]

    @property
    def counts(self) -> tuple[int, int, int, int]:
        told = self.summary
        return told.read, told.recorded, told.unchanged, told.rejected

    @property
    def codes(self) -> dict[int, str]:
        """The code by line."""
        return {int(row["line"]): row["code"] for row in self.rejects}


def rejects_of(path: Path) -> list[dict[str, str]]:
    """The rows of a file of rejected rows; none if there is no file."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Desk:
    """Where somebody imports files into an installation."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder

    async def takes(self, kind: str, *rows: str, header: str | None = None) -> Imported:
        """Import rows of a kind under the usual header."""
        text = "\n".join([header or HEADERS[kind], *rows]) + "\n"
        return await self.takes_bytes(kind, text.encode())

    async def takes_bytes(self, kind: str, content: bytes, name: str = "") -> Imported:
        path = self.folder / (name or f"{kind}.csv")
        path.write_bytes(content)
        summary = await Importer(self.house.database).file(kind, str(path))
        return Imported(summary, rejects_of(summary.rejected_file))

    async def bank(self) -> None:
        """A union, two branches, three managers, and C1, a prospect of M1."""
        await self.takes("branches", "U,Union,", "B1,North,U", "B2,South,U")
        await self.takes(
            "managers", "M1,Ann,B1,true", "M2,Bob,B2,true", "M3,Cid,B1,true", "M4,Dan,B1,false"
        )
        await self.takes("customers", "C1,One,INDIVIDUAL,B1,M1,,,,,", "C2,Two,INDIVIDUAL,B2,,,,,,")

    async def account(self, number: str = "A1", customer: str = "C1", rest: str = "") -> None:
        given = rest or "DEMAND_DEPOSIT,CNY,2025-01-01,"
        imported = await self.takes("accounts", f"{number},{customer},{given}")
        assert imported.rejects == []

    async def content(self, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
        """Everything in the tables, with the transaction that wrote each row last."""
        said = {}
        for table in tables:
            asked = self.house.trail if table == "audit" else self.house.fetch
            rows = await asked(
                f"select xmin || ' ' || t::text as said from terrace.{table} t order by t::text"
            )
            said[table] = [row["said"] for row in rows]
        return said

    async def meaning(self) -> dict[str, list[tuple[object, ...]]]:
        """What a bank would see: balances, journal and marks, without keys and times."""
        return {
            name: [tuple(row) for row in await self.house.fetch(f"{query} order by 1, 2, 3")]
            for name, query in SEEN.items()
        }

    async def digest(self) -> dict[str, tuple[object, ...]]:
        """The same, as the number of rows and one figure for their content."""
        summed = "select count(*), sum(hashtextextended(seen::text, 0)) from ({}) seen"
        return {
            name: tuple((await self.house.fetch(summed.format(query)))[0])
            for name, query in SEEN.items()
        }

    async def dirty(self) -> dict[str, str]:
        """The month from which each marked customer must be computed anew."""
        rows = await self.house.fetch("""
            select c.number, left(d.from_month::text, 7) as month
            from terrace.dirty d join terrace.customer c on c.id = d.customer_id order by 1""")
        return {row["number"]: row["month"] for row in rows}

    async def without_balances(self) -> None:
        """As before the first balance was ever loaded, but for the audit trail."""
        owner = await asyncpg.connect(self.house.url)
        try:
            await owner.execute("truncate terrace.balance_update, terrace.dirty")
        finally:
            await owner.close()
        async with self.house.database.unit() as connection:
            await connection.execute("""
                update terrace.account set balance = 0, balance_as_of = null;
                update terrace.calendar set business_date = null, first_month = null""")

    async def caught_up(self) -> None:
        """As after the workers' work: nobody is marked."""
        async with self.house.database.unit() as connection:
            await connection.execute("delete from terrace.dirty")
