-- name: computed_aum
-- AUM of customers in one month from the ledger's change points, by interval arithmetic.
-- $1 customers, $2 the month's first day, $3 the last day to count, $4 product classes that count,
-- $5 home currency, $6 divisor of the whole month.
select
    asked.customer_id,
    coalesce(sum(v.value) filter (where v.component = 'DEPOSITS'), 0) as deposits_sum,
    coalesce(sum(v.value) filter (where v.component = 'INVESTMENTS'), 0) as investments_sum,
    coalesce(sum(v.value) filter (where v.component = 'SETTLEMENT_FUNDS'), 0)
        as settlement_funds_sum,
    coalesce(sum(v.level) filter (where v.component = 'DEPOSITS'), 0) as deposits_level,
    coalesce(sum(v.level) filter (where v.component = 'INVESTMENTS'), 0) as investments_level,
    coalesce(sum(v.level) filter (where v.component = 'SETTLEMENT_FUNDS'), 0)
        as settlement_funds_level,
    coalesce(sum(v.unvalued), 0) = 0 and asked.customer_id not in ({lacking_feed}) as complete,
    least(min(v.closed_on) + 1, min(v.next_quote)) as changes_on
from unnest($1::integer[]) as asked(customer_id)
left join (
    with held as (
        select a.customer_id, a.id, a.currency, terrace.component(a.product_class) as component,
            greatest(a.opened_on, $2::date) as opens, least(a.closed_on, $3::date) as closes,
            case when a.closed_on >= $3::date then a.closed_on end as closed_on
        from terrace.account a
        where a.customer_id = any($1::integer[])
            and a.product_class = any($4::text[])
            and a.opened_on <= $3::date
            and (a.closed_on is null or a.closed_on >= $2::date)
    ),
    points as (
        select h.*, $2::date as day, 0 as place, before.amount
        from held h cross join lateral (
            select b.amount from terrace.balance b
            where b.customer_id = h.customer_id and b.account_id = h.id and b.as_of < $2::date
            order by b.as_of desc limit 1
        ) before
        union all
        select h.*, b.as_of, 1, b.amount
        from held h join terrace.balance b
            on b.customer_id = h.customer_id and b.account_id = h.id
            and b.as_of between $2::date and $3::date
    ),
    spans as (
        select customer_id, component, currency, amount, closed_on,
            greatest(day, opens) as starts,
            least(coalesce(
                lead(day) over (partition by customer_id, id order by day, place) - 1, $3::date
            ), closes) as ends
        from points
    ),
    quotes as (
        select currency, rate, as_of,
            lead(as_of) over (partition by currency order by as_of) as until
        from terrace.rate
        where as_of <= $3::date
    )
    select s.customer_id, s.component, s.closed_on, null::date as next_quote,
        s.amount * (s.ends - s.starts + 1) as value,
        case when s.ends = $3::date then s.amount end as level,
        0 as unvalued
    from spans s
    where s.currency = $5 and s.ends >= s.starts
    union all
    select s.customer_id, s.component, s.closed_on,
        case when s.ends = $3::date and s.amount <> 0 then (
            select min(r.as_of) from terrace.rate r
            where r.currency = s.currency and r.as_of > $3::date
        ) end,
        s.amount * coalesce(q.value, 0), s.amount * q.level,
        case when s.amount = 0 then 0 else s.ends - s.starts + 1 - coalesce(q.days, 0) end
    from spans s cross join lateral (
        select
            sum(q.rate * (least(q.until - 1, s.ends) - greatest(q.as_of, s.starts) + 1)) as value,
            sum(least(q.until - 1, s.ends) - greatest(q.as_of, s.starts) + 1)::integer as days,
            sum(q.rate) filter (
                where s.ends = $3::date and (q.until is null or q.until > $3::date)) as level
        from quotes q
        where q.currency = s.currency and q.as_of <= s.ends
            and (q.until is null or q.until > s.starts)
    ) q
    where s.currency <> $5 and s.ends >= s.starts
) v using (customer_id)
group by asked.customer_id

-- name: write_aum
-- Writes a month's figures of customers as the ledger has them now; answers what they are.
insert into terrace.aum (
    customer_id, month, manager_id, branch_id,
    deposits_sum, investments_sum, settlement_funds_sum,
    deposits_level, investments_level, settlement_funds_level,
    as_of, divisor, complete, changes_on)
