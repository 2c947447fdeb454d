-- name: happenings_of
-- What has happened to customers on days, in the order in which it was recorded.
select customer_id, 'grant' as what, id, starts as day, until, revoked_on, null as tier
from terrace.special_grant where customer_id = any($1::integer[])
union all
select customer_id, 'tier', id, day, null, null, tier
from terrace.manual_tier where customer_id = any($1::integer[])
union all
select id, 'termination', 0, terminated_on, null, null, null
from terrace.customer where id = any($1::integer[]) and terminated_on is not null
order by customer_id, what, id;
