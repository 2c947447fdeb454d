-- Three more kinds of readers: auditors, who see everything and the audit trail besides;
-- administrators, who see how the installation is set up and nobody's rows; integrators that were
-- granted to read, who see every customer.
--
-- `terrace.protect` gains the kinds that are theirs: CONFIGURATION, for administrators and
-- auditors; AUDIT, for auditors alone.
do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'terrace_audit', 'terrace_configuration', 'terrace_reading'] loop
        begin
            if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
                execute format('create role %I nologin', role_name);
            end if;
        exception when duplicate_object or unique_violation then
            null; -- another database of this server is being set up at the same moment
        end;
    end loop;
end
$$;

grant usage on schema terrace to terrace_audit, terrace_configuration, terrace_reading;

-- Whatever is open to the readers there were is open to these, as far as its policies let them.
do $$
declare
    readable record;
begin
    for readable in
        select c.relname as name, c.relrowsecurity as walled
        from pg_catalog.pg_class c
        where c.relnamespace = 'terrace'::regnamespace and c.relkind in ('r', 'p', 'v')
            and has_table_privilege('terrace_all', c.oid, 'select')
    loop
        execute format(
            'grant select on terrace.%I to terrace_audit, terrace_configuration, terrace_reading',
            readable.name);
        if readable.walled then
            execute format(
                'create policy auditor_sees_all on terrace.%I for select to terrace_audit using (true)',
                readable.name);
            execute format(
                'create policy integrator_reads_all on terrace.%I for select to terrace_reading using (true)',
                readable.name);
        end if;
    end loop;
end
$$;

create or replace procedure terrace.protect(table_name text, kind text)
language plpgsql
as $$
declare
    actor constant text := '(select nullif(current_setting(''app.id'', true), '''')::integer)';
    readers constant text := 'terrace_customer, terrace_manager, terrace_branch, terrace_all, '
        'terrace_audit, terrace_configuration, terrace_reading, terrace_none';
    found oid := to_regclass(format('terrace.%I', table_name));
begin
    if not exists (select from pg_catalog.pg_class where oid = found and relkind in ('r', 'p')) then
        raise exception 'terrace.% is no table', table_name;
    end if;

    if kind in ('REFERENCE', 'CONFIGURATION', 'AUDIT') then
        if exists (
            select from pg_catalog.pg_attribute where attrelid = found and not attisdropped
                and attname in ('customer_id', 'manager_id', 'branch_id')
        ) then
            raise exception 'terrace.% has rows of somebody: it is no % table',
                table_name, lower(kind);
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
    else
        raise exception '% is no kind of table: OWNED, INTERNAL, REFERENCE, CONFIGURATION or AUDIT',
            kind;
    end if;

    if kind <> 'REFERENCE' then
        execute format('alter table terrace.%I enable row level security', table_name);
        execute format('alter table terrace.%I force row level security', table_name);
        execute format(
            'create policy auditor_sees_all on terrace.%I for select to terrace_audit using (true)',
            table_name);
        execute format(
            'create policy writer on terrace.%I for all to terrace_writer using (true) with check (true)',
            table_name);
    end if;
    if kind = 'CONFIGURATION' then
        execute format(
            'create policy administrator_sees_all on terrace.%I for select to terrace_configuration using (true)',
            table_name);
    end if;
    if kind = 'OWNED' then
        execute format(
            'create policy customer_sees_own on terrace.%I for select to terrace_customer using (customer_id = %s)',
            table_name, actor);
    end if;
    if kind in ('OWNED', 'INTERNAL') then
        execute format(
            'create policy manager_sees_portfolio on terrace.%I for select to terrace_manager using (manager_id = %s)',
            table_name, actor);
        execute format(
            'create policy branch_sees_branch on terrace.%I for select to terrace_branch using (branch_id = %s)',
            table_name, actor);
        execute format(
            'create policy integrator_reads_all on terrace.%I for select to terrace_reading using (true)',
            table_name);
        execute format(
            'create policy union_sees_all on terrace.%I for select to terrace_all using (true)',
            table_name);
    end if;

    execute format('grant select on terrace.%I to %s', table_name, readers);
    execute format(
        'grant select, insert, update, delete on terrace.%I to terrace_writer', table_name);
end
$$;
