-- name: own_relay
-- One relay at a time gives positions; another one waits for its turn, which is short.
select pg_advisory_xact_lock(7000003);

-- name: waiting_tier_changes
-- Tier changes that wait for a position, each customer's oldest first. By customer, so that the events
-- of a close, which come all at once when it is published, have the same order whoever judged whom
-- when. The relay only sees committed rows, so no position can be taken by an
-- event that shows up later.
select t.customer_id, t.id
from terrace.tier_change t, terrace.calendar c
where t.position is null and (t.closed_month is null or t.closed_month <= c.last_closed)
order by t.customer_id, t.id limit 5000;

-- name: hold_customers_of_tier_changes
-- Holds the customers of waiting events against a handover, whose cascade writes the same rows; one
-- who is being handed over is left for the next time with all of the customer's events.
select id from terrace.customer
where id = any(array(select customer_id from ({waiting_tier_changes}) waiting))
for key share skip locked;

-- name: position_tier_changes
-- Gives waiting tier changes of the held customers $1 their place in the feed.
with waiting as (
    select t.customer_id, t.id, row_number() over (order by t.customer_id, t.id) as place
    from terrace.tier_change t, terrace.calendar c
    where t.position is null and (t.closed_month is null or t.closed_month <= c.last_closed)
        and t.customer_id = any($1::integer[])
    order by t.customer_id, t.id limit 5000
),
head as (
    update terrace.feed set head = head + (select count(*) from waiting)
    where topic = 'tier_change' and exists (select from waiting)
    returning head - (select count(*) from waiting) as before
)
update terrace.tier_change t set position = head.before + w.place
from waiting w, head
where t.customer_id = w.customer_id and t.id = w.id;

-- name: waiting_risk_signals
-- Events of warning signals that wait for a position, oldest first.
select customer_id, id from terrace.risk_signal_event
where position is null order by id limit 5000;

-- name: hold_customers_of_risk_signals
-- As for tier changes.
select id from terrace.customer
where id = any(array(select customer_id from ({waiting_risk_signals}) waiting))
for key share skip locked;

-- name: position_risk_signals
-- As for tier changes.
with waiting as (
    select customer_id, id, row_number() over (order by id) as place
    from terrace.risk_signal_event
    where position is null and customer_id = any($1::integer[])
    order by id limit 5000
),
head as (
    update terrace.feed set head = head + (select count(*) from waiting)
    where topic = 'risk_signal' and exists (select from waiting)
    returning head - (select count(*) from waiting) as before
)
update terrace.risk_signal_event t set position = head.before + w.place
from waiting w, head
where t.customer_id = w.customer_id and t.id = w.id;

-- name: waiting_approvals
-- Steps of requests for decisions that wait for a position, oldest first. The steps of one request are
-- committed in the order of their ids, for each holds the request.
select customer_id, id from terrace.approval_event
where position is null order by id limit 5000;

-- name: hold_customers_of_approvals
-- As for tier changes; 0 for requests that are about no customer.
with held as (
    select id from terrace.customer
    where id = any(array(select customer_id from ({waiting_approvals}) waiting))
    for key share skip locked
)
select id from held
union all
select 0 where exists (select from terrace.approval_event where position is null);

-- name: position_approvals
-- As for tier changes.
with waiting as (
    select id, row_number() over (order by id) as place
    from terrace.approval_event
    where position is null and coalesce(customer_id, 0) = any($1::integer[])
    order by id limit 5000
),
head as (
    update terrace.feed set head = head + (select count(*) from waiting)
    where topic = 'approval' and exists (select from waiting)
    returning head - (select count(*) from waiting) as before
)
update terrace.approval_event t set position = head.before + w.place
from waiting w, head
where t.id = w.id;

-- name: announce
-- Wakes every listener; what happened is in the feeds.
select pg_notify('terrace_feed', '');

-- name: move_tails
-- Ends the promise for positions that were given more than $1 days ago by the database's clock,
-- and marks where the heads are now. A tail never goes back.
with old as (
    select topic, max(position) as position from terrace.feed_mark
    where marked_at < clock_timestamp() - make_interval(days => $1::integer)
    group by topic
),
moved as (
    update terrace.feed f set tail = old.position from old
    where f.topic = old.topic and f.tail < old.position
),
forgotten as (
    delete from terrace.feed_mark m using old
    where m.topic = old.topic and m.position < old.position
)
insert into terrace.feed_mark (topic, position) select topic, head from terrace.feed
on conflict do nothing;

-- name: feed_ends
-- The position last given in each feed, and the last one that is out of its promise.
select topic, head, tail from terrace.feed;

-- name: routes_of_tier_change
-- Whom the events with positions after $1 up to $2 may concern.
select position, customer_id, manager_id, branch_id from terrace.tier_change
where position > $1 and position <= $2;

-- name: routes_of_approval
-- The same for requests for decisions; 0 for no customer.
select position, coalesce(customer_id, 0) as customer_id, manager_id, branch_id
from terrace.approval_event
where position > $1 and position <= $2;

-- name: routes_of_risk_signal
-- The same for warning signals.
select position, customer_id, manager_id, branch_id from terrace.risk_signal_event
where position > $1 and position <= $2;
