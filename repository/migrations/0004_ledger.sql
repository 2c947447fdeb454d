-- The ledger of end-of-day balances, and what keeps its work exact: the journal of accepted
-- updates, stored replies, the list of customers to recompute, and the audit trail.
-- No reader's role is granted anything here, so these carry no manager or branch.

-- The balance at the close of one day; carried forward until the next row.
create table terrace.balance (
    customer_id integer not null,
    account_id integer not null,
    as_of date not null,
    amount numeric(18, 2) not null,
    primary key (customer_id, account_id, as_of)
);

-- Append-only: every accepted update, once by its id. `held` rows arrived for a month while its
-- close was running; they are posted, as corrections, when it is over.
create table terrace.balance_update (
    customer_id integer not null,
    update_id text not null,
    account_id integer not null,
    as_of date not null,
    amount numeric(18, 2) not null,
    held boolean not null default false,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (customer_id, update_id)
);
create index balance_update_held on terrace.balance_update (recorded_at) where held;

-- A request that was answered, and its answer: the same request again gets the same answer.
create table terrace.request (
    operation text not null,
    key text not null,
    principal text not null,
    body_hash bytea not null,
    reply jsonb,
    recorded_at timestamptz not null default clock_timestamp(),
    primary key (operation, key)
);

-- Customers whose figures no longer follow from the ledger, from a month on. Writers add one to
-- the version in the transaction of their change; a worker removes the row it has caught up with.
create table terrace.dirty (
    customer_id integer primary key,
    version bigint not null default 1,
    from_month date not null,
    marked_at timestamptz not null default clock_timestamp(),
    tries integer not null default 0,
    last_error text,
    retry_at timestamptz,
    quarantined boolean not null default false
);

create table terrace.audit (
    id bigint generated always as identity primary key,
    recorded_at timestamptz not null default clock_timestamp(),
    business_date date,
    principal text not null,
    channel text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);

-- Rows of a file on their way in: copied here first, then recorded chunk by chunk. Unlogged: an
-- import that was cut off is simply done again.
create unlogged table terrace.balance_staging (
    batch bigint not null,
    line integer not null,
    update_id text not null,
    account text not null,
    as_of date not null,
    amount text not null, -- copied as it was read; checked before
    primary key (batch, line)
);
create sequence terrace.import_batch;
