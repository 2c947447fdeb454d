-- name: admitted
-- For each credential ($1 roles, $2 subjects, $3 branches, $4 token ids, $5 prefixes of API keys,
-- $6 instants of issue): the key of the row it names, 0 for a role that names none, null if there
-- is no such row; and whether it was revoked or has ended early.
select case given.role
        when 'customer' then (
            select c.id from terrace.customer c where c.number = given.subject)
        when 'manager' then (
            select m.id from terrace.manager m where m.number = given.subject and m.active)
        when 'branch' then (
            select b.id from terrace.branch b where b.code = given.subject)
        when 'risk' then case when given.branch = '' then 0 else (
            select b.id from terrace.branch b where b.code = given.branch) end
        else 0
    end as scope_id,
    exists (
        select from terrace.revocation r
        where r.role = given.role and r.bearer = given.subject and r.lifted_at is null
            and (r.issued_before is null or given.issued_at < r.issued_before)
    ) or (given.token_id <> '' and exists (
        select from terrace.revocation r
        where r.token_id = given.token_id and r.lifted_at is null
    )) or (given.key <> '' and not exists (
        select from terrace.api_key k
        where k.prefix = given.key and k.revoked_at is null and k.expires_at > clock_timestamp()
    )) as revoked
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    with ordinality as given(role, subject, branch, token_id, key, issued_at, place)
order by given.place;

-- name: api_key_used
-- Keys were used just now; to the minute, so that a busy key is not written at each request.
update terrace.api_key set last_used_at = clock_timestamp()
where id in (
    select id from terrace.api_key
    where prefix = any($1::text[])
        and (last_used_at is null or last_used_at < clock_timestamp() - interval '1 minute')
    for no key update skip locked);

-- name: api_key_by_prefix
-- What a key stands for or stood for, and the digest that proves it.
select d.digest, k.integrator, k.grants, k.created_at, k.expires_at
from terrace.api_key k join terrace.api_key_digest d on d.api_key = k.id
where k.prefix = $1;

-- name: create_api_key
-- A new key; $6 hours from now it ends.
with made as (
    insert into terrace.api_key (prefix, integrator, grants, created_by, expires_at, replaces)
    values ($1, $3, $4, $5, clock_timestamp() + make_interval(hours => $6), $7)
    returning id
)
insert into terrace.api_key_digest (api_key, digest) select id, $2 from made
returning api_key;

-- name: lock_api_key
-- A key that still holds, by its own key or its prefix.
select id, prefix, integrator, grants, expires_at,
    exists (select from terrace.api_key n where n.replaces = k.id) as replaced
from terrace.api_key k
where (id = $1 or prefix = $2) and revoked_at is null and expires_at > clock_timestamp()
for update;

-- name: retire_api_key
-- A key ends $2 hours from now, unless it would anyway.
update terrace.api_key
set expires_at = least(expires_at, clock_timestamp() + make_interval(hours => $2))
where id = $1;

-- name: revoke_api_key
-- A key ends now.
update terrace.api_key set revoked_at = clock_timestamp(), revoked_by = $2, revoked_reason = $3
where id = $1;

-- name: api_keys
-- All keys, for an operator's list.
select prefix, integrator, grants, created_by, created_at, expires_at, last_used_at, revoked_at
from terrace.api_key order by integrator, id;

-- name: revoke_access
-- Shuts a token ($3) or a bearer ($1 role, $2 subject) out; tokens issued from $4 on are good.
insert into terrace.revocation (role, bearer, token_id, issued_before, reason, revoked_by)
values ($1, $2, $3, $4, $5, $6)
returning id;

-- name: lift_revocation
-- Lets a token or bearer in again.
update terrace.revocation set lifted_by = $2, lifted_at = clock_timestamp()
where id = $1 and lifted_at is null
returning coalesce(role || ':' || bearer, token_id) as whom;

-- name: revocations_in_force
-- Who is shut out now.
select id, coalesce(role || ':' || bearer, token_id) as whom, issued_before, revoked_at, reason
from terrace.revocation where lifted_at is null order by id;