select c.id, $2::date, c.manager_id, c.branch_id,
    f.deposits_sum, f.investments_sum, f.settlement_funds_sum,
    f.deposits_level, f.investments_level, f.settlement_funds_level,
    $3::date, $6::smallint, f.complete, f.changes_on
from ({computed_aum}) f join terrace.customer c on c.id = f.customer_id
order by c.id
on conflict (customer_id, month) do update set
    deposits_sum = excluded.deposits_sum,
    investments_sum = excluded.investments_sum,
    settlement_funds_sum = excluded.settlement_funds_sum,
    deposits_level = excluded.deposits_level,
    investments_level = excluded.investments_level,
    settlement_funds_level = excluded.settlement_funds_level,
    as_of = excluded.as_of, divisor = excluded.divisor,
    complete = excluded.complete, changes_on = excluded.changes_on
returning customer_id, deposits_sum + investments_sum + settlement_funds_sum as total, complete;

-- name: deviating_aum
-- Figures of a closed month that no longer follow from the ledger: stored and computed sums. A
-- customer who was not there when it was closed has had nothing.
select f.customer_id,
    coalesce(a.deposits_sum, 0) as old_deposits,
    coalesce(a.investments_sum, 0) as old_investments,
    coalesce(a.settlement_funds_sum, 0) as old_settlement_funds,
    f.deposits_sum, f.investments_sum, f.settlement_funds_sum,
    coalesce(a.divisor, $6::smallint) as divisor, f.complete
from ({computed_aum}) f
left join terrace.aum a on a.customer_id = f.customer_id and a.month = $2::date
where (coalesce(a.deposits_sum, 0), coalesce(a.investments_sum, 0),
        coalesce(a.settlement_funds_sum, 0), coalesce(a.complete, true))
    is distinct from (f.deposits_sum, f.investments_sum, f.settlement_funds_sum, f.complete);

-- name: closed_totals
-- The figures of closed months of a customer from a month on.
select month, deposits_sum + investments_sum + settlement_funds_sum as total, divisor, complete
from terrace.aum
where customer_id = $1 and month >= $2::date and month <= $3::date
order by month;

-- name: claim_dirty
-- Takes customers to recompute, those waiting longest first, and holds them till the end.
select customer_id, version, from_month from terrace.dirty
where not quarantined and (retry_at is null or retry_at <= clock_timestamp())
    and ($2::date is null or from_month <= $2::date)
    and ($3::date is null or from_month > $3::date)
order by customer_id limit $1
for update skip locked;

-- name: lock_customers
-- Locks customers in one order; whoever writes figures or standings of a customer holds this.
select id from terrace.customer where id = any($1::integer[]) order by id for no key update;

-- name: dirty_again
-- What becomes of a customer who is dirty already when something new has come: tried anew.
on conflict (customer_id) do update
set version = terrace.dirty.version + 1,
    from_month = least(terrace.dirty.from_month, excluded.from_month),
    tries = 0, retry_at = null, quarantined = false

-- name: settle_dirty
-- These customers have been caught up with; the claim is still held, so none was marked meanwhile.
delete from terrace.dirty where customer_id = any($1::integer[]);

-- name: advance_dirty
-- A close has just computed the month $2 of these customers from the ledger: they are only dirty
-- from the month after it.
update terrace.dirty set from_month = $3::date
where customer_id = any($1::integer[]) and from_month = $2::date;

-- name: fail_dirty
-- A customer whose recompute failed waits a little longer each time, and is set aside after five.
update terrace.dirty
set tries = tries + 1, last_error = left($2, 500),
    retry_at = clock_timestamp() + interval '1 second' * power(4, tries),
    quarantined = tries + 1 >= 5
where customer_id = $1
returning quarantined;

-- name: mark_changing
-- Marks customers whose level changes on a day that has come, such as an account's closing.
insert into terrace.dirty (customer_id, from_month)
select a.customer_id, date_trunc('month', min(a.changes_on))::date
from terrace.aum a, terrace.calendar c
where a.changes_on <= c.business_date and a.as_of < a.changes_on
    and not exists (
        select from terrace.aum later
        where later.customer_id = a.customer_id and later.as_of >= a.changes_on
            and later.month = date_trunc('month', a.changes_on)::date)
group by a.customer_id order by a.customer_id
on conflict (customer_id) do update set from_month = excluded.from_month
where terrace.dirty.from_month > excluded.from_month;
