-- A tier that a later policy version dropped may still be held: a month without figures holds it.
-- So every version has a row for every code that any version has; those it does not have itself
-- are `dropped`, and shown for who still holds them but in no list of the version's tiers.
alter table terrace.tier add column dropped boolean not null default false;

insert into terrace.tier (policy_version, code, name, rank, threshold, dropped)
select p.version, known.code, known.name, known.rank, known.threshold, true
from terrace.tier_policy p cross join (
    select distinct on (code) code, name, rank, threshold from terrace.tier
    order by code, policy_version desc
) known
on conflict do nothing;

-- The outlook goes on from what the close will go on from, so readers may see their replayed states.
alter table terrace.replayed_standing add column manager_id integer, add column branch_id integer;
-- The migrating owner sees customers only while their row security is not forced on the owner.
alter table terrace.customer no force row level security;
update terrace.replayed_standing r set manager_id = c.manager_id, branch_id = c.branch_id
from terrace.customer c where c.id = r.customer_id;
alter table terrace.replayed_standing
    alter column manager_id set not null,
    alter column branch_id set not null,
    add foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade;
alter table terrace.customer force row level security;

do $$
declare
    actor constant text := '(select nullif(current_setting(''app.id'', true), '''')::integer)';
begin
    alter table terrace.replayed_standing enable row level security;
    alter table terrace.replayed_standing force row level security;
    execute format(
        'create policy customer_sees_own on terrace.replayed_standing for select to terrace_customer using (customer_id = %s)',
        actor);
    execute format(
        'create policy manager_sees_portfolio on terrace.replayed_standing for select to terrace_manager using (manager_id = %s)',
        actor);
    execute format(
        'create policy branch_sees_branch on terrace.replayed_standing for select to terrace_branch using (branch_id = %s)',
        actor);
    create policy union_sees_all on terrace.replayed_standing for select to terrace_all using (true);
    create policy writer on terrace.replayed_standing for all to terrace_writer using (true) with check (true);
    grant select on terrace.replayed_standing to
        terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none;
end
$$;
