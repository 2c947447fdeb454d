-- name: needs_ledger
-- Customers of a chunk whose figure of a month must be made from the ledger: there is none, it no
-- longer follows from the ledger, a level changes by itself before the month ends, or it lacks a feed.
-- Everybody, if $5. $1 the customers in order, $2 the month's first day, $3 its last, $4 classes that count.
select chunk.id from unnest($1::integer[]) as chunk(id)
where $5::boolean
    or chunk.id not in (
        select a.customer_id from terrace.aum a
        where a.customer_id between ($1::integer[])[1] and ($1::integer[])[cardinality($1::integer[])]
            and a.month = $2::date
            and (a.as_of >= $3::date or a.changes_on is null or a.changes_on > $3::date))
    or chunk.id in ({lacking_feed})
    or chunk.id in (
        select d.customer_id from terrace.dirty d
        where d.from_month <= $2::date and d.customer_id
            between ($1::integer[])[1] and ($1::integer[])[cardinality($1::integer[])])
order by chunk.id;

-- name: forget_changes
-- Months before $3 no longer tell when a level changes by itself: the figure of $3 does.
update terrace.aum set changes_on = null
where customer_id between $1 and $2 and changes_on is not null and month < $3::date;

-- name: unremarkable
-- Whom nothing happens to at a close, so that the standing stays as it is: a customer without any
-- grant or replay, with a complete figure and no run of months behind, who is no member and does not
-- enter, or who reaches exactly the own tier. domain.tiers.judge says the same of each of them (and
-- is asked about everybody else); tests/repository/test_judging.py holds the two together.
found.complete and not found.granted and found.replayed is null and found.history = '[]'
and found.shortfall_months = 0 and found.below_entry_months = 0 and found.retention_closes = 0
and case found.status
    when 'ACTIVE' then found.tier = found.reached
    when 'NON_MEMBER' then found.tier is null and found.total <= $7
    when 'REMOVED' then found.tier is null and (found.total <= $7 or found.terminated)
end

-- name: judge_chunk
-- Gives the standings of the next month $4 to customers from $1 to $2 whom nothing happens to at the
-- close of $3, and answers with what is to be judged of all others.
-- The policy: $5 its version, $6 the codes of its tiers, lowest first, $7 the sum of a month on the
-- entry line, $8 those on the lines of all tiers. $9 names $3.
with found as (
    select c.id as customer_id, c.manager_id, c.branch_id,
        a.total, a.average, a.complete,
        ($6::text[])[width_bucket(a.total, $8::numeric[])] as reached,
        coalesce(s.status, 'NON_MEMBER') as status, s.tier, s.since,
        coalesce(s.shortfall_months, 0::smallint) as shortfall_months,
        coalesce(s.below_entry_months, 0::smallint) as below_entry_months,
        coalesce(s.retention_closes, 0::smallint) as retention_closes,
        coalesce(s.history, '[]') as history, coalesce(s.terminated, false) as terminated,
        s.policy_version, r.state as replayed,
        c.id in (
            select g.customer_id from terrace.special_grant g where g.customer_id between $1 and $2
        ) as granted
    from terrace.customer c
    cross join lateral (
        select complete, month_sum as total, total as average
        from terrace.aum where customer_id = c.id and month = $3::date
        offset 0
    ) a
    left join lateral (
        select * from terrace.standing s
        where s.customer_id = c.id and s.month <= $3::date
        order by s.month desc limit 1
    ) s on true
    left join terrace.replayed_standing r on r.customer_id = c.id and r.month = $3::date
    where c.id between $1 and $2
    order by c.id
),
judged as materialized (
    select found.*, coalesce({unremarkable}, false) as unremarkable from found
),
stays as (
    insert into terrace.standing (
        customer_id, month, manager_id, branch_id, status, tier, since, shortfall_months,
        below_entry_months, retention_closes, special_until, history, terminated, decision_month,
        rule, policy_version, judged, before)
    select customer_id, $4::date, manager_id, branch_id, status, tier, since, shortfall_months,
        below_entry_months, retention_closes, null, history, terminated, $3::date,
        case status
            when 'ACTIVE' then 'KEPT'
            when 'NON_MEMBER' then 'NOT_ENTERED'
            else 'STAYS_REMOVED'
        end,
        $5::integer,
        jsonb_build_array(jsonb_build_object(
            'month', $9::text,
            'total', average::text,
            'reached', reached)),
        null
    from judged where unremarkable
)
select customer_id, total, complete, status, tier, since, shortfall_months, below_entry_months,
    retention_closes, history, terminated, policy_version, replayed
