"""What must hold after every scenario, whatever was killed: one module for all of them.

`settled` waits until nothing is left to do; `broken` then compares the tables with the model and
with each other, and says every difference in a line.
"""

import json
from collections import defaultdict
from datetime import date
from fractions import Fraction
from typing import Any

from repository.database import Database
from repository.verification import TrailBroken, verify
from tests.faults.judging import days_of, following, shown
from tests.faults.model import History, Ledger, Model
from tests.faults.servers import KEY, World, until
from tests.faults.traffic import RECORD, Books, Population, ask
from tests.faults.witness import model_of

LEFT_OVER = """select
    (select count(*) from terrace.dirty where not quarantined) as dirty,
    (select count(*) from terrace.balance_update where held) as held,
    (select count(*) from terrace.close_run where state in ('CUTOFF', 'RUNNING')) as closing,
    (select count(*) from terrace.tier_change where position is null) as unpublished,
    (select count(*) from terrace.audit_unsealed) as unsealed"""
UNFINISHED = """select c.number, d.tries, d.quarantined, d.last_error from terrace.dirty d
    join terrace.customer c on c.id = d.customer_id"""


async def settled(world: World, seconds: float = 180.0) -> None:
    """Wait until the workers have nothing left to do."""
    left: dict[str, Any] = {}

    async def done() -> bool:
        left.update(dict((await world.fetch(LEFT_OVER))[0]))
        return not any(left.values())

    try:
        await until(done, seconds, "")
    except AssertionError:
        rows = await world.fetch(UNFINISHED)
        raise AssertionError(f"not settled: {left}, {[dict(r) for r in rows[:5]]}") from None


async def broken(
    world: World,
    population: Population,
    books: Books,
    *,
    poisoned: frozenset[str] = frozenset(),
    unjudged: frozenset[str] = frozenset(),
) -> list[str]:
    """Every invariant that does not hold.

    The `poisoned` cannot be caught up with; of the `unjudged` the model does not know enough.
    """
    model, problems = await model_of(world, population, books)
    problems += books.problems
    problems += await ledger(world, model)
    problems += await consequences(world, model, poisoned | unjudged)
    problems += await feeds(world)
    problems += await trail(world, books)
    problems += await replies(world, books)
    problems += await derived(world, poisoned)
    return problems


async def ledger(world: World, model: Model) -> list[str]:
    """Journal, balances and latest balances are the accepted updates, to the cent."""
    problems = []
    journal = {
        (r["update_id"], r["number"], r["as_of"]): r["cents"]
        for r in await world.fetch("""select u.update_id, a.number, u.as_of,
            (u.amount * 100)::bigint as cents from terrace.balance_update u
            join terrace.account a on a.customer_id = u.customer_id and a.id = u.account_id""")
    }
    sent = {(u.update_id, u.account, u.day): u.cents for u in model.updates}
    problems += _differences("journal", journal, sent)
    balances = {
        (r["number"], r["as_of"]): r["cents"]
        for r in await world.fetch("""select a.number, b.as_of, (b.amount * 100)::bigint as cents
            from terrace.balance b
            join terrace.account a on a.customer_id = b.customer_id and a.id = b.account_id""")
    }
    expected = model.balances()
    problems += _differences("balance", balances, expected)
    latest: dict[str, tuple[date, int]] = {}
    for (account, day), cents in expected.items():
        if account not in latest or day > latest[account][0]:
            latest[account] = (day, cents)
    found = {
        r["number"]: (r["balance_as_of"], r["cents"])
        for r in await world.fetch("""select number, balance_as_of,
            (balance * 100)::bigint as cents
            from terrace.account where balance_as_of is not null""")
    }
    return problems + _differences("latest balance", found, latest)


