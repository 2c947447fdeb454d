"""The golden documents' plans at a million customers: `python -m tests.schema.at_scale [N]`.

Fills a database with that many customers (`make plans`; some minutes and 12 GB) and asks PostgreSQL
how it would run every golden statement for every kind of scope. No large table may be scanned from
end to end: what is about all rows goes by an index alone. What each took is shown beside it.
"""

import asyncio
import sys
import time

import asyncpg

from benchmarks.place import KEY, Place, Scale, place, superuser
from benchmarks.population import customer_number, manager_number
from domain.actors import Actor, Role, Scope
from repository.database import Database
from repository.reading.statement import BOTH_WALLS, Statement
from schema.document import prepare
from schema.limits import Limits
from schema.plans import Planner
from schema.published import graphql_schema
from tests.schema.documents import GOLDEN, variables_of
from tests.schema.explained import LARGE, scans

CUSTOMERS = 1_000_000
ACTORS = {
    Scope.CUSTOMER: Actor(Role.CUSTOMER, customer_number(1), 1),
    Scope.MANAGER: Actor(Role.MANAGER, manager_number(1), 1),
    Scope.BRANCH: Actor(Role.BRANCH, "B001", 2),
    Scope.ALL: Actor(Role.HQ, "x", 0),
}


def golden(document: str, actor: Actor) -> tuple[Statement, list[object]]:
    """The statement of a golden document for an actor, and values for it."""
    schema = graphql_schema()
    prepared = prepare(schema, document, None, Limits(15, 1000, 5000))
    variables = {
        **variables_of(document),
        **({"number": customer_number(1)} if "$number:" in document else {}),
        **({"manager": manager_number(1)} if "$manager:" in document else {}),
    }
    coerced, _ = prepared.variables.read(variables)
    planner = Planner(schema, BOTH_WALLS)
    statement = planner.query(prepared, planner.compiler(prepared, coerced), actor.sight).statement
    return statement, statement.parameters.values(coerced, actor)


# What the population leaves out; every customer's share of it follows from the key.
_MORE = """
insert into terrace.tier_change (customer_id, manager_id, branch_id, kind, effective_from,
    from_status, to_status, to_tier, from_policy_version, decision_month, rule, policy_version,
    judged, before, state, position)
select id, manager_id, branch_id, 'ENTERED', '2025-02-01', 'NON_MEMBER', 'ACTIVE', 'T1', 1,
    '2025-01-01', 'ENTERED', 1, '[]', '{}', '{}', id
from terrace.customer where id % 3 = 0;
insert into terrace.special_grant (customer_id, manager_id, branch_id, starts, until, reason,
    granted_by)
select id, manager_id, branch_id, '2025-02-01', '2026-01-31', 'made up', 'nobody'
from terrace.customer where id % 20 = 0;
insert into terrace.replayed_standing (customer_id, month, manager_id, branch_id, state)
select id, '2026-01-01', manager_id, branch_id, '{}' from terrace.customer where id % 20 = 0;
insert into terrace.correction (customer_id, manager_id, branch_id, month, posted_in, state,
    figures, before, after)
select id, manager_id, branch_id, '2025-12-01', '2026-01-01',
    case when id % 200 = 0 then 'PENDING_REVIEW' else 'APPLIED' end,
    '[{"month": "2025-12", "old": "250000.00", "new": "10.00"}]', shown.state, shown.state
from terrace.customer, (select '{"status": "ACTIVE", "tier": "T1", "shortfall_months": 0,
    "below_entry_months": 0, "retention_closes": 0}'::jsonb as state) shown
where id % 20 = 0;
insert into terrace.risk_signal_event (customer_id, manager_id, branch_id, signal_id, state,
    position)
select customer_id, manager_id, branch_id, id, state, id from terrace.risk_signal;
"""


async def look(running: Place, customers: int) -> list[str]:
    """Every golden statement by scope; the scans of large tables from end to end."""
    url = await running.populated(customers, points=False)
    owner = await asyncpg.connect(superuser(url))
    await owner.execute("set session_replication_role = replica")
    await owner.execute(_MORE)
    await owner.execute("vacuum (analyze)")
    await owner.close()
    wrong = []
    async with Database(url, KEY, statement_seconds=15) as database:
        for name, document in GOLDEN.items():
            for scope, actor in ACTORS.items():
                statement, values = golden(document, actor)
                async with database.reading(scope) as connection:
                    found = await scans(connection, statement.sql)
                whole = [s for s in found if s.table in LARGE and s.kind == "Seq Scan"]
                began = time.perf_counter()
                try:
                    await database.answer(scope, statement.sql, values)
                    took = f"{(time.perf_counter() - began) * 1000:,.1f} ms"
                except asyncpg.QueryCanceledError:
                    took = "given up"
                shown = "; ".join(f"{scan.kind} on {scan.table} {scan.alias}" for scan in whole)
                print(f"{name:12} {scope.value:9} {took:>14}  {shown}", flush=True)
                wrong += [f"{name} of {scope}: {scan}" for scan in whole]
    return wrong


def main() -> None:
    """Fill, look, and fail if a large table is scanned from end to end."""
    customers = int(sys.argv[1]) if len(sys.argv) > 1 else CUSTOMERS
    with place(Scale.FULL) as running:
        wrong = asyncio.run(look(running, customers))
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
