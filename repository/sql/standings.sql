-- name: grants_of
-- All grants of customers.
select customer_id, id, starts, until, revoked_on from terrace.special_grant
where customer_id = any($1::integer[]) order by customer_id, id;

-- name: write_standings
-- Standings with their decisions, from arrays; one a customer and month. Documents come as text:
-- a list inside of an array would be taken for another dimension.
insert into terrace.standing (
    customer_id, month, manager_id, branch_id, status, tier, since, shortfall_months,
    below_entry_months, retention_closes, special_until, history, terminated, decision_month,
    rule, policy_version, judged, before)
select c.id, n.month, c.manager_id, c.branch_id, n.status, n.tier, n.since, n.shortfall_months,
    n.below_entry_months, n.retention_closes, n.special_until, n.history::jsonb, n.terminated,
    n.decision_month, n.rule, n.policy_version, n.judged::jsonb, n.before::jsonb
from unnest(
    $1::integer[], $2::date[], $3::text[], $4::text[], $5::date[], $6::smallint[], $7::smallint[],
    $8::smallint[], $9::date[], $10::text[], $11::boolean[], $12::date[], $13::text[],
    $14::integer[], $15::text[], $16::text[]
) as n(customer_id, month, status, tier, since, shortfall_months, below_entry_months,
    retention_closes, special_until, history, terminated, decision_month, rule, policy_version,
    judged, before)
join terrace.customer c on c.id = n.customer_id
order by c.id, n.month
{standing_again};

-- name: standing_again
-- A standing that is there already, from a close that failed or from the same month: as the new one.
on conflict (customer_id, month) do update set
    status = excluded.status, tier = excluded.tier, since = excluded.since,
    shortfall_months = excluded.shortfall_months,
    below_entry_months = excluded.below_entry_months,
    retention_closes = excluded.retention_closes, special_until = excluded.special_until,
    history = excluded.history, terminated = excluded.terminated,
    decision_month = excluded.decision_month, rule = excluded.rule,
    policy_version = excluded.policy_version, judged = excluded.judged, before = excluded.before,
    recorded_at = clock_timestamp()

-- name: write_tier_changes
-- Tier changes as events without a position yet, from arrays.
insert into terrace.tier_change (
    customer_id, manager_id, branch_id, kind, effective_from, from_status, to_status, from_tier,
    to_tier, from_policy_version, responsible_id, decision_month, rule, policy_version, judged,
    before, state, closed_month)
select c.id, c.manager_id, c.branch_id, n.kind, n.effective_from, n.from_status, n.to_status,
    n.from_tier, n.to_tier, n.from_policy_version, c.assigned_manager_id, n.decision_month, n.rule,
    n.policy_version, n.judged::jsonb, n.before::jsonb, n.state::jsonb, n.closed_month