async def consequences(world: World, model: Model, poisoned: frozenset[str]) -> list[str]:
    """Figures, standings and events of every customer are those of a history that can have been."""
    found = await observed(world)
    holdings, updates = model.accounts_of(), model.by_customer()
    problems: list[str] = []
    skipped: list[str] = []
    for customer in sorted(holdings):
        if customer in poisoned:
            continue
        possible = model.outcomes(customer, updates.get(customer, []), holdings[customer])
        if possible is None:
            skipped.append(customer)
            continue
        expected = [_told(history) for history in possible]
        if found[customer] not in expected:
            nearest = expected[0]
            wrong = {
                part: (found[customer][part], nearest[part])
                for part in nearest
                if found[customer][part] != nearest[part]
            }
            told = await _story(world, customer, updates.get(customer, []))
            problems.append(f"{customer}: found, expected (1 of {len(expected)}): {wrong}; {told}")
        problems += await _open_month(model, customer, updates, holdings, found)
    world.skipped = len(skipped)
    if len(skipped) * 20 > len(holdings):  # a check of nobody would always come out well
        problems.append(f"{len(skipped)} of {len(holdings)} customers were too much for the model")
    return problems


async def _story(world: World, customer: str, updates: Any) -> str:
    """The late updates of a customer, and what was made of them."""
    late = [
        f"{u.account} {u.day} {u.cents / 100:.2f} in {u.counts_in:%Y-%m} by {u.atom}"
        for u in updates
        if u.day < u.counts_in
    ]
    rows = await world.fetch(
        """select month, posted_in, state, figures from terrace.correction x
        join terrace.customer c on c.id = x.customer_id where c.number = $1 order by x.id""",
        customer,
    )
    made = [f"{r['month']} in {r['posted_in']} {r['state']} {r['figures']}" for r in rows]
    return f"late: {late}; corrections: {made}"


async def _open_month(
    model: Model, customer: str, updates: Any, holdings: Any, found: Any
) -> list[str]:
    """The provisional figure of the open month, up to the business date."""
    if model.business_date is None:
        return []
    month = (
        following(model.closed[-1])
        if model.closed
        else min((u.day for u in model.updates), default=model.business_date).replace(day=1)
    )
    days = min((model.business_date - month).days + 1, days_of(month))
    sums = model.figure(holdings[customer], Ledger(updates.get(customer, [])), month, days)
    expected = shown(sum(sums, Fraction(0)) / days)
    shown_now = found[customer + "/open"]
    if shown_now is None and not any(sums):
        return []
    return [] if shown_now == expected else [f"{customer} in {month}: {shown_now}, not {expected}"]


async def observed(world: World) -> dict[str, Any]:
    """What the tables say of each customer, in the shape of `_told`."""
    found: dict[str, Any] = defaultdict(
        lambda: {"figures": {}, "standings": {}, "changes": [], "pending": None}
    )
    figures = """select c.number, a.month, deposits_sum, investments_sum, settlement_funds_sum
        from terrace.aum_figure a join terrace.customer c on c.id = a.customer_id
        where a.final"""
    for row in await world.fetch(figures):
        found[row["number"]]["figures"][row["month"]] = tuple(
            Fraction(row[name])
            for name in ("deposits_sum", "investments_sum", "settlement_funds_sum")
        )
    standings = """select c.number, s.* from terrace.standing s join terrace.customer c
        on c.id = s.customer_id, terrace.calendar k where s.month <= k.open_month"""
    for row in await world.fetch(standings):
        history = [(j["month"], j["total"], j["reached"]) for j in json.loads(row["history"])]
        found[row["number"]]["standings"][row["month"]] = (
            *(row["status"], row["tier"], row["since"], row["shortfall_months"]),
            *(row["below_entry_months"], row["retention_closes"], history, row["rule"]),
        )
    for row in await world.fetch("""select c.number, t.* from terrace.tier_change t
            join terrace.customer c on c.id = t.customer_id order by t.position"""):
        before, after = (row["from_status"], row["from_tier"]), (row["to_status"], row["to_tier"])
        found[row["number"]]["changes"].append(
            (row["kind"], row["effective_from"], before, after, row["rule"])
        )
    for row in await world.fetch("""select c.number, x.month from terrace.correction x
            join terrace.customer c on c.id = x.customer_id where state = 'PENDING_REVIEW'"""):
        found[row["number"]]["pending"] = row["month"]
    provisional = """select c.number, f.total::text from terrace.customer c, terrace.calendar k,
        terrace.aum_figure f where f.customer_id = c.id and f.month = k.open_month"""
    shown_now = {row["number"]: row["total"] for row in await world.fetch(provisional)}
    for row in await world.fetch("select number from terrace.customer"):
        found[row["number"] + "/open"] = shown_now.get(row["number"])
    return found


