"""What the harness notes inside the database: which month each accepted update counts in.

A trigger on the journal copies, in the transaction that accepts an update, the calendar as that
transaction sees it. So the side of a cutoff is known for every update, also for those that were
under way when the close was asked for, and independently of what the product does with it.
"""

from collections import defaultdict
from datetime import date

from tests.faults.judging import Grant, following
from tests.faults.model import Model, Update
from tests.faults.servers import World
from tests.faults.traffic import FIRST, Books, Population, Row

INSTALL = """
create schema harness;
create table harness.side (
    place bigint generated always as identity, customer_id integer, account_id integer,
    update_id text, as_of date, amount numeric, counts_in date, held boolean);
create function harness.note() returns trigger language plpgsql security definer as $$
begin
    insert into harness.side (customer_id, account_id, update_id, as_of, amount, counts_in, held)
    select n.customer_id, n.account_id, n.update_id, n.as_of, n.amount,
        case when n.as_of < (k.closing + interval '1 month')::date
            then (k.closing + interval '1 month')::date else k.open_month end,
        coalesce(n.as_of < (k.closing + interval '1 month')::date, false)
    from added n, terrace.calendar k;
    return null;
end $$;
create trigger note after insert on terrace.balance_update
    referencing new table as added for each statement execute function harness.note();
"""


async def install(world: World) -> None:
    connection = await world.connect()
    try:
        await connection.execute(INSTALL)
    finally:
        await connection.close()


async def model_of(world: World, population: Population, books: Books) -> tuple[Model, list[str]]:
    """The model with all that was accepted, and what was noted but never acknowledged or sent."""
    rows = await world.fetch("select update_id, counts_in, held from harness.side")
    noted: dict[str, tuple[date | None, bool]] = {}
    problems = []
    for row in rows:
        if row["update_id"] in noted:
            problems.append(f"{row['update_id']} was journalled twice")
        noted[row["update_id"]] = (row["counts_in"], row["held"])
    closed = [
        r["month"]
        for r in await world.fetch(
            "select month from terrace.close_run where state = 'CLOSED' order by month"
        )
    ]
    first = closed[0] if closed else FIRST
    model = Model(population.accounts, population.rates(), closed=closed)
    seen: set[str] = set()
    for atom, sent in [*((r.key, r.rows) for r in books.requests), *_each(books.imported)]:
        for row in sent:
            if row.account not in population.accounts or row.update_id in seen:
                continue
            seen.add(row.update_id)
            if row.update_id not in noted:
                problems.append(f"{row.update_id} was acknowledged and is not in the journal")
                continue
            month, held = noted[row.update_id]
            month = max(month or first, first)
            group = f"held until {month}" if held else atom
            customer = population.accounts[row.account].customer
            model.updates.append(
                Update(row.update_id, customer, row.account, row.day, row.cents, month, group)
            )
    problems += [f"{name} is in the journal and was never sent" for name in noted.keys() - seen]
    model.business_date = await world.value("select business_date from terrace.calendar")
    grants: dict[str, list[Grant]] = defaultdict(list)
    for row in await world.fetch("""select c.number, g.starts, g.until, g.revoked_on
            from terrace.special_grant g join terrace.customer c on c.id = g.customer_id
            order by g.id"""):
        grants[row["number"]].append(Grant(row["starts"], row["until"], row["revoked_on"]))
    model.grants = dict(grants)
    return model, problems


def sides(
    world_rows: list[tuple[str, date | None]],
    books: Books,
    cutoffs: dict[date, tuple[float, float]],
) -> list[str]:
    """Updates on the wrong side of a cutoff.

    `cutoffs` has for each month when its close was asked for and when that was answered: an update
    acknowledged before the one lies before the cutoff, one sent after the other lies after it.
    """
    noted = dict(world_rows)
    wrong = []
    for month, (asked, answered) in cutoffs.items():
        seen: set[str] = set()
        for request in books.requests:
            began, ended = books.moments[request.key]
            for row in request.rows:
                counts = noted.get(row.update_id)
                again = row.update_id in seen
                seen.add(row.update_id)
                if row.update_id not in noted or again or request.tries > 1:
                    continue
                before = counts is None or counts <= month
                if ended < asked and not before:
                    wrong.append(f"{row.update_id} came before the cutoff of {month}, is after it")
                if began > answered and before and row.day < following(month):
                    wrong.append(f"{row.update_id} came after the cutoff of {month}, is before it")
    return wrong


def _each(rows: list[Row]) -> list[tuple[str, tuple[Row, ...]]]:
    return [(f"file:{row.update_id}", (row,)) for row in rows]
