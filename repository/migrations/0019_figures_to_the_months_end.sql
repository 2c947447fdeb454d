-- A figure tells the whole month from the day it was made: its levels hold on the days to come, and
-- one whose level will change by itself (changes_on) is made anew then. So a close has no figure to
-- write that a worker has made, and averages of the whole month are kept beside every row; the table
-- is written once more, now. `month_sum` is what a close judges by, and sums again.
drop view terrace.aum_figure;
alter table terrace.aum
    drop column deposits,
    drop column investments,
    drop column settlement_funds,
    drop column total;
alter table terrace.aum
    add column month_sum numeric not null generated always as (
        deposits_sum + investments_sum + settlement_funds_sum
        + (deposits_level + investments_level + settlement_funds_level)
            * ((month + interval '1 month')::date - 1 - as_of)) stored,
    add column deposits numeric not null generated always as (terrace.average(
        deposits_sum + deposits_level * ((month + interval '1 month')::date - 1 - as_of),
        divisor)) stored,
    add column investments numeric not null generated always as (terrace.average(
        investments_sum + investments_level * ((month + interval '1 month')::date - 1 - as_of),
        divisor)) stored,
    add column settlement_funds numeric not null generated always as (terrace.average(
        settlement_funds_sum
            + settlement_funds_level * ((month + interval '1 month')::date - 1 - as_of),
        divisor)) stored,
    add column total numeric not null generated always as (terrace.average(
        deposits_sum + investments_sum + settlement_funds_sum
        + (deposits_level + investments_level + settlement_funds_level)
            * ((month + interval '1 month')::date - 1 - as_of), divisor)) stored;

-- As in 0016, but for whence the averages of a whole month come.
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
            as ahead,
        a.deposits, a.investments, a.settlement_funds, a.total, c.feeds_through,
        a.month = c.open_month and a.as_of <= c.business_date as usual
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
        null, null, null, null, c.feeds_through, true
    from terrace.aum a, terrace.calendar c
    where a.month = c.last_closed
        and c.business_date >= c.open_month
        and not exists (
            select from terrace.aum o
            where o.customer_id = a.customer_id and o.month = c.open_month)
),
summed as (
    select
        customer_id, manager_id, branch_id, month, final, as_of,
        complete and (final or as_of <= feeds_through or not case
            when usual then terrace.holds_any(customer_id, month, as_of, (
                select terrace.classes_lacking(
                    o.open_month,
                    least(o.business_date, (o.open_month + interval '1 month')::date - 1))
                from terrace.calendar o))
            else terrace.lacks_feed(customer_id, month, as_of)
        end) as complete,
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
    case when final then deposits else terrace.average(deposits_sum, days) end as deposits,
    case when final then investments else terrace.average(investments_sum, days) end
        as investments,
    case when final then settlement_funds else terrace.average(settlement_funds_sum, days) end
        as settlement_funds,
    case when final then total else terrace.average(
        deposits_sum + investments_sum + settlement_funds_sum, days) end as total
from summed;

grant select on terrace.aum_figure to terrace_customer, terrace_manager, terrace_branch,
    terrace_all, terrace_none, terrace_writer;
