-- name: has_customers
-- Whether an installation has any customer or branch: demo data is only for a new one.
select exists (select from terrace.customer) or exists (select from terrace.branch);

-- name: has_demo
-- Whether somebody of the demo data is there: it may be older than its lines in the audit trail.
select exists (select from terrace.customer where number = 'C101538');

-- name: customer_by_number
-- A customer by number, locked, with what a scope is judged by.
select id, number, manager_id, branch_id, status, terminated_on from terrace.customer
where number = $1 for no key update;

-- name: write_demo_signal
-- A signal with the state it has come to and an event for it.
with signal as (
    insert into terrace.risk_signal (
        customer_id, manager_id, branch_id, code, severity, facts, state, reported_by, reporter_id,
        reported_at)
    select c.id, c.manager_id, c.branch_id, $2, $3, $4, $5, 'manager:' || m.number, m.id, $7
    from terrace.customer c, terrace.manager m
    where c.number = $1 and m.number = $6
    returning customer_id, id, manager_id, branch_id, state
)
insert into terrace.risk_signal_event (customer_id, manager_id, branch_id, signal_id, state)
select customer_id, manager_id, branch_id, id, state from signal;

-- name: demo_candidate
-- The first customer of a manager who is no member, holds no grant and has not left for good.
select c.id, c.number, c.manager_id
from terrace.customer c join terrace.manager m on m.id = c.manager_id
left join lateral (
    select s.status from terrace.standing_in_force s
    where s.customer_id = c.id order by s.month desc limit 1
) s on true
where m.number = $1 and c.status = 'CURRENT' and coalesce(s.status, 'NON_MEMBER') = 'NON_MEMBER'
    and not exists (select from terrace.special_grant g where g.customer_id = c.id)
order by c.id limit 1;
