-- name: computed_aum
-- AUM of customers in one month from the ledger's change points, by interval arithmetic.
-- $1 customers, $2 the month's first day, $3 the last day to count, $4 product classes that count,
-- $5 home currency, $6 divisor of the whole month.
-- One customer after the other, each by the keys: what it costs does not hang on what is guessed of
-- the length of $1.
with prices as materialized ({prices})
select
    asked.customer_id,
    v.deposits_sum, v.investments_sum, v.settlement_funds_sum,
    v.deposits_level, v.investments_level, v.settlement_funds_level,
    v.priced and asked.customer_id not in ({lacking_feed}) as complete,
    v.changes_on
from unnest($1::integer[]) as asked(customer_id)
cross join lateral (
    select
        coalesce(sum(h.value) filter (where h.component = 'DEPOSITS'), 0) as deposits_sum,
        coalesce(sum(h.value) filter (where h.component = 'INVESTMENTS'), 0) as investments_sum,
        coalesce(sum(h.value) filter (where h.component = 'SETTLEMENT_FUNDS'), 0)
            as settlement_funds_sum,
        coalesce(sum(h.level) filter (where h.component = 'DEPOSITS'), 0) as deposits_level,
        coalesce(sum(h.level) filter (where h.component = 'INVESTMENTS'), 0) as investments_level,
        coalesce(sum(h.level) filter (where h.component = 'SETTLEMENT_FUNDS'), 0)
            as settlement_funds_level,
        coalesce(bool_and(h.priced), true) as priced,
        min(h.changes_on) as changes_on
    from ({holdings_of_month}) h
) v

-- name: holdings_of_month
-- What each account that counts adds to the AUM of asked.customer_id; parameters as for computed_aum.
-- An account's balances are read from the one it opens the month with on, so that years of history
-- cost nothing. Of several entries of a day the last one in force counts: those before it hold for no
-- day.
with counting as materialized (
    select a.id, terrace.component(a.product_class) as component, a.closed_on,
        greatest(a.opened_on, $2::date) as opens, least(a.closed_on, $3::date) as closes,
        q.totals, q.rate, q.priced_from, q.next_quote
    from terrace.account a left join prices q on q.currency = a.currency
    where a.customer_id = asked.customer_id
        and a.product_class = any($4::text[])
        and a.opened_on <= $3::date
        and (a.closed_on is null or a.closed_on >= $2::date)
)
select c.component, held.value, held.level * coalesce(c.rate, 1) as level, held.priced,
    least(
        case when c.closed_on >= $3::date and held.value is not null then c.closed_on + 1 end,
        case when held.level <> 0 then c.next_quote end) as changes_on
from counting c
cross join lateral (
    select
        sum(span.amount * case
            when c.totals is null then (span.ends - span.starts + 1)::numeric
            else c.totals[span.ends - $2::date + 2] - c.totals[span.starts - $2::date + 1]
        end) as value,
        sum(span.amount) filter (where span.ends = $3::date) as level,
        bool_and(span.amount = 0 or coalesce(span.starts >= c.priced_from, true)) as priced
    from (
        select b.amount, greatest(b.as_of, c.opens) as starts,
            least(lead(b.as_of, 1, $3::date + 1) over (order by b.as_of, b.entry) - 1, c.closes)
                as ends
        from terrace.balance_update b
        where b.customer_id = asked.customer_id and b.account_id = c.id and not b.held
            and b.as_of <= $3::date and b.as_of >= coalesce((
                select max(before.as_of) from terrace.balance_update before
                where before.customer_id = asked.customer_id and before.account_id = c.id
                    and not before.held and before.as_of <= c.opens
            ), c.opens)
    ) span
    where span.ends >= span.starts
) held

-- name: prices
-- Currencies of customers other than the home currency, day by day from $2 to $3: totals[n + 1] is
-- what one unit held on each of the first n days adds up to (0 for a day before the first rate).
select c.currency, array[0.0] || daily.totals as totals, daily.rate,
    coalesce(
        (select min(r.as_of) from terrace.rate r where r.currency = c.currency), 'infinity'
    ) as priced_from,
    (select min(r.as_of) from terrace.rate r where r.currency = c.currency and r.as_of > $3::date)
        as next_quote
