-- What a proposed tier policy would have done to closed months. A preview is a matter of the union:
-- no branch, manager or customer is to learn of a policy that is being thought about, nor of what it
-- would make of anybody. So `terrace.protect` gains a kind, UNION: rows of the union's business,
-- whoever they are about, for those who see every row. And another, STAFF: rows of the institution's
-- own work on a customer, a branch or the union, for the manager, the branch and the union that have
-- it, and for no integrator.
create or replace procedure terrace.protect(table_name text, kind text)
language plpgsql
as $$
declare
    actor constant text := '(select nullif(current_setting(''app.id'', true), '''')::integer)';
    readers constant text := 'terrace_customer, terrace_manager, terrace_branch, terrace_all, '
        'terrace_audit, terrace_configuration, terrace_reading, terrace_none';
    found oid := to_regclass(format('terrace.%I', table_name));
    of_somebody boolean;
begin
    if not exists (select from pg_catalog.pg_class where oid = found and relkind in ('r', 'p')) then
        raise exception 'terrace.% is no table', table_name;
    end if;
    of_somebody := exists (
        select from pg_catalog.pg_attribute where attrelid = found and not attisdropped
            and attname in ('customer_id', 'manager_id', 'branch_id'));

    if kind not in (
        'OWNED', 'INTERNAL', 'STAFF', 'UNION', 'REFERENCE', 'CONFIGURATION', 'AUDIT') then
        raise exception '% is no kind of table: OWNED, INTERNAL, STAFF, UNION, REFERENCE, '
            'CONFIGURATION or AUDIT', kind;
    end if;
    if kind in ('REFERENCE', 'CONFIGURATION', 'AUDIT') and of_somebody then
        raise exception 'terrace.% has rows of somebody: it is no % table',
            table_name, lower(kind);
    end if;
    -- A UNION table may be about nobody; if it is about customers, it follows them like any other. A
    -- row of a STAFF table may be about a branch or the union alone.
    if kind in ('OWNED', 'INTERNAL', 'STAFF') or kind = 'UNION' and of_somebody then
        -- conkey[1] is the first column of the primary key.
        if kind <> 'STAFF' and not exists (
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
                and attname in ('manager_id', 'branch_id')
        ) then
            raise exception 'terrace.% must not have rows of nobody: manager_id and branch_id '
                'are not null', table_name;
        end if;
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
    if kind in ('OWNED', 'INTERNAL', 'STAFF') then
        execute format(
            'create policy manager_sees_portfolio on terrace.%I for select to terrace_manager using (manager_id = %s)',
            table_name, actor);
        execute format(
            'create policy branch_sees_branch on terrace.%I for select to terrace_branch using (branch_id = %s)',
            table_name, actor);
    end if;
    if kind in ('OWNED', 'INTERNAL') then
        execute format(
            'create policy integrator_reads_all on terrace.%I for select to terrace_reading using (true)',
            table_name);
    end if;
    if kind in ('OWNED', 'INTERNAL', 'STAFF', 'UNION') then
        execute format(
            'create policy union_sees_all on terrace.%I for select to terrace_all using (true)',
            table_name);
    end if;

    execute format('grant select on terrace.%I to %s', table_name, readers);
    execute format(
        'grant select, insert, update, delete on terrace.%I to terrace_writer', table_name);
end
$$;

-- Counts up with every correction that is written or taken back, so that whoever has looked at closed
-- months can tell whether they are still as they were. Who makes a correction shares the ledger to its
-- end, so a number read by the ledger's owner is that of what has been committed.
create sequence terrace.corrections_made as bigint minvalue 0 start 0;
select nextval('terrace.corrections_made');
grant usage, select on sequence terrace.corrections_made to terrace_writer;
grant select on sequence terrace.corrections_made to terrace_customer, terrace_manager,
    terrace_branch, terrace_all, terrace_audit, terrace_configuration, terrace_reading, terrace_none;

create table terrace.policy_preview (
    id integer generated always as identity primary key,
    policy jsonb not null, -- the whole proposed policy
    first_month date not null check (extract(day from first_month) = 1),
    last_month date not null check (extract(day from last_month) = 1),
    state text not null default 'WAITING' check (state in (
        'WAITING', 'RUNNING', 'DONE', 'CANCELLED', 'FAILED')),
    from_ledger boolean not null, -- some figures are made from the ledger: other classes count
    asked_by text not null,
    asked_at timestamptz not null default clock_timestamp(),
    last_closed date not null, -- when it was asked for
    corrections_made bigint not null, -- likewise
    customers integer not null default 0,
    judged integer not null default 0,
    tries integer not null default 0,
    problem text,
    ended_at timestamptz,
    cancelled_by text,
    cancel_reason text,
    differing integer, -- this and what follows: the result
    moved integer,
    movements jsonb,
    matrix jsonb,
    places jsonb,
    managers jsonb,
    check (last_month >= first_month),
    check ((state = 'DONE') = (matrix is not null))
);
-- The same is under way but once.
create unique index policy_preview_under_way
    on terrace.policy_preview (md5(policy::text), first_month, last_month)
    where state in ('WAITING', 'RUNNING');
call terrace.protect('policy_preview', 'UNION');

create table terrace.policy_preview_chunk (
    preview_id integer not null references terrace.policy_preview on delete cascade,
    first_customer integer not null,
    last_customer integer not null,
    customers integer not null default 0,
    tally jsonb, -- once it is done
    primary key (preview_id, first_customer)
);
grant select, insert, update, delete on terrace.policy_preview_chunk to terrace_writer;

-- Customers whose standing would be another one. Gone with their preview, or a little after it.
create table terrace.policy_preview_customer (
    customer_id integer not null,
    preview_id integer not null,
    manager_id integer not null,
    branch_id integer not null,
    movement text not null,
    from_status text not null,
    from_tier text,
    from_since date,
    from_shortfall_months smallint not null,
    from_below_entry_months smallint not null,
    from_retention_closes smallint not null,
    aum_before numeric not null,
    to_status text not null,
    to_tier text,
    to_since date,
    to_shortfall_months smallint not null,
    to_below_entry_months smallint not null,
    to_retention_closes smallint not null,
    aum_after numeric not null,
    primary key (customer_id, preview_id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index policy_preview_customer_by_preview
    on terrace.policy_preview_customer (preview_id, customer_id);
call terrace.protect('policy_preview_customer', 'UNION');