from judged where not unremarkable;

-- name: forget_standings
-- Nothing of a former run is left: the standings that it gave for the month $3. (month + 0: before
-- its close the month has no rows that the planner knows of, and it would read all of it each time.)
delete from terrace.standing where customer_id between $1 and $2 and month + 0 = $3::date;

-- name: resum
-- Sums the month from $3 to $4 of customers $1 to $2 once more and in another way, from nothing but
-- the ledger, and holds it against their figures. $5 classes that count, $6 home currency. Answers the
-- customers compared, both totals, and the first customer who differs.
-- An account in home currency that is open all month: what it opens the month with counts for every
-- day, and each signed step from there for the days that remain. Any other account: day by day. One
-- account after the other, by the keys: nothing is joined whose size a plan would have to guess.
with counting as materialized (
    select a.customer_id, a.id, a.currency, a.opened_on, a.closed_on,
        a.currency = $6 and a.opened_on <= $3::date
            and (a.closed_on is null or a.closed_on >= $4::date) as usual,
        before.as_of as since, coalesce(before.amount, 0) as opening
    from terrace.account a
    left join lateral (
        select b.as_of, b.amount from terrace.balance_update b
        where {entries_of_account} and b.as_of < $3::date
        order by b.as_of desc, b.entry desc limit 1
    ) before on true
    where a.customer_id between $1 and $2
        and a.product_class = any($5::text[])
        and a.opened_on <= $4::date
        and (a.closed_on is null or a.closed_on >= $3::date)
),
quotes as materialized (
    select c.currency, d.day::date as day, case when c.currency = $6 then 1 else (
        select rate from terrace.rate r where r.currency = c.currency and r.as_of <= d.day
        order by r.as_of desc limit 1
    ) end as rate
    from (select distinct currency from counting where not usual) c
    cross join generate_series($3::date, $4::date, interval '1 day') d(day)
),
parts as (
    select customer_id, month_sum as stored, 0 as again
    from terrace.aum where customer_id between $1 and $2 and month = $3::date
    union all
    select a.customer_id, null,
        case when a.usual then ({total_by_steps}) else ({total_by_days}) end
    from counting a
),
summed as (
    select customer_id, max(stored) as stored, coalesce(sum(again), 0) as again
    from parts group by customer_id
)
select count(stored)::integer as customers,
    coalesce(sum(stored), 0) as total,
    coalesce(sum(again), 0) as again,
    min(customer_id) filter (where stored <> again) as differs
from summed;

-- name: total_by_steps
-- See resum.
select a.opening * ($4::date + 1 - $3::date)
    + coalesce(sum(s.step * ($4::date + 1 - s.as_of)), 0)
from (
    select b.as_of, b.amount - lag(b.amount, 1, a.opening) over (order by b.as_of, b.entry) as step
    from terrace.balance_update b
    where {entries_of_account} and b.as_of between $3::date and $4::date
) s

-- name: total_by_days
-- See resum.
select sum(s.amount * coalesce(q.rate, 0))
from (
    select b.amount, greatest(b.as_of, a.opened_on) as first, least(
        lead(b.as_of, 1, $4::date + 1) over (order by b.as_of, b.entry) - 1, a.closed_on) as last
    from terrace.balance_update b
    where {entries_of_account} and b.as_of between coalesce(a.since, $3::date) and $4::date
) s
join quotes q on q.currency = a.currency and q.day between s.first and s.last

-- name: entries_of_account
-- Entries b of the account a that are in force; see resum.
b.customer_id = a.customer_id and b.account_id = a.id and not b.held

-- name: broken_chunks
-- Chunks of the close of $1 ($2 the month after) in which something is no longer as it was judged:
-- figures or standings of customers were lost or changed. $3 first keys.
select k.first_customer, k.last_customer, k.customers, k.total,
    figures.count as figures, figures.total as figures_total, standings.count as standings
from terrace.close_chunk k
cross join lateral (
    select count(*), coalesce(sum(month_sum), 0) as total
    from terrace.aum
    where customer_id between k.first_customer and k.last_customer and month = $1::date
) figures
cross join lateral (
    select count(*) from terrace.standing
    where customer_id between k.first_customer and k.last_customer
        and month + 0 = $2::date -- see forget_standings
) standings
where k.month = $1::date and k.first_customer = any($3::integer[])
    and (not k.done or k.customers <> figures.count or k.customers <> standings.count
        or k.total <> figures.total)
order by k.first_customer;
