-- name: taken_back
-- Who has another status or tier in the open month $2 than in the last closed one, $1: that is taken
-- back when $1 is reopened, whether its close made it or something since. Of most customers no
-- decision has changed anything, and their earlier standing is not looked for.
select shown.customer_id, shown.status as from_status, shown.tier as from_tier, shown.document as before,
    shown.policy_version as from_policy_version,
    coalesce(earlier.status, 'NON_MEMBER') as to_status, earlier.tier as to_tier,
    earlier.document as state
from (
    select s.*, {standing_document} as document from terrace.standing s
    where s.month = $2::date and s.before is not null
) shown
left join lateral (
    select s.status, s.tier, {standing_document} as document from terrace.standing s
    where s.customer_id = shown.customer_id and s.month <= $1::date
    order by s.month desc limit 1
) earlier on true
where (shown.status, shown.tier)
    is distinct from (coalesce(earlier.status, 'NON_MEMBER'), earlier.tier)

-- name: coming_back
-- Customers whom the close of the month $1 removed from a portfolio, and whom nobody holds now: with
-- the manager who held them, if that one may still hold them. Not those whose relation ended since.
select c.id as customer_id, m.id as manager_id, m.number as manager
from terrace.customer c
cross join lateral (
    select t.to_status, t.responsible_id from terrace.tier_change t
    where t.customer_id = c.id and t.closed_month = $1::date
) removed
join terrace.manager m
    on m.id = removed.responsible_id and m.active and m.branch_id = c.branch_id
where c.manager_id = 0 and c.status <> 'TERMINATED' and removed.to_status = 'REMOVED'

-- name: effect_of_reopening
-- What reopening the month $1 ($2 the month after) would take back, counted by where customers stand
-- and would stand, and by the manager who would have them; with their AUM of $1.
select t.from_status, t.from_tier, t.to_status, t.to_tier,
    coalesce(r.manager, m.number) as manager, count(*)::integer as customers,
    coalesce(sum(a.total), 0) as aum
from ({taken_back}) t
join terrace.customer c on c.id = t.customer_id
left join ({coming_back}) r on r.customer_id = t.customer_id
left join terrace.manager m on m.id = c.manager_id
left join terrace.aum a on a.customer_id = t.customer_id and a.month = $1::date
group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5;

-- name: rest_of_reopening
-- How many customers would come back to their managers when the month $1 is reopened, and how many
-- corrections posted in the month after it, $2, would be taken back.
select (select count(*)::integer from ({coming_back}) r) as coming_back,
    (select count(*)::integer from terrace.correction
        where posted_in = $2::date and state <> 'SUPERSEDED') as corrections;

-- name: accounts_coming_back
-- Locks the accounts of customers who come back to their managers.
select count(*) from (
    select from terrace.account a
    where a.customer_id in (select customer_id from ({coming_back}) r)
    order by a.customer_id, a.id for no key update
) locked;

-- name: mark_corrected
-- Whom a correction posted in the month $1 is about is dirty from the first month it corrects.
insert into terrace.dirty (customer_id, from_month)
select customer_id, min(month) from terrace.correction
where posted_in = $1::date and state <> 'SUPERSEDED'
group by customer_id order by customer_id
{dirty_again};

-- name: whom_reopening_concerns
-- Customers whose rows change when the month $1 is reopened ($2 the month after), and whether it is for
-- a correction.
select customer_id, bool_or(corrected) as corrected
from (
    select customer_id, false as corrected from ({taken_back}) t
    union all
    select customer_id, false from ({coming_back}) r
    union all
    select customer_id, true from terrace.correction
    where posted_in = $2::date and state <> 'SUPERSEDED'
) concerned
group by customer_id order by customer_id;

-- name: take_back_corrections
-- What was posted in the month $1 is no correction any more: the month it was about is open again.
update terrace.correction set state = 'SUPERSEDED'
where posted_in = $1::date and state <> 'SUPERSEDED';

-- name: count_correction
-- Closed months are no longer as they were, which whoever has looked at them can tell by this.
select nextval('terrace.corrections_made');

-- name: bring_back
-- Customers whom the close of the month $1 released come back to their managers; their rows follow.
update terrace.customer c set manager_id = r.manager_id
from ({coming_back}) r where c.id = r.customer_id;

-- name: write_taken_back
-- The events that take back what was shown in the month after $1, $2. $3 the policy in force in $1, $4
-- the standing of whoever has none.
insert into terrace.tier_change (
    customer_id, manager_id, branch_id, kind, effective_from, from_status, to_status, from_tier,
    to_tier, from_policy_version, responsible_id, decision_month, rule, policy_version, judged,
    before, state)
select c.id, c.manager_id, c.branch_id, 'CORRECTED', $1::date, t.from_status, t.to_status,
    t.from_tier, t.to_tier, t.from_policy_version, c.assigned_manager_id, $1::date, 'REOPENED',
    $3::integer, '[]', t.before, coalesce(t.state, $4::jsonb)
from ({taken_back}) t join terrace.customer c on c.id = t.customer_id
order by c.id;

-- name: keep_events
-- What the close of the month $1 has published stays published: the events wait for no close any more.
update terrace.tier_change set closed_month = null where closed_month = $1::date;

-- name: reopen_calendar
-- The month $1 is the open one again. The business date stays.
update terrace.calendar
set last_closed = case when first_month < $1::date then ($1::date - interval '1 month')::date end
where last_closed = $1::date and closing is null;

-- name: reopen_close
-- The run is taken back; it begins anew when it is asked for.
update terrace.close_run set state = 'REOPENED'
where month = $1::date and state = 'CLOSED'
returning epoch;
