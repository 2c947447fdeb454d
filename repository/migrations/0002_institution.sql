-- The institution: its calendar, organisation, currencies and tier policies.

-- One row. The business date is the institution's own today; no rule ever reads a wall clock.
create table terrace.calendar (
    one boolean primary key default true check (one),
    home_currency text not null,
    business_date date,
    first_month date check (extract(day from first_month) = 1),
    last_closed date check (extract(day from last_closed) = 1),
    closing date check (extract(day from closing) = 1), -- the month whose close is running
    open_month date generated always as (
        coalesce((last_closed + interval '1 month')::date, first_month)
    ) stored
);
comment on table terrace.calendar is 'Business date and months; every figure is as of these, never of a clock';

create table terrace.branch (
    id integer generated always as identity primary key,
    code text not null unique,
    name text not null,
    parent_id integer references terrace.branch
);

create table terrace.manager (
    id integer generated always as identity primary key,
    number text not null unique,
    name text not null,
    branch_id integer not null references terrace.branch,
    active boolean not null default true
);
create index manager_by_branch on terrace.manager (branch_id, number);

-- Units of home currency for one unit of the currency, valid from the day until the next one.
create table terrace.rate (
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    as_of date not null,
    rate numeric not null check (rate > 0),
    primary key (currency, as_of)
);

create table terrace.tier_policy (
    version integer primary key,
    effective_from date not null check (extract(day from effective_from) = 1),
    watch_months integer not null,
    exit_months integer not null,
    retention_months integer not null,
    document jsonb not null, -- the whole policy as it was published
    published_by text not null,
    published_at timestamptz not null default clock_timestamp()
);

create table terrace.tier (
    policy_version integer not null references terrace.tier_policy,
    code text not null,
    name text not null,
    rank integer not null,
    threshold numeric(20, 2) not null,
    primary key (policy_version, code)
);

-- Average of a sum over days, rounded half up (away from zero) to 0.01, from integers alone:
-- a division rounds first to a scale of its own choosing and could carry a half over.
create function terrace.average(total numeric, days integer) returns numeric
language sql immutable parallel safe
return sign(total) * div(abs(total) * 200 + days, 2 * days) * 0.01;
