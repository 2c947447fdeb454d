-- Warning signals about customers and their events.

create table terrace.risk_signal (
    customer_id integer not null,
    id integer generated always as identity,
    manager_id integer not null,
    branch_id integer not null,
    code text not null,
    severity text not null check (severity in ('RED', 'ORANGE', 'YELLOW', 'BLUE')),
    state text not null default 'REPORTED' check (state in (
        'REPORTED', 'ASSIGNED', 'ASSESSED', 'MEASURES', 'RELEASE_REQUESTED', 'RELEASED', 'REJECTED')),
    facts text not null,
    reported_by text not null,
    reporter_id integer references terrace.manager,
    reported_at timestamptz not null default clock_timestamp(),
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index risk_signal_by_manager on terrace.risk_signal (manager_id, id);
create index risk_signal_by_branch on terrace.risk_signal (branch_id, id);
create index risk_signal_by_time on terrace.risk_signal (id);

-- One row a step of a signal's life; positions as for tier changes.
create table terrace.risk_signal_event (
    customer_id integer not null,
    id bigint generated always as identity,
    manager_id integer not null,
    branch_id integer not null,
    signal_id integer not null,
    state text not null,
    recorded_at timestamptz not null default clock_timestamp(),
    position bigint,
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index risk_signal_event_waiting on terrace.risk_signal_event (id) where position is null;
create index risk_signal_event_feed on terrace.risk_signal_event (position) where position is not null;
