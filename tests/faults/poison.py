"""Scenario 12: customers whose recompute always fails."""

import asyncio

from tests.faults.run import Result, Run, scenario, staged
from tests.faults.servers import until

POISON = """
create function harness.refuse() returns trigger language plpgsql as $$
begin
    if new.customer_id in (select c.id from terrace.customer c join harness.poisoned p
            using (number)) then
        raise exception 'poison';
    end if;
    return new;
end $$;
grant usage on schema harness to public;
grant select on harness.poisoned to public;
create trigger refuse before insert or update on terrace.aum
    for each row execute function harness.refuse();
"""


@scenario("poison")
async def poison(run: Run) -> Result:
    """Customers who cannot be recomputed: set aside after five tries, the others go on."""
    count = run.many(10, 2)
    async with staged(run, customers=120) as stage:
        world = stage.world
        names = run.dice("poisoned").sample(stage.population.customers, count)
        connection = await world.connect()
        await connection.execute("create table harness.poisoned (number text)")
        await connection.executemany(
            "insert into harness.poisoned values ($1)", [(name,) for name in names]
        )
        await connection.execute(POISON)
        await connection.close()
        await stage.opening()
        await stage.send(stage.books.updates + 500)
        # A pause grows fourfold with each try; the harness has no minutes to wait for it.
        for _ in range(8):
            await world.fetch("update terrace.dirty set retry_at = null where not quarantined")
            await asyncio.sleep(0.6)
        problems = await stage.problems(frozenset(names))
        rows = await world.fetch("""select c.number, d.tries, d.last_error from terrace.dirty d
            join terrace.customer c on c.id = d.customer_id where quarantined""")
        aside = {row["number"]: row for row in rows}
        if aside.keys() != set(names):
            problems.append(f"set aside: {sorted(aside)}, poisoned: {sorted(names)}")
        problems += [
            f"{name} was set aside after {row['tries']} tries: {row['last_error']}"
            for name, row in aside.items()
            if row["tries"] != 5 or "poison" not in row["last_error"]
        ]
        told = "".join(worker.log.read_text() for worker in world.workers)
        if told.count("set aside after five tries") != count:
            problems.append("the log does not tell of each customer that was set aside")
        await world.fetch("drop trigger refuse on terrace.aum")
        for sender in stage.senders:  # the next update is the medicine
            own = [a for a in sender.accounts if a.customer in names]
            if own:
                await sender.send([sender._row(a, stage.feed.month) for a in own])

        async def cured() -> bool:
            return not await world.value("select count(*) from terrace.dirty")

        await until(cured, 30, "who was set aside does not come back")
        await stage.close()
        problems += await stage.problems()
        return Result(f"{count} of 120 customers", problems)
