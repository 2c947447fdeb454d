-- What the workers derive: AUM, standings with their decisions, tier changes, corrections, and
-- the runs that close months.

-- Sums of end-of-day balances in home currency over the days of a month up to `as_of`, and the
-- balance on that day (the level), from which an open month is carried on to the business date.
create table terrace.aum (
    customer_id integer not null,
    month date not null check (extract(day from month) = 1),
    manager_id integer not null,
    branch_id integer not null,
    deposits_sum numeric not null,
    investments_sum numeric not null,
    settlement_funds_sum numeric not null,
    deposits_level numeric not null,
    investments_level numeric not null,
    settlement_funds_level numeric not null,
    as_of date not null,
    divisor smallint not null, -- days the whole month's sum is divided by
    complete boolean not null,
    changes_on date, -- the first day on which a level changes though no update arrives
    primary key (customer_id, month),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index aum_changing on terrace.aum (changes_on) where changes_on is not null;

-- The state in force on the last day of a month, and the decision that led to it. A month's rows
-- are written by the close of the month before, or by a grant within the open month.
create table terrace.standing (
    customer_id integer not null,
    month date not null check (extract(day from month) = 1),
    manager_id integer not null,
    branch_id integer not null,
    status text not null check (status in (
        'NON_MEMBER', 'ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED', 'REMOVED')),
    tier text,
    since date,
    shortfall_months smallint not null default 0,
    below_entry_months smallint not null default 0,
    retention_closes smallint not null default 0,
    special_until date,
    history jsonb not null default '[]', -- judged months of the present run below a line
    terminated boolean not null default false,
    decision_month date not null,
    rule text not null,
    policy_version integer not null references terrace.tier_policy,
    judged jsonb not null,
    before jsonb, -- the standing before the decision; null where the decision changed nothing
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (customer_id, month),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index standing_by_manager on terrace.standing (manager_id, month, status);
create index standing_by_month on terrace.standing (month, status, tier);
create index standing_by_branch on terrace.standing (branch_id, month, status);

-- The state from which the open month will be judged where a correction's replay differs from
-- what was published for it.
create table terrace.replayed_standing (
    customer_id integer not null,
    month date not null,
    state jsonb not null,
    primary key (customer_id, month)
);

-- A change of tier or status: the event that subscribers receive. `position` is given by the
-- relay after commit; an event without one is not published yet.
create table terrace.tier_change (
    customer_id integer not null,
    id bigint generated always as identity,
    manager_id integer not null,
    branch_id integer not null,
    kind text not null,
    effective_from date not null,
    from_status text not null,
    to_status text not null,
    from_tier text,
    to_tier text,
    from_policy_version integer not null references terrace.tier_policy,
    responsible_id integer, -- the customer's manager when it happened
    decision_month date not null,
    rule text not null,
    policy_version integer not null references terrace.tier_policy,
    judged jsonb not null,
    before jsonb not null,
    state jsonb not null, -- after it
    closed_month date, -- published only when this month's close is
    recorded_at timestamptz not null default clock_timestamp(),
    position bigint,
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index tier_change_waiting on terrace.tier_change (id) where position is null;
create index tier_change_feed on terrace.tier_change (position) where position is not null;
create index tier_change_by_manager on terrace.tier_change (manager_id, position);
create index tier_change_by_branch on terrace.tier_change (branch_id, position);

create table terrace.special_grant (
    customer_id integer not null,
    id integer generated always as identity,
    manager_id integer not null,
    branch_id integer not null,
    starts date not null,
    until date not null check (until > starts),
    reason text not null,
    granted_by text not null,
    revoked_on date,
    revoked_by text,
    revoke_reason text,
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);

-- A closed month's figure that no longer follows from the ledger: both figures, what a replay
-- of the months since makes of the customer's state, and whether that is in force.
create table terrace.correction (
    customer_id integer not null,
    id bigint generated always as identity,
    month date not null, -- the first corrected month
    posted_in date not null, -- the month that was open when it was posted
    state text not null check (state in ('APPLIED', 'PENDING_REVIEW', 'SUPERSEDED')),
    figures jsonb not null, -- per month: old and new total and days
    before jsonb not null,
    after jsonb not null,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (customer_id, id)
);
create unique index correction_pending on terrace.correction (customer_id)
    where state = 'PENDING_REVIEW';

-- One close per month. A closer works under the epoch it has read; a new closer raises it.
create table terrace.close_run (
    month date primary key,
    epoch integer not null default 1,
    state text not null check (state in ('CUTOFF', 'RUNNING', 'CLOSED', 'FAILED')),
    requested_by text not null,
    cutoff_at timestamptz not null default clock_timestamp(),
    customers integer not null default 0,
    closed_at timestamptz,
    problem text
);
create table terrace.close_chunk (
    month date not null references terrace.close_run,
    first_customer integer not null,
    last_customer integer not null,
    customers integer not null default 0,
    changes integer not null default 0,
    total numeric not null default 0,
    done boolean not null default false,
    primary key (month, first_customer)
);

-- The head of each feed of events: the position last given.
create table terrace.feed (
    topic text primary key,
    head bigint not null default 0
);
insert into terrace.feed (topic) values ('tier_change'), ('risk_signal');
