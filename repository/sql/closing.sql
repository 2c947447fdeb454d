-- name: begin_close
-- Starts the close of a month. One that failed starts anew under another epoch, so that a closer
-- of the failed one can write nothing any more. $3 and $4: why it goes on without feeds that are
-- missing, and which.
insert into terrace.close_run (month, state, requested_by, override_reason, override_missing)
values ($1::date, 'CUTOFF', $2, $3, $4::jsonb)
on conflict (month) do update
set state = 'CUTOFF', epoch = terrace.close_run.epoch + 1, problem = null, requested_by = $2,
    override_reason = $3, override_missing = $4::jsonb, cutoff_at = clock_timestamp()
where terrace.close_run.state = 'FAILED'
returning epoch;

-- name: forget_chunks
-- Nothing of a failed close is left: its chunks, and its events, which nobody has seen.
delete from terrace.close_chunk where month = $1::date;

-- name: forget_events
-- See above.
delete from terrace.tier_change where closed_month = $1::date and position is null;

-- name: freeze_month
-- From here on updates for the month (and earlier) are held back until it is closed.
update terrace.calendar set closing = $1::date where closing is null or closing = $1::date;

-- name: plan_once
-- Whether the run of an epoch is still to be planned; the one who asks keeps others waiting.
select true from terrace.close_run
where month = $1::date and epoch = $2 and state = 'CUTOFF' for no key update;

-- name: plan_chunks
-- Cuts the customers into chunks of $2 by key.
insert into terrace.close_chunk (month, first_customer, last_customer)
select $1::date, min(id), max(id) from (
    select id, (row_number() over (order by id) - 1) / $2::integer as chunk from terrace.customer
) c group by chunk order by min(id)
on conflict do nothing;

-- name: run_close
-- The run moves on to judging.
update terrace.close_run
set state = 'RUNNING', customers = (select count(*) from terrace.customer)
where month = $1::date and state = 'CUTOFF';

-- name: close_state
-- How far a close has come.
select r.month, r.epoch, r.state, r.customers, r.problem, r.cutoff_at, r.closed_at,
    r.override_reason, r.override_missing,
    coalesce(sum(c.customers) filter (where c.done), 0)::integer as judged,
    coalesce(sum(c.changes) filter (where c.done), 0)::integer as changes,
    count(*) filter (where not c.done)::integer as chunks_left
from terrace.close_run r left join terrace.close_chunk c using (month)
where r.month = $1::date
group by r.month;

-- name: before_judging
-- Whether nobody is judged yet by the close of a month; it stays so until the transaction ends.
select true from terrace.close_run where month = $1::date and state = 'CUTOFF' for share;

-- name: unfinished_close
-- The month whose close is under way, if there is one.
select month, requested_by from terrace.close_run
where state in ('CUTOFF', 'RUNNING') order by month limit 1;

-- name: claim_chunk
-- Takes a chunk of a running close and holds it to the end of the transaction; a closer of an
-- older epoch gets none.
select k.first_customer, k.last_customer
from terrace.close_chunk k
where k.month = $1::date and not k.done
    and exists (
        select from terrace.close_run r
        where r.month = $1::date and r.epoch = $2 and r.state = 'RUNNING' for share)
order by k.first_customer limit 1
for update of k skip locked;

-- name: dirty_of_chunk
-- Locks what is dirty in a chunk before its customers: account, dirty, customer is everyone's order.
select count(*) from (
    select from terrace.dirty where customer_id between $1 and $2 order by customer_id for update
) locked;

-- name: customers_of_chunk
-- The customers of a chunk, locked.
select id from terrace.customer where id between $1 and $2 order by id for no key update;

-- name: finish_chunk
-- Marks a chunk as judged, with what came of it.
update terrace.close_chunk set done = true, customers = $3, changes = $4, total = $5
where month = $1::date and first_customer = $2;

-- name: verify_close
-- Counts what the close of $1 must have written, $2 being the month after.
select
    (select coalesce(sum(total), 0) from terrace.close_chunk where month = $1::date) as chunks_total,
    (select count(*) from terrace.close_chunk where month = $1::date and not done) as chunks_left,
    (select coalesce(sum(customers), 0) from terrace.close_chunk where month = $1::date)
        as judged,
    (select count(*) from terrace.standing where month = $2::date) as standings,
    (select count(*) from terrace.aum where month = $1::date) as figures,
    (select coalesce(sum(deposits_sum + investments_sum + settlement_funds_sum), 0)
        from terrace.aum where month = $1::date) as figures_total;

