-- The second wall: row-level security on everything a reader may see.
--
-- The first wall is the predicate that each compiled statement carries for every table it reads;
-- this one holds when that is missing. The setting is read through an uncorrelated sub-select:
-- PostgreSQL evaluates it once a scan, and keeps it on partitioned tables. FORCE makes it hold
-- for the owner as well; only the writer's group sees every row, by a policy of its own.
do $$
declare
    actor constant text := '(select nullif(current_setting(''app.id'', true), '''')::integer)';
    owned text;
    own_key text;
begin
    foreach owned in array array[
        'customer', 'account', 'aum', 'standing', 'tier_change', 'special_grant', 'risk_signal',
        'risk_signal_event'
    ] loop
        own_key := case owned when 'customer' then 'id' else 'customer_id' end;
        execute format('alter table terrace.%I enable row level security', owned);
        execute format('alter table terrace.%I force row level security', owned);
        if owned not like 'risk_signal%' then -- a warning about a customer is not for the customer
            execute format(
                'create policy customer_sees_own on terrace.%I for select to terrace_customer using (%I = %s)',
                owned, own_key, actor);
        end if;
        execute format(
            'create policy manager_sees_portfolio on terrace.%I for select to terrace_manager using (manager_id = %s)',
            owned, actor);
        execute format(
            'create policy branch_sees_branch on terrace.%I for select to terrace_branch using (branch_id = %s)',
            owned, actor);
        execute format(
            'create policy union_sees_all on terrace.%I for select to terrace_all using (true)', owned);
        execute format(
            'create policy writer on terrace.%I for all to terrace_writer using (true) with check (true)',
            owned);
        execute format(
            'grant select on terrace.%I to terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none',
            owned);
    end loop;

    -- The directory of managers: one's own entry, one's branch, or a customer's own manager.
    alter table terrace.manager enable row level security;
    alter table terrace.manager force row level security;
    execute format(
        'create policy customer_sees_own_manager on terrace.manager for select to terrace_customer
         using (id = (select c.manager_id from terrace.customer c where c.id = %s))', actor);
    execute format(
        'create policy manager_sees_self on terrace.manager for select to terrace_manager using (id = %s)',
        actor);
    execute format(
        'create policy branch_sees_own on terrace.manager for select to terrace_branch using (branch_id = %s)',
        actor);
    create policy union_sees_all on terrace.manager for select to terrace_all using (true);
    create policy writer on terrace.manager for all to terrace_writer using (true) with check (true);
    grant select on terrace.manager to
        terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none;
end
$$;

-- Reference data that every authenticated caller may read.
grant select on terrace.calendar, terrace.branch, terrace.tier_policy, terrace.tier to
    terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none;
grant select on terrace.aum_figure, terrace.standing_in_force to
    terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none;

-- The writer. The journal and the audit trail are append-only to it; a held update is released.
grant select, insert, update, delete on
    terrace.branch, terrace.manager, terrace.rate, terrace.tier_policy, terrace.tier,
    terrace.customer, terrace.account, terrace.balance, terrace.request, terrace.dirty,
    terrace.aum, terrace.standing, terrace.replayed_standing, terrace.tier_change,
    terrace.special_grant, terrace.correction, terrace.close_run, terrace.close_chunk,
    terrace.risk_signal, terrace.risk_signal_event
    to terrace_writer;
grant select, insert, delete on terrace.balance_staging to terrace_writer;
grant usage on sequence terrace.import_batch to terrace_writer;
grant select, update on terrace.calendar, terrace.feed to terrace_writer;
grant select, insert on terrace.balance_update, terrace.audit to terrace_writer;
grant update (held) on terrace.balance_update to terrace_writer;
grant select on terrace.aum_figure, terrace.standing_in_force to terrace_writer;
