-- How stored figures read on the business date. Views run with the reader's own rights, so the
-- row policies of the tables below them hold.

-- A month's averages: final once it is closed; before that carried on from the last computed day
-- to the business date. A month that opened without any update yet goes on from the month before.
create view terrace.aum_figure with (security_invoker = true) as
with carried as (
    select
        a.customer_id, a.manager_id, a.branch_id, a.month, a.complete, a.divisor,
        coalesce(a.month <= c.last_closed, false) as final,
        greatest(a.as_of, least(c.business_date, (a.month + interval '1 month')::date - 1))
            as as_of,
        a.deposits_sum, a.investments_sum, a.settlement_funds_sum,
        a.deposits_level, a.investments_level, a.settlement_funds_level,
        greatest(least(c.business_date, (a.month + interval '1 month')::date - 1) - a.as_of, 0)
            as ahead
    from terrace.aum a, terrace.calendar c
    union all
    select
        a.customer_id, a.manager_id, a.branch_id, c.open_month, a.complete,
        extract(day from (c.open_month + interval '1 month')::date - 1)::smallint,
        false,
        least(c.business_date, (c.open_month + interval '1 month')::date - 1),
        0, 0, 0,
        a.deposits_level, a.investments_level, a.settlement_funds_level,
        least(c.business_date, (c.open_month + interval '1 month')::date - 1) - c.open_month + 1
    from terrace.aum a, terrace.calendar c
    where a.month = c.last_closed
        and c.business_date >= c.open_month
        and not exists (
            select from terrace.aum o
            where o.customer_id = a.customer_id and o.month = c.open_month)
)
select
    customer_id, manager_id, branch_id, month, final, complete, as_of,
    deposits_sum + deposits_level * ahead as deposits_sum,
    investments_sum + investments_level * ahead as investments_sum,
    settlement_funds_sum + settlement_funds_level * ahead as settlement_funds_sum,
    deposits_level + investments_level + settlement_funds_level as level,
    case
        when final or as_of = (month + interval '1 month')::date - 1 then divisor
        else as_of - month + 1
    end::integer as days
from carried;

-- Standings up to the open month: one for a month not yet open is not in force. `state` is the
-- state machine's whole state as a document.
create view terrace.standing_in_force with (security_invoker = true) as
select
    s.customer_id, s.month, s.manager_id, s.branch_id, s.status, s.tier, s.since,
    s.shortfall_months, s.below_entry_months, s.retention_closes, s.special_until,
    s.decision_month, s.rule, s.policy_version, s.judged, s.recorded_at,
    d.state, coalesce(s.before, d.state) as before
from terrace.calendar c, terrace.standing s cross join lateral (
    select jsonb_build_object(
        'status', s.status, 'tier', s.tier, 'since', left(s.since::text, 7),
        'shortfall_months', s.shortfall_months, 'below_entry_months', s.below_entry_months,
        'retention_closes', s.retention_closes, 'history', s.history, 'terminated', s.terminated
    ) as state
) d
where s.month <= c.open_month;

-- Where a month must be shown and the institution has none yet: says so instead of a null.
create function terrace.no_business_date() returns date
language plpgsql stable
as $$
begin
    raise exception 'the institution has no business date yet: load balances or set the calendar'
        using errcode = 'TR001';
end
$$;
