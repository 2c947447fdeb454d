-- Reading what stands still without computing it again.
--
-- A month whose sums reach its last day never changes by the calendar alone: its averages are kept
-- beside its sums. The open month, and what is carried on to the business date, is computed as
-- before. Twelve months of history are the dearest part of a customer's profile.
alter table terrace.aum
    add column deposits numeric generated always as (
        case when as_of = (month + interval '1 month')::date - 1
            then terrace.average(deposits_sum, divisor) end) stored,
    add column investments numeric generated always as (
        case when as_of = (month + interval '1 month')::date - 1
            then terrace.average(investments_sum, divisor) end) stored,
    add column settlement_funds numeric generated always as (
        case when as_of = (month + interval '1 month')::date - 1
            then terrace.average(settlement_funds_sum, divisor) end) stored,
    add column total numeric generated always as (
        case when as_of = (month + interval '1 month')::date - 1
            then terrace.average(
                deposits_sum + investments_sum + settlement_funds_sum, divisor) end) stored;

-- As in 0007, with the averages as they are shown.
create or replace view terrace.aum_figure with (security_invoker = true) as
with carried as (
    select
        a.customer_id, a.manager_id, a.branch_id, a.month, a.complete, a.divisor,
        coalesce(a.month <= c.last_closed, false) as final,
        greatest(a.as_of, least(c.business_date, (a.month + interval '1 month')::date - 1))
            as as_of,
        a.deposits_sum, a.investments_sum, a.settlement_funds_sum,
        a.deposits_level, a.investments_level, a.settlement_funds_level,
        greatest(least(c.business_date, (a.month + interval '1 month')::date - 1) - a.as_of, 0)
            as ahead,
        a.deposits, a.investments, a.settlement_funds, a.total
    from terrace.aum a, terrace.calendar c
    union all
    select
        a.customer_id, a.manager_id, a.branch_id, c.open_month, a.complete,
        extract(day from (c.open_month + interval '1 month')::date - 1)::smallint,
        false,
        least(c.business_date, (c.open_month + interval '1 month')::date - 1),
        0, 0, 0,
        a.deposits_level, a.investments_level, a.settlement_funds_level,
        least(c.business_date, (c.open_month + interval '1 month')::date - 1) - c.open_month + 1,
        null, null, null, null
    from terrace.aum a, terrace.calendar c
    where a.month = c.last_closed
        and c.business_date >= c.open_month
        and not exists (
            select from terrace.aum o
            where o.customer_id = a.customer_id and o.month = c.open_month)
),
summed as (
    select
        customer_id, manager_id, branch_id, month, final, complete, as_of,
        deposits_sum + deposits_level * ahead as deposits_sum,
        investments_sum + investments_level * ahead as investments_sum,
        settlement_funds_sum + settlement_funds_level * ahead as settlement_funds_sum,
        deposits_level + investments_level + settlement_funds_level as level,
        case
            when final or as_of = (month + interval '1 month')::date - 1 then divisor
            else as_of - month + 1
        end::integer as days,
        deposits, investments, settlement_funds, total
    from carried
)
select
    customer_id, manager_id, branch_id, month, final, complete, as_of,
    deposits_sum, investments_sum, settlement_funds_sum, level, days,
    coalesce(deposits, terrace.average(deposits_sum, days)) as deposits,
    coalesce(investments, terrace.average(investments_sum, days)) as investments,
    coalesce(settlement_funds, terrace.average(settlement_funds_sum, days)) as settlement_funds,
    coalesce(total, terrace.average(
        deposits_sum + investments_sum + settlement_funds_sum, days)) as total
from summed;

-- As in 0007; the calendar as a value of its own, so that the latest standing is the first row of
-- the key's index and not one of all that were ever in force.
create or replace view terrace.standing_in_force with (security_invoker = true) as
select
    s.customer_id, s.month, s.manager_id, s.branch_id, s.status, s.tier, s.since,
    s.shortfall_months, s.below_entry_months, s.retention_closes, s.special_until,
    s.decision_month, s.rule, s.policy_version, s.judged, s.recorded_at,
    d.state, coalesce(s.before, d.state) as before
from terrace.standing s cross join lateral (
    select jsonb_build_object(
        'status', s.status, 'tier', s.tier, 'since', left(s.since::text, 7),
        'shortfall_months', s.shortfall_months, 'below_entry_months', s.below_entry_months,
        'retention_closes', s.retention_closes, 'history', s.history, 'terminated', s.terminated
    ) as state
) d
where s.month <= (select c.open_month from terrace.calendar c);

-- A customer's accounts are shown by number: without a sort for each of a page's customers.
create index account_by_customer on terrace.account (customer_id, number);

-- Words of ours are shown without escaping.
alter table terrace.tier_change
    add constraint tier_change_words check (
        kind ~ '^[A-Z_]+$' and from_status ~ '^[A-Z_]+$' and to_status ~ '^[A-Z_]+$');

-- A month that is not there is a fault of its field now, not of the statement.
drop function terrace.no_business_date();
