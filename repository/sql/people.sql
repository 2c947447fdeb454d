-- name: customer_in_scope
-- A customer as a writer sees it, with what a scope is judged by.
select c.id, c.number, c.manager_id, c.branch_id, c.status, c.terminated_on,
    (select m.number from terrace.manager m where m.id = c.manager_id) as manager_number
from terrace.customer c
where c.id = $1 for no key update;

-- name: customer_as_it_stands
-- The same without holding the customer: for whoever only looks.
select id, number, manager_id, branch_id, status, terminated_on from terrace.customer
where id = $1;

-- name: customer_key
-- The key of a customer by number.
select id from terrace.customer where number = $1;

-- name: customers_as_they_stand
-- The same of many.
select id, number, manager_id, branch_id from terrace.customer where id = any($1::integer[]);

-- name: aum_of_open_month
-- The AUM of the open month of customers, as it is shown, together.
select coalesce(sum(f.total), 0) from terrace.aum_figure f, terrace.calendar c
where f.customer_id = any($1::integer[]) and f.month = c.open_month;

-- name: lock_accounts_of
-- Locks a customer's accounts before the customer: a handover reaches them by its cascade.
select count(*) from (
    select from terrace.account where customer_id = $1 order by id for no key update
) locked;

-- name: lock_accounts_of_all
-- Locks the accounts of customers $1, in the order in which all writers do.
select count(*) from (
    select from terrace.account where customer_id = any($1::integer[])
    order by customer_id, id for no key update
) locked;

-- name: customers_in_scope
-- Customers as a writer sees them, held in the order in which all writers do.
select c.id, c.number, c.manager_id, c.branch_id, c.status from terrace.customer c
where c.id = any($1::integer[]) order by c.id for no key update;

-- name: keys_of_portfolio
-- The keys of a manager's customers, $2 at the most.
select id from terrace.customer where manager_id = $1 order by id limit $2;

-- name: keys_of_customers
-- The keys of customers by number.
select id from terrace.customer where number = any($1::text[]) order by id;

-- name: tiers_of
-- Where customers $1 stand in the month $2: how many, and their AUM of the month $3 as it is shown, by
-- status and tier.
select coalesce(s.status, 'NON_MEMBER') as status, s.tier, count(*)::integer as customers,
    coalesce(sum(a.total), 0) as aum
from unnest($1::integer[]) as asked(id)
left join lateral (
    select status, tier from terrace.standing s
    where s.customer_id = asked.id and s.month <= $2::date
    order by s.month desc limit 1
) s on true
left join terrace.aum_figure a on a.customer_id = asked.id and a.month = $3::date
group by 1, 2 order by 1, 2;

-- name: hold_giver
-- Keeps everybody from giving this manager a customer until the transaction ends.
select true from terrace.manager where number = $1 for no key update;

-- name: manager_by_number
-- A manager by number.
select id, number, branch_id, active from terrace.manager where number = $1;

-- name: manager_by_id
-- A manager.
select id, number, branch_id, active from terrace.manager where id = $1;

-- name: hold_taker
-- Lets a manager be given customers: waits while the whole portfolio goes to somebody else.
select true from terrace.manager where id = $1 for share;

-- name: hand_over
-- Gives a customer to a manager (0: to nobody); the customer's rows follow by their keys.
update terrace.customer set manager_id = $2 where id = $1;

-- name: hand_over_all
-- The same for many customers $1.
update terrace.customer set manager_id = $2 where id = any($1::integer[]);

-- name: write_risk_signal
-- A new warning signal and its first event.
with signal as (
    insert into terrace.risk_signal (
        customer_id, manager_id, branch_id, code, severity, facts, reported_by, reporter_id)
    select id, manager_id, branch_id, $2, $3, $4, $5, $6::integer
    from terrace.customer where id = $1
    returning customer_id, id, manager_id, branch_id, state
)
insert into terrace.risk_signal_event (customer_id, manager_id, branch_id, signal_id, state)
select customer_id, manager_id, branch_id, id, state from signal
returning signal_id;

-- name: end_relation
-- A customer's relation ended for good: nobody's portfolio holds the customer any more.
update terrace.customer set status = 'TERMINATED', terminated_on = $2::date, manager_id = 0
where id = $1 and status <> 'TERMINATED';

-- name: unread_customers
-- Customers after the key $1, at most $2, whose name has no reading or one of a former name.
select id, name from terrace.customer
where id > $1 and (reading is null or not starts_with(reading, name || E'\n'))
order by id limit $2 for no key update;

-- name: store_readings
-- Readings of customers: $1 keys, $2 readings.
update terrace.customer c set reading = given.reading
from unnest($1::integer[], $2::text[]) as given(id, reading) where c.id = given.id;
