-- name: own_chain
-- One sealer at a time goes on with the chain; another one waits for its turn, which is short.
select pg_advisory_xact_lock(7000005);

-- name: audit_content
-- What a seal holds for: the whole line `a` and the instant of the seal `s`, as a JSON array in the
-- form in which PostgreSQL writes jsonb. No setting of a session changes a letter of it.
jsonb_build_array(
    a.id, to_char(a.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    a.business_date, a.principal, a.role, a.channel, a.origin, a.action, a.subject, a.before,
    a.after, a.reason, a.detail,
    to_char(s.sealed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))::text

-- name: lines_to_seal
-- The next lines that wait, at most $1, each looked up by itself: lines are many, those that wait are
-- few. One that is gone, or has a seal, waits for ever, and is told of.
select a.id, s.sealed_at, {audit_content} as content
from (select statement_timestamp() as sealed_at) s
cross join terrace.audit_unsealed u
cross join lateral (select * from terrace.audit where id = u.id offset 0) a
where not exists (select from terrace.audit_seal sealed where sealed.audit_id = u.id)
order by u.id limit $1;

-- name: write_seals
-- Seals lines, which no longer wait: $1 lines, $2 positions, $3 hashes, $4 when.
with given as (
    select * from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as g(audit_id, position, hash)
),
done as (
    delete from terrace.audit_unsealed where id = any($1::bigint[])
)
insert into terrace.audit_seal (position, audit_id, hash, sealed_at)
select position, audit_id, hash, $4::timestamptz from given order by position;

-- name: audit_head
-- The last seal.
select position, hash from terrace.audit_seal order by position desc limit 1;

-- name: audit_seal
-- The seal of a position.
select position, hash from terrace.audit_seal where position = $1;

-- name: sealed_lines
-- The seals after position $1, at most $2, with the content of their lines; null for a line that is gone.
select s.position, s.audit_id, s.hash, case when a.id is not null then {audit_content} end as content
from terrace.audit_seal s
left join lateral (select * from terrace.audit where id = s.audit_id offset 0) a on true
where s.position > $1 order by s.position limit $2;

-- name: lines_without_seal
-- Of the lines after $1, at most $2: the last one looked at, and the first that neither has a seal nor
-- waits for one.
with looked_at as materialized (
    select id from terrace.audit where id > $1 order by id limit $2
)
select max(id) as last, min(id) filter (
    where not exists (select from terrace.audit_seal s where s.audit_id = l.id)
        and not exists (select from terrace.audit_unsealed u where u.id = l.id)
) as stray
from looked_at l;

-- name: lines_waiting
-- How many lines wait for their seal, and the first of them that is gone.
select count(*) as waiting, min(u.id) filter (
    where not exists (select from terrace.audit a where a.id = u.id)
) as gone
from terrace.audit_unsealed u;
