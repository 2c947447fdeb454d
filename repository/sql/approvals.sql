-- name: same_approval
-- The same request that still waits, and whether its time is over.
select id, expires_at <= clock_timestamp() as overdue from terrace.approval
where kind = $1 and md5(payload::text) = md5($2::jsonb::text) and state = 'PENDING';

-- name: approvals_of_maker
-- How many requests of a person wait.
select count(*) from terrace.approval where maker = $1 and state = 'PENDING';

-- name: ask_approval
-- A request, about the customer $7 if there is one, else about the branch $8 (0: the union). It waits for
-- a worker to compute its effect unless that is given: $9 effect, $10 its digest.
insert into terrace.approval (
    kind, payload, payload_hash, subject, reason, requested_by, maker,
    customer_id, manager_id, branch_id,
    effect, effect_hash, basis, computed_at, wanted_at, expires_at)
select $1, $2::jsonb, $3, $4, $5, $6, $12,
    c.id, coalesce(c.manager_id, 0), coalesce(c.branch_id, $8::integer),
    $9::jsonb, $10::text, $10::text, case when $10::text is not null then clock_timestamp() end,
    case when $10::text is null then clock_timestamp() end, clock_timestamp() + $11::interval
from (select $7::integer as id) asked left join terrace.customer c on c.id = asked.id
on conflict (kind, md5(payload::text)) where state = 'PENDING' do nothing
returning id;

-- name: tell_approval
-- The step of a request that it has just taken, as an event.
insert into terrace.approval_event (approval_id, customer_id, manager_id, branch_id, state)
select id, customer_id, manager_id, branch_id, state from terrace.approval where id = $1;

-- name: approval
-- A request, whether its time is over, and whether who asked has been shut out since.
select id, kind, payload, payload_hash, subject, reason, customer_id, manager_id, branch_id,
    requested_by, maker, state, effect, effect_hash, basis, computed_at, wanted_at, problem,
    expires_at <= clock_timestamp() as overdue,
    clock_timestamp() - computed_at as age,
    exists (
        select from terrace.revocation r
        where r.lifted_at is null and r.role is not null
            and coalesce(r.issued_before > a.requested_at, true)
            and (a.requested_by = r.role || ':' || r.bearer
                or starts_with(a.requested_by, r.role || ':' || r.bearer || '/'))
    ) as shut_out
from terrace.approval a where id = $1;

-- name: hold_customer_of_approval
-- Keeps the customer of a request from being handed over, which reaches the request: customers come
-- first in everyone's order.
select true from terrace.customer
where id = (select customer_id from terrace.approval where id = $1) for key share;

-- name: hold_approval
-- Keeps a request as it is until the transaction ends.
select true from terrace.approval where id = $1 for no key update;

-- name: keep_effect
-- The effect of a request as it was just computed: $2 effect, $3 its digest, $4 what it follows from.
-- $5: the look that it was computed for; null for one that nobody waited for.
update terrace.approval
set effect = $2::jsonb, effect_hash = $3, basis = $4, computed_at = clock_timestamp(),
    wanted_at = null, tries = 0, problem = null
where id = $1 and state = 'PENDING' and ($5::timestamptz is null or wanted_at = $5::timestamptz);

-- name: want_effect
-- A worker is to compute the effect of a request; until then there is none. Whoever asks again waits for
-- the same computation: what it follows from is read before it begins.
update terrace.approval
set wanted_at = coalesce(wanted_at, clock_timestamp()), effect = null, effect_hash = null,
    basis = null, computed_at = null, problem = null,
    tries = case when wanted_at is null then 0 else tries end
where id = $1 and state = 'PENDING';

-- name: wanted_effect
-- The request that has waited longest for its effect, but for those that others compute, $1.
select id, kind, payload, wanted_at, tries from terrace.approval
where state = 'PENDING' and wanted_at is not null and expires_at > clock_timestamp()
    and id <> all($1::integer[])
order by wanted_at, id limit 1;

-- name: claim_effect
-- Whether nobody else computes the effect of a request; it is claimed for the session.
select pg_try_advisory_lock(7000005, $1::integer);

-- name: release_effect
-- See above.
select pg_advisory_unlock(7000005, $1::integer);

-- name: try_effect
-- Counts that a worker is about to compute an effect: one that dies of it has tried.
update terrace.approval set tries = tries + 1 where id = $1 and wanted_at = $2::timestamptz;

-- name: no_effect
-- Why the effect $2 of a request could not be computed: $3. After three tries, or at once if $4, nobody
-- waits for it any more.
update terrace.approval
set problem = left($3, 500),
    wanted_at = case when $4::boolean or tries >= 3 then null else wanted_at end
where id = $1 and state = 'PENDING' and wanted_at = $2::timestamptz;

-- name: decide_approval
-- The one step that a request takes: $2 state, $3 by whom, $4 the person, $5 why, $6 what came of it.
update terrace.approval
set state = $2, decided_by = $3, checker = $4, decided_at = clock_timestamp(),
    decision_reason = $5, result = $6::jsonb, wanted_at = null
where id = $1 and state = 'PENDING'
returning id;

-- name: overdue_approvals
-- Requests whose time is over.
select id from terrace.approval
where state = 'PENDING' and expires_at <= clock_timestamp() order by id limit 1000;
