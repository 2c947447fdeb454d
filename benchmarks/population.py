"""A synthetic institution, made inside the server: nothing is sent row by row.

Twelve months of 2025 are closed, January 2026 is open and at its last day. Every customer has
three accounts and a manager with some 200 customers; about one in twenty is about to change tier.
The figures of closed months are plausible, those of the open one follow from the ledger. Rows lie
as they would have come: balances by day, figures and standings by month.
"""

from datetime import timedelta

import asyncpg

from domain.months import Month
from domain.policy import DEFAULT_POLICY
from repository.database import Database
from repository.figures import write_aum
from workers.recompute import recompute

OPEN = Month(2026, 1)
CUSTOMERS_OF_A_MANAGER = 200
BRANCHES = 10
_LAST_DAYS = 8  # of the month, over which the latest balances are spread
_AT_ONCE = 10_000
HOME = "CNY"

_ORGANISATION = """
insert into terrace.branch (code, name) values ('U', 'Union');
insert into terrace.branch (code, name, parent_id)
select 'B' || lpad(i::text, 3, '0'), 'Branch ' || i, 1 from generate_series(1, {branches}) i;
insert into terrace.manager (number, name, branch_id)
select 'M' || lpad(i::text, 5, '0'), 'Manager ' || i, 2 + i % {branches}
from generate_series(1, {managers}) i order by i;
insert into terrace.rate (currency, as_of, rate)
select 'USD', day, 7 + extract(day from day) / 100
from generate_series(date '2025-01-01', date '2026-01-31', interval '7 days') day;
update terrace.calendar
set first_month = '2025-01-01', last_closed = '2025-12-01', business_date = '2026-01-31';
"""

# Level: a customer's usual total, by shares of 60, 25, 8, 4, 2 and 1 % per tier.
_LEVELS = """
create temporary table level as
select i as id, 1 + (i - 1) % {managers} as manager_id, 2 + (1 + (i - 1) % {managers}) % {branches}
        as branch_id, tier,
    round(case tier
        when 0 then 5000 + i::bigint * 37 % 150000 when 1 then 250000 + i::bigint * 41 % 200000
        when 2 then 550000 + i::bigint * 43 % 350000 when 3 then 1200000 + i::bigint * 47 % 1300000
        when 4 then 3500000 + i::bigint * 53 % 4500000 else 12000000 + i::bigint * 59 % 18000000
    end / 3.0, 2) as third
from (
    select i, case
        when p < 600 then 0 when p < 850 then 1 when p < 930 then 2
        when p < 970 then 3 when p < 990 then 4 else 5
    end as tier
    from (select i, i::bigint * 7919 % 1000 as p from generate_series(1, {customers}) i) numbered
) ranked;
create unique index on level (id);
analyze level;
"""

_CUSTOMERS = """
insert into terrace.customer (number, name, kind, status, phone, email, id_document, birth_date,
    address, branch_id, manager_id)
select 'C' || lpad(id::text, 8, '0'), 'Customer ' || id,
    case when id % 20 = 7 then 'ORGANISATION' else 'INDIVIDUAL' end, 'CURRENT',
    '138' || lpad(id::text, 8, '0'), 'c' || id || '@example.org', '11010119800101' || id % 10000,
    date '1960-01-01' + id % 15000, id || ' Example Road, Example Town', branch_id, manager_id
from level order by id;
insert into terrace.account (customer_id, manager_id, branch_id, number, product_class, currency,
    opened_on, balance, balance_as_of)
select id, manager_id, branch_id, 'A' || lpad(id::text, 8, '0') || j,
    case j when 1 then 'DEMAND_DEPOSIT' when 3 then 'SETTLEMENT_FUNDS'
        else (array['TERM_DEPOSIT', 'WEALTH_PRODUCT', 'FUND'])[1 + id % 3] end,
    case when j = 2 and id % 25 = 0 then 'USD' else 'CNY' end,
    date '2020-01-01' + id % 1500, third, date '2025-12-15'
from level, generate_series(1, 3) j order by id, j;
insert into terrace.risk_signal (customer_id, manager_id, branch_id, code, severity, state, facts,
    reported_by, reporter_id, reported_at)
select id, manager_id, branch_id, 'BALANCE_OUTFLOW',
    (array['RED', 'ORANGE', 'YELLOW', 'BLUE'])[1 + (id + n) % 4], 'REPORTED',
    'The balance fell by ' || n || '0 % within a week.', 'manager', manager_id,
    timestamptz '2025-11-01 08:00:00+00' + (id % 1000 + n) * interval '1 hour'
from level, generate_series(1, id % 8) n order by id, n;
"""

