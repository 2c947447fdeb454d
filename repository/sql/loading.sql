-- name: loading_settings
-- For a statement over thousands of given rows: planned for their real number, sorted in memory.
select set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('work_mem', '64MB', true);

-- name: one_loader
-- Held by whoever loads reference data: what one loader has looked up stays so for its write.
select pg_advisory_xact_lock(7000002);

-- name: no_loader
-- Held by whoever changes people one by one: no load of reference data runs beside it.
select pg_advisory_xact_lock_shared(7000002);

-- name: load_outcome
-- The rows that were refused, by line, and one row with the totals (line null): rows that brought
-- something new, rows that were stored already. A line replaced by a later one counts as that one.
select line, refused, null::bigint as recorded, null::bigint as unchanged
from judged where refused is not null
union all
select null, null, count(*) filter (where w.key is not null), count(*) filter (where w.key is null)
from judged j left join written w using (key)
where j.refused is null

-- name: known_branches
-- Every branch.
select id, code, name, parent_id from terrace.branch order by id;

-- name: add_branches
-- New branches: $1 codes, $2 names, $3 parents; every parent is an older branch.
insert into terrace.branch (code, name, parent_id)
select code, name, parent_id
from unnest($1::text[], $2::text[], $3::integer[]) as given(code, name, parent_id)
returning id, code;

-- name: change_branches
-- Branches with another name or parent: $1 keys, $2 names, $3 parents.
update terrace.branch b set name = given.name, parent_id = given.parent_id
from unnest($1::integer[], $2::text[], $3::integer[]) as given(id, name, parent_id)
where b.id = given.id;

-- name: load_managers
-- Managers: $1 lines, $2 numbers, $3 names, $4 branch codes, $5 active.
with given as materialized (
    select * from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::boolean[])
        as given(line, key, name, branch_code, active)
),
judged as materialized (
    select g.*, b.id as branch_id,
        (m.name, m.branch_id, m.active) is distinct from (g.name, b.id, g.active) as differs,
        case
            when b.id is null then 'UNKNOWN_BRANCH'
            when m.branch_id <> b.id
                and exists (select from terrace.customer c where c.manager_id = m.id)
                then 'MANAGER_HAS_CUSTOMERS'
        end as refused
    from given g
    left join terrace.branch b on b.code = g.branch_code
    left join terrace.manager m on m.number = g.key
),
winning as (
    select distinct on (key) * from judged where refused is null order by key, line desc
),
written as (
    insert into terrace.manager (number, name, branch_id, active)
    select key, name, branch_id, active from winning where differs order by line
    on conflict (number) do update
    set name = excluded.name, branch_id = excluded.branch_id, active = excluded.active
    returning number as key
)
{load_outcome};

-- name: load_customers
-- Customers: $1 lines, $2 numbers, $3 names, $4 kinds, $5 branch codes, $6 manager numbers,
-- $7 phones, $8 e-mail addresses, $9 documents, $10 dates of birth, $11 addresses, $12 readings.
-- Whoever left the portfolios for good, terminated or removed, is not given a manager by a file.
with given as materialized (
    select * from unnest(
        $1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::text[], $10::date[], $11::text[], $12::text[]
    ) as given(line, key, name, kind, branch_code, manager_number, phone, email, id_document,
        birth_date, address, reading)
),
looked_up as materialized (
    select g.*, c.id, b.id as branch_id,
        case
            when c.manager_id = 0 and (
                c.status = 'TERMINATED'
                or exists (
                    select from terrace.standing s, terrace.calendar k
                    where s.customer_id = c.id and s.month = k.open_month and s.status = 'REMOVED'))
                then 0
            else coalesce(m.id, 0)
        end as manager_id,
        case
            when b.id is null then 'UNKNOWN_BRANCH'
            when g.manager_number is not null and m.id is null then 'UNKNOWN_MANAGER'
            when m.branch_id <> b.id then 'MANAGER_OF_OTHER_BRANCH'
        end as refused
    from given g
    left join terrace.branch b on b.code = g.branch_code
    left join terrace.manager m on m.number = g.manager_number
    left join terrace.customer c on c.number = g.key
),
judged as materialized (
    select l.*,
        (c.name, c.kind, c.branch_id, c.manager_id, c.phone, c.email, c.id_document, c.birth_date,
            c.address)
        is distinct from
        (l.name, l.kind, l.branch_id, l.manager_id, l.phone, l.email, l.id_document, l.birth_date,
            l.address) as differs
    from looked_up l left join terrace.customer c on c.id = l.id
),
winning as (
    select distinct on (key) * from judged where refused is null order by key, line desc
),
written as (
    insert into terrace.customer (
        number, name, kind, branch_id, manager_id, phone, email, id_document, birth_date, address,
        reading)
    select key, name, kind, branch_id, manager_id, phone, email, id_document, birth_date, address,
        reading
    from winning where differs order by id, line
    on conflict (number) do update
    set name = excluded.name, kind = excluded.kind, branch_id = excluded.branch_id,
        manager_id = excluded.manager_id, phone = excluded.phone, email = excluded.email,
        id_document = excluded.id_document, birth_date = excluded.birth_date,
        address = excluded.address, reading = excluded.reading
    returning number as key
)
{load_outcome};