def _told(history: History) -> dict[str, Any]:
    return {
        "figures": dict(history.figures),
        "standings": {
            month: (
                *(state.status, state.tier, state.since, state.k, state.n, state.r),
                [(f"{j.month:%Y-%m}", j.total, j.reached) for j in state.history],
                rule,
            )
            for month, state, rule in history.standings
        },
        "changes": [(c.kind, c.effective, c.before, c.after, c.rule) for c in history.changes],
        "pending": history.pending,
    }


async def feeds(world: World) -> list[str]:
    """Positions of each feed are 1 to its head, each once, and nothing waits."""
    problems = []
    for table in ("tier_change", "risk_signal_event", "approval_event"):
        topic = table.removesuffix("_event")
        row = (
            await world.fetch(f"""select count(*) as events, count(position) as placed,
            count(distinct position) as places, coalesce(min(position), 1) as low,
            coalesce(max(position), 0) as high,
            (select head from terrace.feed where topic = '{topic}') as head from terrace.{table}""")
        )[0]
        if not row["events"] == row["placed"] == row["places"] == row["high"] == row["head"]:
            problems.append(f"feed {topic} has gaps or doubles: {dict(row)}")
        if row["low"] != 1:
            problems.append(f"feed {topic} begins at {row['low']}")
    return problems


async def trail(world: World, books: Books) -> list[str]:
    """Each command that changed something has one line in the audit trail, no other has one.

    And the trail is what was sealed.
    """
    counts = (
        await world.fetch("""select
        (select count(*) from terrace.audit where action = 'balances.record') as recorded,
        (select count(*) from terrace.request where operation = 'recordBalances') as requests,
        (select coalesce(sum((detail ->> 'accepted')::bigint), 0) from terrace.audit
            where action = 'balances.record')
        + (select coalesce(sum((detail ->> 'rows')::bigint), 0) from terrace.audit
            where action = 'balances.import') as accepted,
        (select count(*) from terrace.balance_update) as journal,
        (select count(*) from terrace.audit where action = 'special.grant') as granting,
        (select count(*) from terrace.special_grant) as grants,
        (select count(*) from terrace.audit where action = 'special.revoke') as revoking,
        (select count(*) from (select distinct customer_id, revoked_on from terrace.special_grant
            where revoked_on is not null) r) as revoked,
        (select count(*) from terrace.audit where action = 'tier.set') as setting,
        (select count(*) from terrace.manual_tier) as tiers,
        (select count(*) from terrace.audit where action = 'customer.terminate') as terminating,
        (select count(*) from terrace.customer where terminated_on is not null) as terminated,
        (select coalesce(sum(epoch), 0) from terrace.close_run) as runs,
        (select count(*) from terrace.audit where action = 'close.request') as requesting,
        (select count(*) from terrace.close_run where state = 'CLOSED') as closed,
        (select count(*) from terrace.audit where action = 'close.publish') as publishing,
        (select count(*) from terrace.audit where action like 'signal.%') as signalling,
        (select count(*) from terrace.risk_signal_event) as signals""")
    )[0]
    pairs = (
        *("recorded requests", "accepted journal", "granting grants", "setting tiers"),
        *("terminating terminated", "requesting runs", "publishing closed"),
    )
    wrong = [p for p in map(str.split, pairs) if counts[p[0]] != counts[p[1]]]
    problems = [f"audit: {a} {counts[a]}, {b} {counts[b]}" for a, b in wrong]
    if counts["revoking"] < counts["revoked"]:
        problems.append(f"audit: revoking {counts['revoking']}, revoked {counts['revoked']}")
    if counts["requests"] != len(books.requests):
        problems.append(f"{counts['requests']} stored replies for {len(books.requests)} requests")
    async with Database(world.database_url, KEY) as database:
        try:
            await verify(database)
        except TrailBroken as broken_at:
            problems.append(f"audit: {broken_at}")
    return problems