_CLOSED_MONTHS = """
insert into terrace.aum (customer_id, month, manager_id, branch_id,
    deposits_sum, investments_sum, settlement_funds_sum,
    deposits_level, investments_level, settlement_funds_level, as_of, divisor, complete)
select id, month, manager_id, branch_id, third * days, third * days, third * days,
    third, third, third, month + days - 1, days, true
from level, lateral (
    select m::date as month, (m + interval '1 month')::date - m::date as days
    from generate_series(date '2025-01-01', date '2025-12-01', interval '1 month') m
) months order by month, id;
insert into terrace.standing (customer_id, month, manager_id, branch_id, status, tier, since,
    decision_month, rule, policy_version, judged)
select id, month, manager_id, branch_id, case tier when 0 then 'NON_MEMBER' else 'ACTIVE' end,
    'T' || nullif(tier, 0), case when tier > 0 then date '2024-06-01' end,
    (month - interval '1 month')::date, case tier when 0 then 'NOT_ENTERED' else 'KEPT' end, 1,
    jsonb_build_array(jsonb_build_object('month', left((month - interval '1 month')::text, 7),
        'total', (third * 3)::text, 'reached', 'T' || nullif(tier, 0)))
from level, lateral (
    select m::date as month
    from generate_series(date '2025-02-01', date '2026-01-01', interval '1 month') m
) months order by month, id;
"""

# The indexes of `standing` that no constraint needs: made when it is full, they cost a third.
_STANDING_INDEXES = """
select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
from pg_index
where indrelid = 'terrace.standing'::regclass
    and not exists (select from pg_constraint where conindid = indexrelid)
"""

_BALANCES = """
insert into terrace.balance_update (customer_id, account_id, as_of, entry, amount)
select customer_id, id, balance_as_of, 0, balance from terrace.account;
"""

# Eight change points an account, the last of a customer in the month's last week; the twentieth
# customers lose more than half.
_POINTS = """
insert into terrace.balance_update (customer_id, account_id, as_of, entry, amount)
select customer_id, id, date '2026-01-01' + k * 3 + id % 3 + customer_id % 8, 0,
    round(balance * (1 + ((id * 13 + k * 7) % 11 - 5) / 100.0)
        * case when customer_id % 20 = 0 then 0.4 else 1 end, 2)
from terrace.account, generate_series(0, 7) k order by 3, 1, 2;
update terrace.account a set balance = b.amount, balance_as_of = b.as_of
from terrace.balance_update b
where b.customer_id = a.customer_id and b.account_id = a.id
    and b.as_of = date '2026-01-22' + a.id % 3 + a.customer_id % 8;
"""


async def populate(
    superuser_url: str, database: Database, customers: int, *, points: bool = True
) -> None:
    """Fill a migrated database without data; `points` are the balances within the open month."""
    names = {
        "customers": customers,
        "managers": max(1, customers // CUSTOMERS_OF_A_MANAGER),
        "branches": BRANCHES,
    }
    steps = [_ORGANISATION, _LEVELS, _CUSTOMERS, _CLOSED_MONTHS, _BALANCES]
    if points:
        steps.append(_POINTS)
    connection = await asyncpg.connect(superuser_url)
    try:
        # Triggers check foreign keys row by row; what is made here has none that dangle.
        await connection.execute("set session_replication_role = replica")
        await connection.execute("set maintenance_work_mem = '512MB'")
        indexes = await connection.fetch(_STANDING_INDEXES)
        for index in indexes:
            await connection.execute(f"drop index {index['name']}")
        for step in steps:
            await connection.execute(step.format(**names))
        for index in indexes:
            await connection.execute(index["definition"])
        await connection.execute("vacuum (analyze)")
        await _open_month(database, customers, _LAST_DAYS if points else 1)
        await connection.execute("vacuum (analyze) terrace.aum, terrace.dirty")
    finally:
        await connection.close()


async def _open_month(database: Database, customers: int, days: int) -> None:
    """The open month's figures as workers leave them: up to the day of the latest balance.

    Those days are the last ones of the month, spread over the customers by their keys. Whose level
    changed since without a balance, as by a rate, has been caught up with as well.
    """
    for place in range(days):
        day = OPEN.last_day - timedelta(days=days - 1 - place)
        keys = range(1 + (place - 1) % days, customers + 1, days)
        for first in range(0, len(keys), _AT_ONCE):
            async with database.unit() as unit:
                await write_aum(
                    unit, keys[first : first + _AT_ONCE], OPEN, day, DEFAULT_POLICY, HOME
                )
    await recompute(database, _AT_ONCE)


def customer_number(key: int) -> str:
    """The number of the customer with this key, from 1."""
    return f"C{key:08d}"


def manager_number(key: int) -> str:
    """The number of the manager with this key, from 1."""
    return f"M{key:05d}"


def account_number(customer: int, place: int) -> str:
    """The number of a customer's account, `place` 1 to 3; its key is 3 x (customer - 1) + place."""
    return f"A{customer:08d}{place}"