-- name: load_accounts
-- Accounts: $1 lines, $2 numbers, $3 customer numbers, $4 product classes, $5 currencies, $6 days
-- of opening, $7 days of closing. A customer's first account ends the time as a prospect. What
-- changes figures marks the owners from the first day whose value may be another one; a day to
-- come counts as the business date, which must learn of it.
with given as materialized (
    select * from unnest(
        $1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[]
    ) as given(line, key, customer_number, product_class, currency, opened_on, closed_on)
),
judged as materialized (
    select g.*, c.id as customer_id, c.manager_id, c.branch_id, a.id as account_id,
        a.customer_id as former_customer_id,
        a.customer_id is distinct from c.id as comes,
        (a.customer_id, a.product_class, a.currency, a.opened_on, a.closed_on) is distinct from
        (c.id, g.product_class, g.currency, g.opened_on, g.closed_on) as differs,
        least(
            case
                when (a.customer_id, a.product_class, a.currency, a.opened_on)
                    is distinct from (c.id, g.product_class, g.currency, g.opened_on)
                    then least(a.opened_on, g.opened_on)
            end,
            case
                when a.closed_on is distinct from g.closed_on
                    then least(a.closed_on, g.closed_on) + 1
            end
        ) as affected_from,
        case
            when c.id is null then 'UNKNOWN_CUSTOMER'
            when c.status = 'TERMINATED' and a.customer_id is distinct from c.id
                then 'CUSTOMER_TERMINATED'
            when (a.customer_id <> c.id or a.currency <> g.currency) and (
                a.balance_as_of is not null
                or exists (
                    select from terrace.balance_update u
                    where u.customer_id = a.customer_id and u.account_id = a.id))
                then 'ACCOUNT_FIXED'
        end as refused
    from given g
    left join terrace.customer c on c.number = g.customer_number
    left join terrace.account a on a.number = g.key
),
winning as materialized (
    select distinct on (key) * from judged where refused is null order by key, line desc
),
written as (
    insert into terrace.account (
        customer_id, manager_id, branch_id, number, product_class, currency, opened_on, closed_on)
    select customer_id, manager_id, branch_id, key, product_class, currency, opened_on, closed_on
    from winning where differs order by former_customer_id, account_id, line
    on conflict (number) do update
    set customer_id = excluded.customer_id, manager_id = excluded.manager_id,
        branch_id = excluded.branch_id, product_class = excluded.product_class,
        currency = excluded.currency, opened_on = excluded.opened_on,
        closed_on = excluded.closed_on
    returning number as key
),
promoted as (
    update terrace.customer set status = 'CURRENT'
    where status = 'PROSPECT' and id in (select customer_id from winning where comes)
),
marked as (
    insert into terrace.dirty (customer_id, from_month)
    select owner.id, min(date_trunc('month', least(
        greatest(w.affected_from, first_balance.as_of), k.business_date)))::date
    from winning w cross join terrace.calendar k
    cross join lateral (values (w.customer_id), (w.former_customer_id)) as owner(id)
    left join lateral (
        select b.as_of from terrace.balance_update b
        where b.customer_id = w.customer_id and b.account_id = w.account_id and not b.held
        order by b.as_of limit 1
    ) first_balance on true
    where w.differs and w.account_id is not null
    group by owner.id order by owner.id
    {dirty_again}
)
{load_outcome};

