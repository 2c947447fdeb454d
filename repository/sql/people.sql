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

-- name: aum_of_open_month
-- The AUM of the open month of customers, as it is shown, together.
select coalesce(sum(f.total), 0) from terrace.aum_figure f, terrace.calendar c
where f.customer_id = any($1::integer[]) and f.month = c.open_month;

-- name: lock_accounts_of
-- Locks a customer's accounts before the customer: a handover reaches them by its cascade.
select count(*) from (
    select from terrace.account where customer_id = $1 order by id for no key update
) locked;

-- name: manager_by_id
-- A manager.
select id, number, branch_id, active from terrace.manager where id = $1;

-- name: hand_over
-- Gives a customer to a manager (0: to nobody); the customer's rows follow by their keys.
update terrace.customer set manager_id = $2 where id = $1;

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

-- name: terminated_on
-- The day a customer's relation ended for good.
select terminated_on from terrace.customer where id = $1;

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