from unnest(
    $1::integer[], $2::text[], $3::date[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::integer[], $9::date[], $10::text[], $11::integer[], $12::text[], $13::text[],
    $14::text[], $15::date[]
) with ordinality as n(customer_id, kind, effective_from, from_status, to_status, from_tier,
    to_tier, from_policy_version, decision_month, rule, policy_version, judged, before, state,
    closed_month, place)
join terrace.customer c on c.id = n.customer_id
order by n.place;

-- name: write_grant
-- A grant of special VIP.
insert into terrace.special_grant (
    customer_id, manager_id, branch_id, starts, until, reason, granted_by)
select id, manager_id, branch_id, $2::date, $3::date, $4, $5
from terrace.customer where id = $1
returning id;

-- name: due_grants
-- Customers whom a grant valid on $1 does not show on yet: neither members, nor SPECIAL, nor
-- terminated in the open month $2. A grant of an earlier month was seen to by that month's close.
select distinct g.customer_id
from terrace.special_grant g
left join lateral (
    select status, terminated from terrace.standing s
    where s.customer_id = g.customer_id and s.month <= $2::date
    order by s.month desc limit 1
) s on true
where g.revoked_on is null and g.starts between $2::date and $1::date and g.until >= $1::date
    and coalesce(s.status in ('NON_MEMBER', 'EXITED_UNRATED', 'REMOVED') and not s.terminated, true)
order by g.customer_id;

-- name: revoke_grant
-- Revokes a grant.
update terrace.special_grant
set revoked_on = $3::date, revoked_by = $4, revoke_reason = $5
where customer_id = $1 and id = $2;

-- name: write_replayed_standing
-- What the open month will be judged from where a correction's replay differs from the published.
insert into terrace.replayed_standing (customer_id, month, manager_id, branch_id, state)
select id, $2::date, manager_id, branch_id, $3::jsonb from terrace.customer where id = $1
on conflict (customer_id, month) do update set state = excluded.state;

-- name: forget_replayed_standing
-- A termination stands over whatever a correction's replay made of the customer.
delete from terrace.replayed_standing where customer_id = $1 and month >= $2::date;

-- name: corrections_in_force
-- The corrections of customers that are looked at again when more comes late: those under review, and
-- the one applied in the open month $2.
select customer_id, id, month, posted_in, state, figures, before, after, approved_by
from terrace.correction
where customer_id = any($1::integer[])
    and (state = 'PENDING_REVIEW' or state = 'APPLIED' and posted_in = $2::date)
order by customer_id, id;

-- name: correction_of
-- One correction of a customer.
select customer_id, id, month, posted_in, state, figures, before, after, approved_by
from terrace.correction where customer_id = $1 and id = $2;

-- name: approve_correction
-- A correction that waited for review is in force: $3 has allowed it.
with counted as materialized (select nextval('terrace.corrections_made'))
update terrace.correction set state = 'APPLIED', approved_by = $3
where customer_id = $1 and id = $2 and exists (select from counted);

-- name: supersede_corrections
-- These corrections are taken up in a newer one, or have nothing left to correct.
with counted as materialized (select nextval('terrace.corrections_made'))
update terrace.correction set state = 'SUPERSEDED'
where customer_id = $1 and id = any($2::bigint[]) and exists (select from counted);

-- name: keep_published_figures
-- Keeps what was published for a customer's closed months $3 before a correction in the open month $2
-- replaces it.
insert into terrace.replaced_aum
select $1::integer, m.month, $2::date, a.deposits_sum, a.investments_sum, a.settlement_funds_sum,
    a.deposits_level, a.investments_level, a.settlement_funds_level, a.as_of, a.divisor, a.complete
from unnest($3::date[]) as m(month)
left join terrace.aum a on a.customer_id = $1 and a.month = m.month;

-- name: restore_published_figures
-- Puts back what corrections in the open month $2 replaced for customers $1.
with kept as (
    delete from terrace.replaced_aum
    where customer_id = any($1::integer[]) and replaced_in = $2::date
    returning *
),
emptied as (
    delete from terrace.aum a using kept k
    where a.customer_id = k.customer_id and a.month = k.month and k.as_of is null
),
forgotten as (
    delete from terrace.replayed_standing
    where customer_id = any($1::integer[]) and month = $2::date
)
update terrace.aum a set
    deposits_sum = k.deposits_sum, investments_sum = k.investments_sum,
    settlement_funds_sum = k.settlement_funds_sum, deposits_level = k.deposits_level,
    investments_level = k.investments_level, settlement_funds_level = k.settlement_funds_level,
    as_of = k.as_of, divisor = k.divisor, complete = k.complete
from kept k where a.customer_id = k.customer_id and a.month = k.month and k.as_of is not null;

-- name: write_correction
-- A correction with its evidence.
with counted as materialized (select nextval('terrace.corrections_made'))
insert into terrace.correction (
    customer_id, manager_id, branch_id, month, posted_in, state, figures, before, after, approved_by)
select c.id, c.manager_id, c.branch_id, $2::date, $3::date, $4, $5::jsonb, $6::jsonb, $7::jsonb, $8
from terrace.customer c, counted where c.id = $1
returning id;

-- name: first_applied_correction
-- The first month that an applied correction of a customer changed, before the open month $2.
select min(month) from terrace.correction
where customer_id = $1 and state = 'APPLIED' and posted_in < $2::date;

-- name: standing_at
-- The published standing of a customer in a month, if there is one.
select status, tier, since, shortfall_months, below_entry_months, retention_closes, history,
    terminated, policy_version, special_until
from terrace.standing where customer_id = $1 and month <= $2::date
order by month desc limit 1;
