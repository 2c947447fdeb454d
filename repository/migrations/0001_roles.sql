-- The kinds of readers and the one writer, as group roles of the whole server.
--
-- Grants and row policies of every later migration name these groups. The login roles that
-- belong to them are made per database by the migrator, which knows their passwords.
-- None of them owns anything, none bypasses row-level security.
do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'terrace_customer', 'terrace_manager', 'terrace_branch', 'terrace_all', 'terrace_none',
        'terrace_writer'
    ] loop
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

create schema if not exists terrace;
grant usage on schema terrace to
    terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none, terrace_writer;

-- The actor of the running statement, as each row policy reads it. A transaction-local setting
-- reads back as '' once its transaction is over, so '' must mean nobody.
-- (Policies repeat this expression as a sub-select; a function call there would not be folded.)

do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end
$$;
revoke create on schema public from public;
