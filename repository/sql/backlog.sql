-- name: backlog
-- What waits to be done, in one row: dirty and quarantined customers, updates held back by a close,
-- events without a position, lines of audit without a seal, and the close that was last asked for.
-- Updates, events and lines are counted up to $1. An event of a month's close can only be positioned when that is published, so it waits
-- from then on.
select
    marked.dirty,
    marked.oldest as dirty_oldest,
    marked.quarantined,
    (select count(*) from (
        select from terrace.balance_update where held limit $1::bigint) h) as held,
    tiers.waiting as tier_changes,
    tiers.oldest as tier_changes_oldest,
    signals.waiting as risk_signals,
    signals.oldest as risk_signals_oldest,
    steps.waiting as approval_events,
    steps.oldest as approval_events_oldest,
    requests.pending as approvals_pending,
    requests.oldest as effects_oldest,
    lines.waiting as unsealed,
    lines.oldest as unsealed_oldest,
    to_char(run.month, 'YYYY-MM') as close_month,
    run.state as close_state,
    run.customers as close_customers,
    run.judged as close_judged
from (
    select count(*) filter (where not quarantined) as dirty,
        count(*) filter (where quarantined) as quarantined,
        clock_timestamp() - min(marked_at) filter (where not quarantined) as oldest
    from terrace.dirty
) marked,
(
    select count(*) as waiting,
        clock_timestamp() - min(greatest(e.recorded_at, r.closed_at)) as oldest
    from (
        select t.recorded_at, t.closed_month from terrace.tier_change t, terrace.calendar c
        where t.position is null and (t.closed_month is null or t.closed_month <= c.last_closed)
        limit $1::bigint
    ) e left join terrace.close_run r on r.month = e.closed_month
) tiers,
(
    select count(*) as waiting, clock_timestamp() - min(recorded_at) as oldest
    from (select recorded_at from terrace.risk_signal_event where position is null limit $1::bigint) e
) signals,
(
    select count(*) as waiting, clock_timestamp() - min(recorded_at) as oldest
    from (select recorded_at from terrace.approval_event where position is null limit $1::bigint) e
) steps,
(
    select count(*) as pending, clock_timestamp() - min(wanted_at) as oldest
    from (
        select wanted_at from terrace.approval
        where state = 'PENDING' and expires_at > clock_timestamp() limit $1::bigint) p
) requests,
(
    select count(*) as waiting, clock_timestamp() - min(since) as oldest
    from (select since from terrace.audit_unsealed limit $1::bigint) u
) lines
left join (
    select r.month, r.state, r.customers, coalesce((
        select sum(k.customers) from terrace.close_chunk k where k.month = r.month and k.done
    ), 0)::bigint as judged
    from terrace.close_run r order by r.month desc limit 1
) run on true;
