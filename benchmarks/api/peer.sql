-- The schema `peer`: the rows of Terrace in the shape that suits PostGraphile best.
--
-- Everything Terrace works out while it answers is worked out here beforehand: the standing in
-- force with its tier's key, the averages of the last twelve months, the texts of months and
-- instants. What is left to do at a request is to find rows by their keys and to return them.
-- The owner's connection sees every row; a reader's sees those of its setting `app.id`.
drop schema if exists peer cascade;
create schema peer;

create table peer.tier as
select row_number() over (order by policy_version, rank)::integer as id, code, name, rank,
    policy_version
from terrace.tier;
alter table peer.tier add primary key (id), alter code set not null;

create table peer.branch as select id, code, name from terrace.branch;
alter table peer.branch add primary key (id), add unique (code);

create table peer.manager as select id, number, name from terrace.manager;
alter table peer.manager add primary key (id), add unique (number);

create table peer.customer as
select id, number, name, manager_id, branch_id from terrace.customer order by id;
alter table peer.customer
    add primary key (id), add unique (number),
    add foreign key (manager_id) references peer.manager,
    add foreign key (branch_id) references peer.branch;
create index on peer.customer (manager_id, number);
create index on peer.customer (branch_id);

-- One row a customer: the primary key makes the relation one to one.
create table peer.standing as
select distinct on (s.customer_id) s.customer_id, s.manager_id, s.status,
    left(s.since::text, 7) as since, t.id as tier_id
from terrace.standing_in_force s
left join peer.tier t on t.policy_version = s.policy_version and t.code = s.tier
order by s.customer_id, s.month desc;
alter table peer.standing
    add primary key (customer_id),
    add foreign key (customer_id) references peer.customer,
    add foreign key (tier_id) references peer.tier;
create index on peer.standing (tier_id);

create table peer.account as
select customer_id, number, manager_id, product_class, currency, balance, balance_as_of
from terrace.account order by customer_id, number;
alter table peer.account
    add primary key (customer_id, number),
    add foreign key (customer_id) references peer.customer;

create table peer.aum as
select f.customer_id, left(f.month::text, 7) as month, f.manager_id,
    terrace.average(f.deposits_sum + f.investments_sum + f.settlement_funds_sum, f.days)
        ::numeric(18, 2) as total,
    terrace.average(f.deposits_sum, f.days)::numeric(18, 2) as deposits,
    terrace.average(f.investments_sum, f.days)::numeric(18, 2) as investments,
    terrace.average(f.settlement_funds_sum, f.days)::numeric(18, 2) as settlement_funds,
    f.final
from terrace.aum_figure f, terrace.calendar k
where f.month > k.open_month - interval '12 months' and f.month <= k.open_month
order by f.customer_id, f.month;
alter table peer.aum
    add primary key (customer_id, month),
    add foreign key (customer_id) references peer.customer;

create table peer.risk_signal as
select customer_id, id, manager_id, code, severity, state,
    to_char(reported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as reported_at
from terrace.risk_signal order by customer_id, id;
alter table peer.risk_signal
    add primary key (customer_id, id),
    add foreign key (customer_id) references peer.customer;

grant usage on schema peer to terrace_manager;
grant select on all tables in schema peer to terrace_manager;
do $$
declare
    owned text;
begin
    foreach owned in array
        array['customer', 'manager', 'standing', 'account', 'aum', 'risk_signal']
    loop
        execute format('alter table peer.%I enable row level security', owned);
        execute format(
            'create policy portfolio on peer.%I for select to terrace_manager using (%I = '
            || '(select nullif(current_setting(''app.id'', true), '''')::integer))',
            owned, case owned when 'manager' then 'id' else 'manager_id' end);
    end loop;
end
$$;
