-- Customers and what they hold.
--
-- Every table owned by a customer carries customer_id first in its primary key, so that the data
-- can be distributed by it. Those a reader may see also carry the customer's manager and branch
-- under one composite key with ON UPDATE CASCADE: a row's visibility is a plain equality on its
-- own columns, and a handover moves all of a customer's rows with its commit.

create table terrace.customer (
    id integer generated always as identity primary key,
    number text not null unique,
    name text not null,
    kind text not null check (kind in ('INDIVIDUAL', 'ORGANISATION')),
    status text not null default 'PROSPECT' check (status in ('PROSPECT', 'CURRENT', 'TERMINATED')),
    phone text,
    email text,
    id_document text,
    birth_date date,
    address text,
    branch_id integer not null references terrace.branch,
    manager_id integer not null default 0, -- 0: nobody; never null, or cascades would lose the row
    assigned_manager_id integer generated always as (nullif(manager_id, 0)) stored
        references terrace.manager,
    terminated_on date,
    unique (id, manager_id, branch_id)
);
create index customer_by_manager on terrace.customer (manager_id, number);
create index customer_by_branch on terrace.customer (branch_id, number);
create index customer_by_name on terrace.customer (name, id);

create table terrace.account (
    customer_id integer not null,
    id integer generated always as identity,
    manager_id integer not null,
    branch_id integer not null,
    number text not null unique,
    product_class text not null check (product_class in (
        'DEMAND_DEPOSIT', 'TERM_DEPOSIT', 'STRUCTURED_DEPOSIT', 'CERTIFICATE_BOND', 'SAVINGS_BOND',
        'TREASURY_BOND', 'WEALTH_PRODUCT', 'FUND', 'GOLD', 'INSURANCE', 'SETTLEMENT_FUNDS'
    )),
    currency text not null check (currency ~ '^[A-Z]{3}$'),
    opened_on date not null,
    closed_on date check (closed_on >= opened_on),
    balance numeric(18, 2) not null default 0, -- the latest end-of-day balance
    balance_as_of date,
    primary key (customer_id, id),
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);

-- Components of AUM; loans are no product class and insurance counts only if a policy says so.
create function terrace.component(product_class text) returns text
language sql immutable parallel safe
return case
    when product_class in ('DEMAND_DEPOSIT', 'TERM_DEPOSIT', 'STRUCTURED_DEPOSIT') then 'DEPOSITS'
    when product_class = 'SETTLEMENT_FUNDS' then 'SETTLEMENT_FUNDS'
    else 'INVESTMENTS'
end;

-- What a reader sees of personal data who may not see it in full.
create function terrace.mask_phone(value text) returns text
language sql immutable parallel safe
return left(value, 3) || '****' || right(value, least(4, greatest(length(value) - 7, 0)));

create function terrace.mask_email(value text) returns text
language sql immutable parallel safe
return left(value, 1) || '***' || coalesce(substring(value from '@.*$'), '');

create function terrace.mask_document(value text) returns text
language sql immutable parallel safe
return left(value, 1) || '****' || right(value, least(2, greatest(length(value) - 5, 0)));

create function terrace.mask_address(value text) returns text
language sql immutable parallel safe
return left(value, least(6, length(value) / 3)) || '****';
