-- Feeds: which source delivers balances of which product classes on which days, and the days for
-- which it has said that all of them are here. Without a source nothing is expected.
create table terrace.feed_source (
    code text primary key,
    name text not null,
    product_classes text[] not null check (cardinality(product_classes) > 0),
    expected_since date not null,
    expected_until date check (expected_until >= expected_since), -- null: open end
    registered_by text not null,
    registered_at timestamptz not null default clock_timestamp()
);

-- A day that is complete: it was marked so, by whom, and how many rows the sender says it has sent.
create table terrace.feed_day (
    source text not null references terrace.feed_source,
    day date not null,
    row_count bigint check (row_count >= 0),
    marked_by text not null,
    marked_at timestamptz not null default clock_timestamp(),
    primary key (source, day)
);
call terrace.protect('feed_source', 'REFERENCE');
call terrace.protect('feed_day', 'REFERENCE');

-- Up to here no day is missing that is expected after the last closed month; infinity where none
-- ever will be. Derived from the days by the statement `refresh_feeds`, so that whoever reads a
-- figure compares one date instead of counting days.
alter table terrace.calendar add column feeds_through date not null default 'infinity';

-- A close that was told to go on without days that are missing: why, and which days those are.
alter table terrace.close_run
    add column override_reason text,
    add column override_missing jsonb,
    add check ((override_reason is null) = (override_missing is null));

-- Whom a late delivery concerns: figures that were not complete.
create index aum_incomplete on terrace.aum (month, customer_id) where not complete;

-- The product classes of which a day of a span is missing; null if there are none.
create function terrace.classes_lacking(first_day date, last_day date) returns text[]
language plpgsql stable parallel safe as $$
begin
    return (
        select array_agg(distinct class)
        from terrace.feed_source s cross join unnest(s.product_classes) class
        where least(s.expected_until, last_day) - greatest(s.expected_since, first_day) + 1 > (
            select count(*) from terrace.feed_day f
            where f.source = s.code and f.day >= greatest(s.expected_since, first_day)
                and f.day <= least(s.expected_until, last_day))
    );
end
$$;

-- Whether a customer holds, in a month up to a day, an account of these classes that counts.
create function terrace.holds_any(
    customer integer, of_month date, up_to date, classes text[]
) returns boolean
language plpgsql stable parallel safe as $$
begin
    return classes is not null and exists (
        select from terrace.account a
        where a.customer_id = customer and a.product_class = any(classes)
            and a.opened_on <= up_to and (a.closed_on is null or a.closed_on >= of_month)
            and (
                select p.document -> 'counted_classes' from terrace.tier_policy p
                where p.effective_from <= of_month
                order by p.effective_from desc, p.version desc limit 1
            ) ? a.product_class);
end
$$;

-- Whether a customer's figure of a month, up to a day, lacks a feed.
create function terrace.lacks_feed(customer integer, of_month date, up_to date) returns boolean
language sql stable parallel safe
return terrace.holds_any(
    customer, of_month, up_to, terrace.classes_lacking(of_month, up_to));

-- As in 0013. What a closed month lacked is stored with its figure; of every other month it is
-- looked at here, so that a figure is complete as soon as its last day is marked: once a statement
-- for all figures of the open month up to the business date (`usual`), else for each.
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
    coalesce(deposits, terrace.average(deposits_sum, days)) as deposits,
    coalesce(investments, terrace.average(investments_sum, days)) as investments,
    coalesce(settlement_funds, terrace.average(settlement_funds_sum, days)) as settlement_funds,
    coalesce(total, terrace.average(
        deposits_sum + investments_sum + settlement_funds_sum, days)) as total
from summed;
