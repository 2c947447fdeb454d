"""Scenarios 7 and 8: more requests than connections, and transactions left open elsewhere."""

import asyncio

from tests.faults.run import Result, Run, scenario, staged, time_now
from tests.faults.servers import until
from tests.faults.traffic import RECORD, Sender, ask

PROPER = {"UNAVAILABLE", "TIMEOUT", "ReadTimeout", "PoolTimeout", "ConnectTimeout"}


@scenario("pool-exhaustion")
async def pool_exhaustion(run: Run) -> Result:
    """Ten times as many requests at once as there are connections, while nobody can write."""
    connections = 4
    settings = {"TERRACE_WRITER_CONNECTIONS": str(connections), "TERRACE_ACQUIRE_SECONDS": "0.5"}
    many = 10 * connections
    async with staged(run, customers=160, senders=many, settings=settings) as stage:
        await stage.opening()
        blocker = await stage.world.connect()
        sending = asyncio.create_task(stage.send(stage.books.updates + run.many(40_000, 2000)))
        spells = run.many(10, 2)
        for _ in range(spells):
            async with blocker.transaction():
                await blocker.execute("lock table terrace.account in exclusive mode")
                await asyncio.sleep(1.5)
            await asyncio.sleep(0.5)
        await blocker.close()
        await sending
        problems = await stage.problems()
        refusals = dict(stage.world.refusals)
    improper = refusals.keys() - PROPER
    problems += [f"answers that are no proper refusal: {improper}, {refusals}"] if improper else []
    if not refusals:
        problems.append("nobody was refused: there was no exhaustion")
    dose = f"{many} senders on {connections} connections, {spells} spells of 1.5 s"
    return Result(dose, problems, [f"refused {refusals}"])


@scenario("open-transaction")
async def open_transaction(run: Run) -> Result:
    """A transaction elsewhere holds a customer and an old snapshot for ten minutes."""
    seconds = max(6.0, 600.0 * run.dose)
    async with staged(run, customers=60, senders=3) as stage:
        world, problems = stage.world, []
        await stage.opening()
        held = stage.senders[0].customers[0]
        other = await world.connect()
        transaction = other.transaction(isolation="repeatable_read")
        await transaction.start()
        await other.fetch("select count(*) from terrace.balance")
        await other.fetch(
            """select a.number from terrace.account a join terrace.customer c
            on c.id = a.customer_id where c.number = $1 for update""",
            held,
        )
        sender = Sender(stage.feed, "held", [held], run.seed)
        rows = [sender._row(a, stage.feed.month) for a in stage.senders[0].spare(held)]
        waiting = asyncio.create_task(sender.send(rows, seconds=seconds + 180))
        deadline, sent = time_now() + seconds, stage.books.updates
        while time_now() < deadline:
            before = time_now()
            await stage.send(stage.books.updates + 100)
            if (took := time_now() - before) > 15:
                problems.append(f"100 updates of others took {took:.0f} s")
            await asyncio.sleep(min(1.0, seconds / 10))
        sent = stage.books.updates - sent

        async def others() -> bool:
            return not await world.value("select count(*) from terrace.dirty")

        try:
            await until(others, 30, "others are not recomputed")
        except AssertionError:
            left = await world.fetch("select d::text from terrace.dirty d order by 1 limit 5")
            problems.append(f"others are not recomputed: {[row[0] for row in left]}")
        closing = asyncio.create_task(stage.close())
        await asyncio.sleep(1.0)
        await transaction.rollback()
        await other.close()
        await asyncio.gather(waiting, closing)
        problems += await stage.problems()
    return Result(f"{seconds:.0f} s, {sent} updates of others meanwhile", problems)


@scenario("close-behind-lock")
async def close_behind_lock(run: Run) -> Result:
    """A close asked for while a transaction elsewhere holds a customer: others get through."""
    async with staged(run, customers=60, senders=2) as stage:
        world, problems = stage.world, []
        await stage.opening()
        held = stage.senders[0].accounts[0]
        mine = stage.senders[0].spare(held.customer)
        other = await world.connect()
        async with other.transaction():
            await other.fetch(
                "select id from terrace.customer where number = $1 for update", held.customer
            )
            sender = Sender(stage.feed, "held", [held.customer], run.seed)
            await sender.send([sender._row(a, stage.feed.month) for a in mine])  # marks it dirty
            await asyncio.sleep(1.0)  # a worker waits for the customer
            closing = asyncio.create_task(stage.close())
            await asyncio.sleep(1.0)
            sending = asyncio.create_task(stage.send(stage.books.updates + 100))
            done, _ = await asyncio.wait([sending], timeout=15)
            if not done:
                problems.append("others do not get through before the lock is given up")
        await other.close()
        await asyncio.gather(closing, sending)
        problems += await stage.problems()
    return Result("1 customer locked, a close asked for, 100 updates of others", problems)


@scenario("locked-customer")
async def locked_customer(run: Run) -> Result:
    """A customer locked elsewhere while its recompute is due, requests given up: others go on."""
    rounds = run.many(60, 12)
    async with staged(run, customers=60, senders=2) as stage:
        world, problems = stage.world, []
        await stage.opening()
        held = stage.senders[0].customers[0]
        sender = Sender(stage.feed, "held", [held], run.seed)
        rows = [sender._row(a, stage.feed.month) for a in stage.senders[0].spare(held)]
        given = [
            {"updateId": r.update_id, "account": r.account, "asOf": str(r.day), "balance": r.amount}
            for r in rows
        ]
        variables = {"input": {"idempotencyKey": "held-1", "updates": given}}
        token, other = world.token("integrator"), await world.connect()
        async with other.transaction():
            await other.fetch(
                """select a.number from terrace.account a join terrace.customer c
                on c.id = a.customer_id where c.number = $1 for update""",
                held,
            )
            for _ in range(rounds):  # a client that loses patience and tries again
                try:
                    async with asyncio.timeout(0.3):
                        await ask(world, world.apis[0].port, RECORD, variables, token)
                except TimeoutError:
                    pass
            try:
                async with asyncio.timeout(15):
                    await stage.send(stage.books.updates + 100)
            except TimeoutError:
                problems.append("others do not get through while one customer is locked elsewhere")
        await other.close()
        await sender.send(rows, "held-1")
        problems += await stage.problems()
    return Result(f"{rounds} requests given up", problems)