from (
    select distinct currency from terrace.account
    where customer_id = any($1::integer[]) and currency <> $5
) c
cross join lateral (
    select array_agg(d.total order by d.day) as totals,
        (array_agg(d.rate order by d.day desc))[1] as rate
    from (
        select day, coalesce(r.rate, 0) as rate,
            sum(coalesce(r.rate, 0)) over (order by day) as total
        from generate_series($2::date, $3::date, interval '1 day') day
        left join lateral (
            select r.rate from terrace.rate r
            where r.currency = c.currency and r.as_of <= day
            order by r.as_of desc limit 1
        ) r on true
    ) d
) daily

-- name: write_aum
-- Writes a month's figures of customers as the ledger has them now, where they differ.
insert into terrace.aum as known (
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
where (known.deposits_sum, known.investments_sum, known.settlement_funds_sum,
        known.deposits_level, known.investments_level, known.settlement_funds_level,
        known.as_of, known.divisor, known.complete, known.changes_on)
    is distinct from (excluded.deposits_sum, excluded.investments_sum,
        excluded.settlement_funds_sum, excluded.deposits_level, excluded.investments_level,
        excluded.settlement_funds_level, excluded.as_of, excluded.divisor, excluded.complete,
        excluded.changes_on);

-- name: deviating_aum
-- Figures of a closed month that no longer follow from the ledger: the stored total and the computed
-- sums. A customer who was not there when it was closed has had nothing.
select f.customer_id, coalesce(a.month_sum, 0) as old_total,
    f.deposits_sum, f.investments_sum, f.settlement_funds_sum,
    coalesce(a.divisor, $6::smallint) as divisor, f.complete
from ({computed_aum}) f
left join terrace.aum a on a.customer_id = f.customer_id and a.month = $2::date
cross join lateral (select $3::date - a.as_of as days) ahead
where (coalesce(a.deposits_sum + a.deposits_level * ahead.days, 0),
        coalesce(a.investments_sum + a.investments_level * ahead.days, 0),
        coalesce(a.settlement_funds_sum + a.settlement_funds_level * ahead.days, 0),
        coalesce(a.complete, true))
    is distinct from (f.deposits_sum, f.investments_sum, f.settlement_funds_sum, f.complete);

-- name: closed_totals
-- The figures of closed months of a customer from a month on.
select month, month_sum as total, divisor, complete
from terrace.aum
where customer_id = $1 and month >= $2::date and month <= $3::date
order by month;

-- name: claim_dirty
-- Takes customers to recompute who are dirty from after $2, and holds them till the end. One whom
-- somebody holds is left for the next look: to wait for one would keep all others waiting.
select d.customer_id, d.from_month
from terrace.dirty d join terrace.customer c on c.id = d.customer_id
where not d.quarantined and (d.retry_at is null or d.retry_at <= clock_timestamp())
    and ($2::date is null or d.from_month > $2::date)
order by d.customer_id limit $1
for update of d skip locked for no key update of c skip locked;

-- name: claim_dirty_for_close
-- The same for a close that needs customers dirty up to $2 to be right: also those who failed a
-- moment ago, and whoever is held is waited for.
select customer_id, from_month from terrace.dirty
where not quarantined and from_month <= $2::date
order by customer_id limit $1
for update;

-- name: lock_customers
-- Locks customers in one order; whoever writes figures or standings of a customer holds this.
select id from terrace.customer where id = any($1::integer[]) order by id for no key update;

-- name: dirty_from
-- The first month of a customer that nobody has caught up with yet.
select from_month from terrace.dirty where customer_id = $1;

-- name: dirty_again
-- What becomes of a customer who is dirty already when something new has come: tried anew. Where
-- nothing is to change the row is locked all the same, so that nobody takes it for caught up with
-- before the new can be seen.
on conflict (customer_id) do update
set from_month = least(terrace.dirty.from_month, excluded.from_month),
    tries = 0, retry_at = null, quarantined = false
where terrace.dirty.from_month > excluded.from_month or terrace.dirty.tries > 0

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
            and later.month = date_trunc('month', a.changes_on)::date
        offset 0) -- asked for each of the few, never a join of everybody
group by a.customer_id order by a.customer_id
on conflict (customer_id) do update set from_month = excluded.from_month
where terrace.dirty.from_month > excluded.from_month;
