-- Tiers that the figures do not give: the institution decides that a customer holds one from a day on.
-- Why is between the institution and its staff; that the tier was set by hand, the standing says.
create table terrace.manual_tier (
    customer_id integer not null,
    id integer generated always as identity,
    manager_id integer not null,
    branch_id integer not null,
    day date not null, -- of the month that was open
    tier text not null, -- the code of a tier of the policy in force in that month
    reason text not null,
    set_by text not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
call terrace.protect('manual_tier', 'INTERNAL');
