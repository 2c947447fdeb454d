-- The audit trail tells more, can only be added to by anybody, and its lines are chained.
--
-- The writer adds lines and does not read them; auditors read them. A trigger refuses every change,
-- to the owner and to superusers too, so that whoever changes a line must first take it away, and the
-- chain of seals tells what was done then. Seals are added by a role of their own, which reads the
-- lines and changes nothing.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'terrace_sealer') then
        create role terrace_sealer nologin;
    end if;
exception when duplicate_object or unique_violation then
    null; -- another database of this server is being set up at the same moment
end
$$;
grant usage on schema terrace to terrace_sealer;

alter table terrace.audit
    add column role text,
    add column origin text, -- network address of the caller, as far as it is known
    add column before jsonb,
    add column after jsonb,
    add column reason text;
update terrace.audit set role = split_part(principal, ':', 1);
alter table terrace.audit alter column role set not null;
create index audit_by_subject on terrace.audit (subject, recorded_at, id);
create index audit_by_principal on terrace.audit (principal, recorded_at, id);
create index audit_by_action on terrace.audit (action, recorded_at, id);
create index audit_by_day on terrace.audit (business_date, recorded_at, id);
create index audit_by_instant on terrace.audit (recorded_at, id);

-- Lines that wait for their seal, each from its own transaction on.
create table terrace.audit_unsealed (
    id bigint primary key,
    since timestamptz not null default clock_timestamp()
);
insert into terrace.audit_unsealed (id) select id from terrace.audit;

-- The chain. A seal's hash is SHA-256 over the hash before it and the whole line (sql/chain.sql,
-- audit_content), so it holds for every line up to its own. Positions count from 1.
create table terrace.audit_seal (
    position bigint primary key,
    audit_id bigint not null unique,
    hash bytea not null,
    sealed_at timestamptz not null
);

-- Closes a table that is protected already: `adds` may insert into these columns and nobody
-- may do anything else that changes it. ALWAYS: a session that says it is a replica's is refused, too.
create function terrace.refuse_change() returns trigger
language plpgsql
as $$
begin
    raise exception 'terrace.% can only be added to', tg_table_name
        using errcode = 'insufficient_privilege', detail = tg_op || ' is refused to everybody';
end
$$;

create procedure terrace.append_only(table_name text, adds text, columns text[])
language plpgsql
as $$
declare
    listed text := (select string_agg(quote_ident(c), ', ') from unnest(columns) c);
begin
    execute format('revoke all on terrace.%I from terrace_writer', table_name);
    execute format('grant insert (%s) on terrace.%I to %I', listed, table_name, adds);
    execute format(
        'create trigger refuse_change before update or delete or truncate on terrace.%I
         for each statement execute function terrace.refuse_change()', table_name);
    execute format('alter table terrace.%I enable always trigger refuse_change', table_name);
end
$$;

call terrace.protect('audit', 'AUDIT');
call terrace.append_only('audit', 'terrace_writer', array[
    'business_date', 'principal', 'role', 'channel', 'origin', 'action', 'subject', 'before',
    'after', 'reason', 'detail']); -- the number and the instant of a line are never the writer's to say
call terrace.protect('audit_seal', 'AUDIT');
call terrace.append_only('audit_seal', 'terrace_sealer',
    array['position', 'audit_id', 'hash', 'sealed_at']);

create policy sealer on terrace.audit for all to terrace_sealer using (true) with check (true);
create policy sealer on terrace.audit_seal for all to terrace_sealer using (true) with check (true);
grant select on terrace.audit, terrace.audit_seal to terrace_sealer;
grant select on terrace.audit_unsealed to terrace_writer;
grant select, delete on terrace.audit_unsealed to terrace_sealer;

-- No line is committed without waiting for its seal. It runs with its owner's rights, for the writer
-- may not say by itself that a line waits: one that does not exist would look like one removed.
create function terrace.await_seal() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into terrace.audit_unsealed (id) values (new.id);
    return null;
end
$$;
create trigger await_seal after insert on terrace.audit
    for each row execute function terrace.await_seal();
alter table terrace.audit enable always trigger await_seal;
