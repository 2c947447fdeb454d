-- name: own_relay
-- One relay at a time gives positions; false when another one is at it.
select pg_try_advisory_xact_lock(7000003);

-- name: position_tier_changes
-- Gives waiting tier changes their place in the feed. Those of a month still being closed wait:
-- the relay only sees committed rows, so no position can be taken by an event that shows up later.
with waiting as (
    select t.customer_id, t.id, row_number() over (order by t.id) as place
    from terrace.tier_change t, terrace.calendar c
    where t.position is null and (t.closed_month is null or t.closed_month <= c.last_closed)
    order by t.id limit 5000
),
head as (
    update terrace.feed set head = head + (select count(*) from waiting)
    where topic = 'tier_change' and exists (select from waiting)
    returning head - (select count(*) from waiting) as before
)
update terrace.tier_change t set position = head.before + w.place
from waiting w, head
where t.customer_id = w.customer_id and t.id = w.id;

-- name: position_risk_signals
-- The same for events of warning signals.
with waiting as (
    select customer_id, id, row_number() over (order by id) as place
    from terrace.risk_signal_event where position is null order by id limit 5000
),
head as (
    update terrace.feed set head = head + (select count(*) from waiting)
    where topic = 'risk_signal' and exists (select from waiting)
    returning head - (select count(*) from waiting) as before
)
update terrace.risk_signal_event t set position = head.before + w.place
from waiting w, head
where t.customer_id = w.customer_id and t.id = w.id;

-- name: announce
-- Wakes every listener; what happened is in the feeds.
select pg_notify('terrace_feed', '');

-- name: feed_head
-- The position last given in a feed.
select head from terrace.feed where topic = $1;

-- name: feed_heads
-- The heads of all feeds.
select topic, head from terrace.feed;
