-- name: begin_close
-- Starts the close of a month. One that failed or was taken back starts anew under another epoch, so
-- that a closer of the former one can write nothing any more. $3 and $4: why it goes on without feeds
-- that are missing, and which.
insert into terrace.close_run (month, state, requested_by, override_reason, override_missing)
values ($1::date, 'CUTOFF', $2, $3, $4::jsonb)
on conflict (month) do update
set state = 'CUTOFF', epoch = terrace.close_run.epoch + 1, problem = null, requested_by = $2,
    override_reason = $3, override_missing = $4::jsonb, cutoff_at = clock_timestamp()
where terrace.close_run.state in ('FAILED', 'REOPENED')
returning epoch;

-- name: forget_chunks
-- Nothing of a former run is left: its chunks, and the events of a failed one, which nobody has seen.
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
-- Cuts the customers into chunks of $2 by key, one step through the key's index for each chunk.
insert into terrace.close_chunk (month, first_customer, last_customer)
with recursive chunk (first_customer, last_customer) as (
    select null::integer, (select min(id) - 1 from terrace.customer)
    union all
    select following.first, following.last
    from chunk cross join lateral (
        select min(id) as first, max(id) as last from (
            select id from terrace.customer where id > chunk.last_customer
            order by id limit $2::integer
        ) customers
    ) following
    where following.last is not null
)
select $1::date, first_customer, last_customer from chunk where first_customer is not null
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

-- name: chunks
-- The first keys of a close's chunks, in order.
select first_customer from terrace.close_chunk where month = $1::date order by first_customer;

-- name: finish_chunk
-- Marks a chunk as judged, with what came of it.
update terrace.close_chunk set done = true, customers = $3, changes = $4, total = $5
where month = $1::date and first_customer = $2;

-- name: was_ever_closed
-- Whether a close was ever asked for, be its month open again.
select exists (select from terrace.close_run);

-- name: held_by_close
-- Whom a close of the open month would hold now: customers with a figure that is not complete, or who
-- hold one of the classes $1, of which a feed is missing up to the month's end.
select count(*)::integer as customers, coalesce(sum(f.total), 0) as aum
from terrace.aum_figure f, terrace.calendar c
where f.month = c.open_month and (not f.complete or terrace.holds_any(
    f.customer_id, c.open_month, (c.open_month + interval '1 month')::date - 1, $1::text[]));

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
-- portfolio; their rows follow by their keys. Who is a member by hand since a day of the month that is
-- opened once more stays.
update terrace.customer c set manager_id = 0
from terrace.standing s
where s.month = $1::date and s.status = 'REMOVED' and s.since = $1::date
    and c.id = s.customer_id and c.manager_id <> 0
    and not exists (
        select from terrace.manual_tier t where t.customer_id = c.id and t.day >= $1::date);

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