-- name: load_rates
-- Rates: $1 lines, $2 days, $3 currencies, $4 rates, $5 the last day a rate may have, $6 the home
-- currency. Whoever holds an account in the currency is marked from the first day with another rate.
with given as materialized (
    select line, currency || ' ' || as_of as key, as_of, currency, trim_scale(rate) as rate
    from unnest($1::integer[], $2::date[], $3::text[], $4::numeric[])
        as given(line, as_of, currency, rate)
),
judged as materialized (
    select g.*, r.rate is distinct from g.rate as differs,
        case
            when g.currency = $6 then 'HOME_CURRENCY'
            when g.as_of > $5::date then 'FUTURE_DATE'
        end as refused
    from given g left join terrace.rate r on r.currency = g.currency and r.as_of = g.as_of
),
winning as materialized (
    select distinct on (key) * from judged where refused is null order by key, line desc
),
written as (
    insert into terrace.rate (currency, as_of, rate)
    select currency, as_of, rate from winning where differs order by currency, as_of
    on conflict (currency, as_of) do update set rate = excluded.rate
    returning currency || ' ' || as_of as key
),
marked as (
    insert into terrace.dirty (customer_id, from_month)
    select a.customer_id, date_trunc('month', min(changed.as_of))::date
    from (
        select currency, min(as_of) as as_of from winning where differs group by currency
    ) changed
    join terrace.account a on a.currency = changed.currency
    where a.closed_on is null or a.closed_on >= changed.as_of
    group by a.customer_id order by a.customer_id
    {dirty_again}
)
{load_outcome};

-- name: recording_settings
-- For a statement over thousands of balances: planned for their real number, sorted in memory, and
-- accounts looked up one by one, however few there are.
select set_config('plan_cache_mode', 'force_custom_plan', true),
    set_config('work_mem', '64MB', true), set_config('enable_seqscan', 'off', true);

-- name: record_fresh_rows
-- Does what `record_rows` does, in less than half of its time, while no close is running, if nothing
-- is known of any day in it and no day is in it twice: every row is its day's first. If not there
-- is a unique violation. Nobody has locked the accounts: showing their latest balances does, in the
-- order that all writers keep. One that was changed since it was looked up is not found where it
-- had been; then the answer is not `complete`, and nothing of it may stay. The server carries
-- out the parts that write from the last to the first, so accounts come before the rows and the
-- marks, for which another one may have to wait, at the end.
with found as materialized (
    select g.place, g.update_id, g.as_of, (g.cents * 0.01)::numeric(18, 2) as amount,
        a.customer_id, a.id as account_id, a.address, {why_refused} as refused
    from {given_rows} left join (
        select customer_id, id, number, opened_on, closed_on, ctid as address
        from terrace.account where number = any($2::text[])
    ) a on a.number = g.account
    order by a.customer_id, a.id, g.as_of desc
),
newest as materialized (
    select distinct on (customer_id, account_id) address, as_of, amount
    from found where refused is null
    order by customer_id, account_id, as_of desc
),
latest as (
    update terrace.account a
    set balance = case when a.balance_as_of > n.as_of then a.balance else n.amount end,
        balance_as_of = greatest(a.balance_as_of, n.as_of)
    from newest n where a.ctid = n.address
    returning 1
),
shown as materialized (select count(*) as accounts from latest),
marked as (
    insert into terrace.dirty (customer_id, from_month)
    select customer_id, date_trunc('month', min(as_of))::date from found where refused is null
    group by customer_id order by customer_id
    {dirty_again}
),
recorded as (
    insert into terrace.balance_update (customer_id, account_id, as_of, entry, amount, update_id)
    select customer_id, account_id, as_of, 0, amount, update_id from found
    where refused is null and (select accounts from shown) >= 0
)
select place, refused, null::bigint as accepted, null::bigint as duplicates,
    null::date as first_day, null::date as last_day, null::boolean as complete
from found where refused is not null
union all
select null, null, count(*), 0, min(as_of), max(as_of),
    (select accounts from shown) = (select count(*) from newest)
from found where refused is null;
