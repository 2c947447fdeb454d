-- name: write_manual_tier
-- A tier that a customer holds by a decision, from a day of the open month on.
insert into terrace.manual_tier (customer_id, manager_id, branch_id, day, tier, reason, set_by)
select id, manager_id, branch_id, $2::date, $3, $4, $5
from terrace.customer where id = $1;

-- name: replayed_standing
-- What the open month $2 will be judged from where a correction's replay differs from the published.
select state from terrace.replayed_standing where customer_id = $1 and month = $2::date;
