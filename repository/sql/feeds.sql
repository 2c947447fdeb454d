-- name: feed_source
-- One source of a feed.
select code, name, product_classes, expected_since, expected_until
from terrace.feed_source where code = $1;

-- name: feed_sources
-- All sources, and how many of their days from $1 to $2 are complete.
select s.code, s.name, s.product_classes, s.expected_since, s.expected_until, (
    select count(*) from terrace.feed_day f
    where f.source = s.code and f.day >= greatest(s.expected_since, $1::date)
        and f.day <= least(s.expected_until, $2::date)
)::integer as complete_days
from terrace.feed_source s order by s.code;

-- name: register_feed
-- A source as it is expected from now on; of one that is there the name and the end can change.
insert into terrace.feed_source (
    code, name, product_classes, expected_since, expected_until, registered_by)
values ($1, $2, $3::text[], $4::date, $5::date, $6)
on conflict (code) do update
set name = excluded.name, expected_until = excluded.expected_until;

-- name: mark_feed_days
-- Marks days of a source as complete; answers those that were not so before. Who marked a day
-- first stays with it.
insert into terrace.feed_day (source, day, row_count, marked_by)
select $1, $2::date + n, $4::bigint, $5
from generate_series(0, $3::date - $2::date) n
order by n
on conflict do nothing
returning day;

-- name: reopen_feed_days
-- Takes the marks of days away; answers those that were marked.
delete from terrace.feed_day where source = $1 and day between $2::date and $3::date
returning day, marked_by, marked_at, row_count;

-- name: refresh_feeds
-- Derives anew up to which day nothing is missing after the last closed month: the day before the
-- first expected one without a mark, which is the first expected one or follows one with a mark.
update terrace.calendar c
set feeds_through = coalesce((
    select min(d.day) - 1
    from terrace.feed_source s
    cross join lateral (
        select greatest(s.expected_since, (c.last_closed + interval '1 month')::date) as day
    ) begins
    cross join lateral (
        select begins.day
        union all
        select f.day + 1 from terrace.feed_day f where f.source = s.code and f.day >= begins.day
    ) d
    where (s.expected_until is null or d.day <= s.expected_until)
        and not exists (
            select from terrace.feed_day m where m.source = s.code and m.day = d.day)
), 'infinity');

-- name: missing_feed_days
-- The expected days from $1 to $2 that are not marked, of all sources.
select s.code, d.day
from terrace.feed_source s cross join lateral (
    select $1::date + n as day from generate_series(0, $2::date - $1::date) n
) d
where d.day >= s.expected_since and (s.expected_until is null or d.day <= s.expected_until)
    and not exists (select from terrace.feed_day f where f.source = s.code and f.day = d.day)
order by s.code, d.day;

-- name: classes_lacking
-- The product classes of which a feed is missing on a day from $1 to $2; null if there is none.
select terrace.classes_lacking($1::date, $2::date);

-- name: lacking_feed
-- The customers among $1 whose month from $2 to $3 lacks a feed of a class that counts ($4). Only of
-- a month that is closed or being closed: of any other it is looked at when the figure is read
-- (terrace.aum_figure). Where no day is missing, not one account is looked at.
select a.customer_id from terrace.account a
where (select terrace.classes_lacking($2::date, $3::date)) is not null
    and $2::date <= (select greatest(c.last_closed, c.closing) from terrace.calendar c)
    and a.customer_id = any($1::integer[])
    and a.product_class = any($4::text[])
    and a.product_class = any((select terrace.classes_lacking($2::date, $3::date))::text[])
    and a.opened_on <= $3::date
    and (a.closed_on is null or a.closed_on >= $2::date)

-- name: mark_incomplete
-- Customers whose figure of the month $1 is not complete are dirty from the month $2 on.
insert into terrace.dirty (customer_id, from_month)
select customer_id, $2::date from terrace.aum where month = $1::date and not complete
order by customer_id
{dirty_again};
