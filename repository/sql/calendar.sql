-- name: read_calendar
-- The institution's calendar.
select business_date, first_month, open_month, last_closed, closing, home_currency
from terrace.calendar;

-- name: move_business_date
-- Moves the business date forward, never back, and sets the first month while none is closed, or was
-- before it was reopened.
update terrace.calendar
set business_date = greatest(business_date, $1::date),
    first_month = case
        when {nothing_begun} then least(first_month, date_trunc('month', $2::date)::date)
        else first_month
    end
where business_date is null or business_date < $1::date
    or {nothing_begun} and first_month > date_trunc('month', $2::date)::date;

-- name: nothing_begun
-- See above.
(last_closed is null and closing is null
    and not exists (select from terrace.close_run where closed_at is not null))

-- name: set_business_date
-- Sets the business date as an operator says; the caller has checked it.
update terrace.calendar
set business_date = $1::date,
    first_month = coalesce(first_month, date_trunc('month', $1::date)::date);

-- name: share_ledger
-- Held by whoever posts or recomputes: the calendar does not move under a transaction.
select pg_advisory_xact_lock_shared(7000001);

-- name: own_ledger
-- Held for an instant by a close when it moves the calendar.
select pg_advisory_xact_lock(7000001);

-- name: wait_at_most
-- How long this transaction waits for a lock from now on.
select set_config('lock_timeout', $1, true);

-- name: policies
-- All published policies, oldest version first.
select version, document from terrace.tier_policy order by version;

-- name: publish_policy
-- A new policy version; version 1 is the first.
insert into terrace.tier_policy
    (version, effective_from, watch_months, exit_months, retention_months, document, published_by)
values ($1, $2, $3, $4, $5, $6, $7);

-- name: publish_tier
-- One tier of a policy version.
insert into terrace.tier (policy_version, code, name, rank, threshold)
values ($1, $2, $3, $4, $5);

-- name: keep_dropped_tiers
-- Every version has a row for every code that any version has, so that whoever still holds a tier
-- of another version can be shown it; the latest version that has the tier says what it is.
insert into terrace.tier (policy_version, code, name, rank, threshold, dropped)
select p.version, known.code, known.name, known.rank, known.threshold, true
from terrace.tier_policy p cross join (
    select distinct on (code) code, name, rank, threshold from terrace.tier
    where not dropped order by code, policy_version desc
) known
on conflict do nothing;

-- name: mark_everyone
-- Every customer's figures must be made anew from a month on.
insert into terrace.dirty (customer_id, from_month)
select id, $1::date from terrace.customer order by id
{dirty_again};
