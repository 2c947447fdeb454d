-- Corrections are seen by those who look after the customer, and a worse one is put in force when
-- somebody allows it.
--
-- A correction follows its customer like any other row. What its two standings say is spelled out in
-- columns, which are all that a reader is shown of them: the rest of a standing's document is what the
-- rules go on from.
alter table terrace.correction
    add column manager_id integer,
    add column branch_id integer,
    add column approved_by text, -- who allowed one that leaves the customer worse off
    add column from_status text generated always as (before ->> 'status') stored,
    add column from_tier text generated always as (before ->> 'tier') stored,
    add column from_since text generated always as (before ->> 'since') stored,
    add column from_shortfall_months smallint
        generated always as ((before ->> 'shortfall_months')::smallint) stored,
    add column from_below_entry_months smallint
        generated always as ((before ->> 'below_entry_months')::smallint) stored,
    add column from_retention_closes smallint
        generated always as ((before ->> 'retention_closes')::smallint) stored,
    add column to_status text generated always as (after ->> 'status') stored,
    add column to_tier text generated always as (after ->> 'tier') stored,
    add column to_since text generated always as (after ->> 'since') stored,
    add column to_shortfall_months smallint
        generated always as ((after ->> 'shortfall_months')::smallint) stored,
    add column to_below_entry_months smallint
        generated always as ((after ->> 'below_entry_months')::smallint) stored,
    add column to_retention_closes smallint
        generated always as ((after ->> 'retention_closes')::smallint) stored;

-- The migrating owner sees customers only while their row security is not forced on the owner.
alter table terrace.customer no force row level security;
update terrace.correction x set manager_id = c.manager_id, branch_id = c.branch_id
from terrace.customer c where c.id = x.customer_id;
alter table terrace.correction
    alter column manager_id set not null,
    alter column branch_id set not null,
    add foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade;
alter table terrace.customer force row level security;

create index correction_by_id on terrace.correction (id);
create index correction_by_state on terrace.correction (state, id);
create index correction_by_manager on terrace.correction (manager_id, id);
create index correction_by_branch on terrace.correction (branch_id, id);
call terrace.protect('correction', 'INTERNAL');