async def replies(world: World, books: Books, most: int = 20) -> list[str]:
    """The same request again gets the same answer."""
    problems = []
    step = max(1, len(books.requests) // most)
    token = world.token("integrator")
    for request in books.requests[::step]:
        given = [
            {"updateId": r.update_id, "account": r.account, "asOf": str(r.day), "balance": r.amount}
            for r in request.rows
        ]
        variables = {"input": {"idempotencyKey": request.key, "updates": given}}
        again = await ask(world, world.apis[0].port, RECORD, variables, token)
        if again.get("data", {}).get("recordBalances") != request.answer:
            problems.append(f"{request.key} got {request.answer}, and later {again}")
    return problems


async def derived(world: World, poisoned: frozenset[str]) -> list[str]:
    """What is true of the tables among themselves, also where the model does not look."""
    checks = {
        "marked customers": f"""select count(*) from terrace.dirty d join terrace.customer c
            on c.id = d.customer_id where not c.number = any(array{sorted(poisoned)}::text[])""",
        "held updates": "select count(*) from terrace.balance_update where held",
        "two standings from one close": """select count(*) from (select 1 from terrace.tier_change
            where closed_month is not null group by customer_id, closed_month
            having count(*) > 1) t""",
        "closed months without everybody": """select count(*) from terrace.close_run r
            where state = 'CLOSED' and customers > (select count(*) from terrace.standing s
            where s.month = (r.month + interval '1 month')::date)""",
        "tiers by hand that do not show": """select count(*) from (
            select distinct on (customer_id, month) customer_id, tier,
                date_trunc('month', day)::date as month
            from terrace.manual_tier order by customer_id, month, id desc) t
            left join terrace.standing s on s.customer_id = t.customer_id and s.month = t.month
            where (s.status, s.tier) is distinct from ('ACTIVE', t.tier)
            and s.terminated is not true""",
        "removed customers in a portfolio": """select count(*) from terrace.customer c
            join terrace.standing s on s.customer_id = c.id, terrace.calendar k
            where s.month = k.open_month and s.status = 'REMOVED'
            and s.since = k.open_month and c.manager_id <> 0
            and (c.status = 'TERMINATED' or not exists (
                select from terrace.audit a where a.action = 'customer.assign'
                and a.subject = c.number and a.after ->> 'manager' = (
                    select m.number from terrace.manager m where m.id = c.manager_id)
                and a.id > (
                    select max(id) from terrace.audit where action = 'close.publish')))""",
        "rows not with their customer's manager": """select count(*) from terrace.customer c
            join (select customer_id, manager_id, branch_id from terrace.aum
                union all select customer_id, manager_id, branch_id from terrace.standing
                union all select customer_id, manager_id, branch_id from terrace.tier_change
                union all select customer_id, manager_id, branch_id from terrace.account) x
            on x.customer_id = c.id
            where (x.manager_id, x.branch_id) <> (c.manager_id, c.branch_id)""",
    }
    found = {name: await world.value(query) for name, query in checks.items()}
    return [f"{count} {name}" for name, count in found.items() if count]


def _differences(name: str, found: dict[Any, Any], expected: dict[Any, Any]) -> list[str]:
    keys = found.keys() | expected.keys()
    wrong = [key for key in keys if found.get(key) != expected.get(key)]
    return [f"{name} {key}: {found.get(key)}, not {expected.get(key)}" for key in wrong[:5]] + (
        [f"{name}: {len(wrong) - 5} more"] if len(wrong) > 5 else []
    )
