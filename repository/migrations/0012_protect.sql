-- The second wall for tables to come, in one call: what 0008_walls.sql did for the first ones.
--
-- `call terrace.protect('meeting', 'INTERNAL')` after `create table` gives a table its forced
-- row-level security, its policies and its grants. The kinds are those of Visibility in
-- repository/reading/tables.py: OWNED, rows of one customer; INTERNAL, the same, but not for the
-- customer's own eyes; REFERENCE, open to every authenticated caller. A table that is not built
-- for its kind is refused. It runs as whoever calls it, and only the migrating owner may.
create procedure terrace.protect(table_name text, kind text)
language plpgsql
as $$
declare
    actor constant text := '(select nullif(current_setting(''app.id'', true), '''')::integer)';
    readers constant text :=
        'terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none';
    found oid := to_regclass(format('terrace.%I', table_name));
begin
    if not exists (select from pg_catalog.pg_class where oid = found and relkind in ('r', 'p')) then
        raise exception 'terrace.% is no table', table_name;
    end if;

    if kind = 'REFERENCE' then
        if exists (
            select from pg_catalog.pg_attribute where attrelid = found and not attisdropped
                and attname in ('customer_id', 'manager_id', 'branch_id')
        ) then
            raise exception 'terrace.% has rows of somebody: it is no reference table', table_name;
        end if;
    elsif kind in ('OWNED', 'INTERNAL') then
        -- conkey[1] is the first column of the primary key.
        if not exists (
            select from pg_catalog.pg_constraint k
            join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
            where k.conrelid = found and k.contype = 'p' and a.attname = 'customer_id'
        ) then
            raise exception 'terrace.% needs customer_id first in its primary key', table_name;
        end if;
        if not exists (
            select from pg_catalog.pg_constraint k
            where k.conrelid = found and k.contype = 'f' and k.confupdtype = 'c'
                and k.confrelid = 'terrace.customer'::regclass
                and array['customer_id', 'manager_id', 'branch_id']::name[] = array(
                    select a.attname from unnest(k.conkey) with ordinality c (number, place)
                    join pg_catalog.pg_attribute a on a.attrelid = found and a.attnum = c.number
                    order by c.place)
        ) then
            raise exception 'terrace.% needs its customer_id, manager_id, branch_id to follow the '
                'customer''s: a foreign key with on update cascade', table_name;
        end if;
        if exists (
            select from pg_catalog.pg_attribute where attrelid = found and not attnotnull
                and attname in ('customer_id', 'manager_id', 'branch_id')
        ) then
            raise exception 'terrace.% must not have rows of nobody: manager_id and branch_id '
                'are not null', table_name;
        end if;
        execute format('alter table terrace.%I enable row level security', table_name);
        execute format('alter table terrace.%I force row level security', table_name);
        if kind = 'OWNED' then
            execute format(
                'create policy customer_sees_own on terrace.%I for select to terrace_customer using (customer_id = %s)',
                table_name, actor);
        end if;
        execute format(
            'create policy manager_sees_portfolio on terrace.%I for select to terrace_manager using (manager_id = %s)',
            table_name, actor);
        execute format(
            'create policy branch_sees_branch on terrace.%I for select to terrace_branch using (branch_id = %s)',
            table_name, actor);
        execute format(
            'create policy union_sees_all on terrace.%I for select to terrace_all using (true)',
            table_name);
        execute format(
            'create policy writer on terrace.%I for all to terrace_writer using (true) with check (true)',
            table_name);
    else
        raise exception '% is no kind of table: OWNED, INTERNAL or REFERENCE', kind;
    end if;

    execute format('grant select on terrace.%I to %s', table_name, readers);
    execute format(
        'grant select, insert, update, delete on terrace.%I to terrace_writer', table_name);
end
$$;
revoke execute on procedure terrace.protect from public;
