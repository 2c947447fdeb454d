-- name: doctor_settings
-- The server's settings that durability and the number of connections hang on, as this role has them.
select name, setting from pg_catalog.pg_settings
where name in ('fsync', 'full_page_writes', 'synchronous_commit', 'max_connections',
    'superuser_reserved_connections', 'reserved_connections', 'server_version',
    'server_version_num', 'data_checksums', 'row_security');

-- name: doctor_clock
-- The server's clock.
select clock_timestamp();

-- name: doctor_roles
-- Of the login roles in $1: what they may, and the groups they are in.
select r.rolname as name, r.rolcanlogin as can_login, r.rolsuper as super, r.rolbypassrls as bypass,
    r.rolcreaterole as creates_roles, array(
        select g.rolname::text from pg_catalog.pg_auth_members m
        join pg_catalog.pg_roles g on g.oid = m.roleid
        where m.member = r.oid order by 1
    ) as groups
from pg_catalog.pg_roles r where r.rolname = any($1::text[]);

-- name: doctor_group_roles
-- The same of the group roles in $1, which carry the grants.
select rolname as name, rolsuper as super, rolbypassrls as bypass
from pg_catalog.pg_roles where rolname = any($1::text[]) and (rolsuper or rolbypassrls);

-- name: doctor_walls
-- Tables with rows of somebody that the groups in $1 may read, and views they may read, where the
-- second wall is down: row-level security off or not forced, no policy, or a view with its owner's
-- rights.
select c.relname as name, case
    when c.relkind = 'v' then 'runs with the rights of its owner'
    when not c.relrowsecurity then 'row-level security is off'
    when not c.relforcerowsecurity then 'row-level security is not forced'
    else 'has no policy' end as fault
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = 'terrace'
where c.relkind in ('r', 'p', 'v')
    and exists (
        select from unnest($1::text[]) g(name)
        join pg_catalog.pg_roles r on r.rolname = g.name
        where has_any_column_privilege(r.oid, c.oid, 'select'))
    and case when c.relkind = 'v'
        then not coalesce('security_invoker=true' = any(c.reloptions), false)
        else exists (
            select from pg_catalog.pg_attribute a
            where a.attrelid = c.oid and not a.attisdropped
                and a.attname in ('customer_id', 'manager_id', 'branch_id'))
            and not (c.relrowsecurity and c.relforcerowsecurity and exists (
                select from pg_catalog.pg_policy p where p.polrelid = c.oid))
        end
order by 1;

-- name: doctor_open_policies
-- Policies that let every row pass to somebody else than the groups in $1, which may see all, or
-- those in $2, which may see all of a table with nobody's rows.
select tablename as name, policyname as policy from pg_catalog.pg_policies
where schemaname = 'terrace' and lower(permissive) = 'permissive' and qual = 'true'
    and not roles <@ $1::name[]
    and not (roles <@ $2::name[] and not exists (
        select from pg_catalog.pg_attribute a
        where a.attrelid = format('terrace.%I', tablename)::regclass
            and a.attname in ('customer_id', 'manager_id', 'branch_id')))
order by 1, 2;

-- name: doctor_audit_guards
-- Triggers that keep the audit trail, and are missing or do not hold in every session.
select g.name, g.guard
from (values ('audit', 'refuse_change'), ('audit', 'await_seal'), ('audit_seal', 'refuse_change'))
    as g(name, guard)
where not exists (
    select from pg_catalog.pg_trigger t
    where t.tgrelid = to_regclass('terrace.' || g.name) and t.tgname = g.guard
        and t.tgenabled = 'A'
);

-- name: doctor_indexes
-- All indexes of the schema, and whether each can be used.
select i.relname as name, x.indisvalid and x.indisready and x.indislive as usable
from pg_catalog.pg_index x
join pg_catalog.pg_class i on i.oid = x.indexrelid
join pg_catalog.pg_class t on t.oid = x.indrelid
join pg_catalog.pg_namespace n on n.oid = t.relnamespace
where n.nspname = 'terrace';

-- name: doctor_quarantined
-- Customers set aside, by key, with what went wrong the last time; the first $1.
select customer_id, tries, last_error from terrace.dirty
where quarantined order by customer_id limit $1::bigint;

-- name: doctor_close
-- A close that is not over, what stands in its way, and whether a writer has been at work on
-- anything for longer than a look takes.
select to_char(r.month, 'YYYY-MM') as month, r.state, r.problem, r.customers, coalesce((
        select sum(k.customers) from terrace.close_chunk k where k.month = r.month and k.done
    ), 0)::bigint as judged, exists (
        select from pg_catalog.pg_stat_activity a
        where a.datname = current_database() and a.usename = current_user
            and a.pid <> pg_backend_pid() and a.xact_start < clock_timestamp() - interval '0.5 s'
    ) as at_work
from terrace.close_run r where r.state not in ('CLOSED', 'REOPENED')
order by r.month desc limit 1;