-- name: resum
-- The total of a month over the customers from $2 to $3, summed again in another way: accounts in
-- home currency by signed deltas (each step counts for the days that remain), those in other
-- currencies day by day. $1 first day, $4 classes that count, $5 home currency.
with month as (
    select $1::date as first, ($1::date + interval '1 month')::date - 1 as last
),
counting as (
    select a.* from terrace.account a, month m
    where a.customer_id between $2 and $3 and a.product_class = any($4::text[])
        and a.opened_on <= m.last and (a.closed_on is null or a.closed_on >= m.first)
),
steps as (
    select a.id, greatest(m.first, a.opened_on) as day, 0 as place, before.amount
    from counting a cross join month m cross join lateral (
        select amount from terrace.balance b
        where b.customer_id = a.customer_id and b.account_id = a.id
            and b.as_of < greatest(m.first, a.opened_on)
        order by b.as_of desc limit 1
    ) before
    where a.currency = $5
    union all
    select a.id, b.as_of, 1, b.amount
    from counting a cross join month m join terrace.balance b
        on b.customer_id = a.customer_id and b.account_id = a.id
        and b.as_of between greatest(m.first, a.opened_on) and least(a.closed_on, m.last)
    where a.currency = $5
    union all
    select a.id, a.closed_on + 1, 2, 0
    from counting a, month m where a.currency = $5 and a.closed_on < m.last
),
deltas as (
    select day, amount - coalesce(lag(amount) over (partition by id order by day, place), 0) as delta
    from steps
),
quotes as materialized (
    select c.currency, d.day::date as day, (
        select rate from terrace.rate r where r.currency = c.currency and r.as_of <= d.day
        order by r.as_of desc limit 1
    ) as rate
    from (select distinct currency from counting where currency <> $5) c
    cross join month m cross join generate_series(m.first, m.last, interval '1 day') d(day)
),
foreign_days as (
    select b.amount * coalesce(q.rate, 0) as value
    from counting a join quotes q on q.currency = a.currency cross join lateral (
        select amount from terrace.balance b
        where b.customer_id = a.customer_id and b.account_id = a.id and b.as_of <= q.day
        order by b.as_of desc limit 1
    ) b
    where a.opened_on <= q.day and (a.closed_on is null or q.day <= a.closed_on)
)
select coalesce((select sum(delta * (m.last - day + 1)) from deltas, month m), 0)
    + coalesce((select sum(value) from foreign_days), 0);

-- name: publish_close
-- The month is closed: the calendar opens the next one, and the business date is in it at least.
update terrace.calendar
set last_closed = $1::date, closing = null,
    business_date = greatest(business_date, ($1::date + interval '1 month')::date)
where closing = $1::date;

-- name: lock_removed_accounts
-- Locks the accounts of customers whom a close removes, before the customers themselves.
select count(*) from (
    select from terrace.account a
    where a.customer_id in (
        select customer_id from terrace.standing
        where month = $1::date and status = 'REMOVED' and since = $1::date)
    order by a.customer_id, a.id for no key update
) locked;

-- name: release_removed
-- Customers removed by the close of a month ($1 is the month after) leave their manager's
-- portfolio; their rows follow by their keys.
update terrace.customer c set manager_id = 0
from terrace.standing s
where s.month = $1::date and s.status = 'REMOVED' and s.since = $1::date
    and c.id = s.customer_id and c.manager_id <> 0;

-- name: forget_changes
-- Months before the one just closed no longer tell when a level changes by itself.
update terrace.aum set changes_on = null where changes_on is not null and month < $1::date;

-- name: finish_close
-- The run is over.
update terrace.close_run set state = 'CLOSED', closed_at = clock_timestamp()
where month = $1::date and state = 'RUNNING';

-- name: fail_close
-- The run of an epoch stopped; an operator must look. Nothing happens to one that is over.
update terrace.close_run set state = 'FAILED', problem = left($2, 1000)
where month = $1::date and epoch = $3 and state in ('CUTOFF', 'RUNNING');

-- name: unfreeze_month
-- A month whose close failed takes balances again.
update terrace.calendar set closing = null where closing = $1::date;
