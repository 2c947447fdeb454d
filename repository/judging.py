"""Judging a chunk of customers by set: final figures, whom nothing happens to, the second sum."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.aum import divisor_of
from domain.money import EXACT, Average
from domain.months import Month
from domain.policy import TierPolicy
from domain.standing import Standing
from repository.database import Connection
from repository.figures import write_aum
from repository.standings import standing_of
from repository.statements import sql


@dataclass(frozen=True, slots=True)
class Chunk:
    """Customers that are judged in one transaction, by their keys in order."""

    customers: Sequence[int]

    @property
    def first(self) -> int:
        """The first key."""
        return self.customers[0]

    @property
    def last(self) -> int:
        """The last key."""
        return self.customers[-1]


@dataclass(frozen=True, slots=True)
class Judgeable:
    """What a close goes on from: `standing` is judged, `published` is what readers saw.

    They differ where a correction was `replayed`. `total` is the month's AUM, None if it is not
    complete.
    """

    customer_id: int
    total: Average | None
    standing: Standing
    published: Standing
    replayed: bool
    policy_version: int | None


@dataclass(frozen=True, slots=True)
class Resummed:
    """The figures of a chunk beside their second sum; `differs` is the first customer who does."""

    customers: int
    total: Decimal
    again: Decimal
    differs: int | None


async def final_figures(
    connection: Connection,
    chunk: Chunk,
    month: Month,
    policy: TierPolicy,
    home_currency: str,
    *,
    anew: bool,
) -> None:
    """See that the figures of a chunk tell the whole month.

    Those that workers have made do so from the day they were made for. From the ledger are made
    those that no longer follow from it, or all of them if `anew`.
    """
    rows = await connection.fetch(
        sql("needs_ledger"),
        chunk.customers,
        month.first_day,
        month.last_day,
        sorted(policy.counted),
        anew,
    )
    if rows:
        some = [row["id"] for row in rows]
        await write_aum(connection, some, month, month.last_day, policy, home_currency)
    await connection.execute(sql("forget_changes"), chunk.first, chunk.last, month.first_day)


async def judge_unremarkable(
    connection: Connection, chunk: Chunk, month: Month, policy: TierPolicy, *, anew: bool
) -> list[Judgeable]:
    """Write the standings of those whom nothing happens to; returns the others, to be judged.

    `anew` after a close that failed, which may have left standings behind.
    """
    if anew:
        await connection.execute(
            sql("forget_standings"), chunk.first, chunk.last, month.next().first_day
        )
    divisor = divisor_of(month, policy)
    lines = [EXACT.multiply(tier.threshold, Decimal(divisor)) for tier in policy.tiers]
    rows = await connection.fetch(
        sql("judge_chunk"),
        chunk.first,
        chunk.last,
        month.first_day,
        month.next().first_day,
        policy.version,
        [tier.code for tier in policy.tiers],
        lines[0],
        lines,
        str(month),
    )
    found = []
    for row in rows:
        published = standing_of(row)
        replayed = row["replayed"] is not None and not published.terminated
        standing = Standing.from_document(row["replayed"]) if replayed else published
        total = Average(row["total"], divisor) if row["complete"] else None
        version = row["policy_version"]
        found.append(Judgeable(row["customer_id"], total, standing, published, replayed, version))
    return found


async def resum(
    connection: Connection, chunk: Chunk, month: Month, policy: TierPolicy, home_currency: str
) -> Resummed:
    """Sum a chunk once more, from the ledger alone and in another way, beside its figures."""
    row = await connection.fetchrow(
        sql("resum"),
        chunk.first,
        chunk.last,
        month.first_day,
        month.last_day,
        sorted(policy.counted),
        home_currency,
    )
    assert row is not None
    return Resummed(row["customers"], row["total"], row["again"], row["differs"])


async def broken_chunks(connection: Connection, month: Month, chunks: Sequence[int]) -> list[str]:
    """Of chunks, by first key, those of which something was lost or changed since, in words."""
    rows = await connection.fetch(
        sql("broken_chunks"),
        month.first_day,
        month.next().first_day,
        chunks,
    )
    return [
        f"customers {row['first_customer']} to {row['last_customer']}: figures {row['figures']}, "
        f"standings {row['standings']} of {row['customers']} customers; figures sum to "
        f"{row['figures_total']}, when they were judged to {row['total']}"
        for row in rows
    ]
