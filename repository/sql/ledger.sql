-- name: remember_request
-- Claims an idempotency key; nothing comes back when it is taken.
insert into terrace.request (operation, key, principal, body_hash) values ($1, $2, $3, $4)
on conflict do nothing
returning true;

-- name: remembered_request
-- Who used a key for what, and the answer.
select principal, body_hash, reply from terrace.request where operation = $1 and key = $2;

-- name: keep_reply
-- Stores the answer of a request for those who send it again.
update terrace.request set reply = $3 where operation = $1 and key = $2;

-- name: lock_accounts
-- Locks accounts in one order for all writers, so that no two wait for each other.
select count(*) from (
    select from terrace.account where number = any($1::text[])
    order by customer_id, id for no key update
) locked;

-- name: lock_staged_accounts
-- The same for the rows of a staged chunk.
select count(*) from (
    select from terrace.account a
    where a.number in (
        select s.account from terrace.balance_staging s
        where s.batch = $1 and s.line between $2 and $3)
    order by a.customer_id, a.id for no key update
) locked;

-- name: given_updates
-- Updates handed over as arrays: $1 lines, $2 update ids, $3 account numbers, $4 days, $5 amounts.
select * from unnest($1::integer[], $2::text[], $3::text[], $4::date[], $5::numeric[])
    as given(line, update_id, account, as_of, amount)

-- name: staged_updates
-- Updates of a staged chunk: $1 batch, $2 first line, $3 last line; $4 and $5 are not used.
select line, update_id, account, as_of, amount::numeric as amount
from terrace.balance_staging
where batch = $1 and line between $2 and $3 and $4::text is null and $5::text is null

-- name: record_given
-- Records updates handed over as arrays.
with batch as ({given_updates}) {record_batch}

-- name: record_staged
-- Records updates of a staged chunk.
with batch as ({staged_updates}) {record_batch}

-- name: consequences_of_posting
-- What follows from the end-of-day balances in `posting`: they are kept, the latest one of an
-- account is shown with it, and the customers are dirty from the first touched month on.
posted as (
    insert into terrace.balance (customer_id, account_id, as_of, amount)
    select customer_id, account_id, as_of, amount from posting
    order by customer_id, account_id, as_of
    on conflict (customer_id, account_id, as_of) do update set amount = excluded.amount
),
latest as (
    update terrace.account a set balance = p.amount, balance_as_of = p.as_of
    from (
        select distinct on (customer_id, account_id) * from posting
        order by customer_id, account_id, as_of desc
    ) p
    where a.customer_id = p.customer_id and a.id = p.account_id
        and (a.balance_as_of is null or a.balance_as_of <= p.as_of)
),
marked as (
    insert into terrace.dirty (customer_id, from_month)
    select customer_id, date_trunc('month', min(as_of))::date from posting
    group by customer_id order by customer_id
    {dirty_again}
)

-- name: record_batch
-- Accepts what is valid and new: journal, end-of-day balance, latest balance, dirty customers.
-- $6 is the latest day a balance may have, $7 the last day that is frozen by a running close.
-- Everything is decided in one pass over the batch, so that no two of its parts are ever joined:
-- a batch has no statistics, and a join of unknown sizes may cost their product.
-- Answers a row for every line that was not accepted, and last one with the totals (line null).
, found as materialized (
    select b.line, b.update_id, b.as_of, b.amount, a.customer_id, a.id as account_id,
        refusal.code as refused,
        refusal.code is null and u.update_id is null and row_number() over (
            partition by a.customer_id, b.update_id, refusal.code is null order by b.line
        ) = 1 as accepted
    from batch b
    left join terrace.account a on a.number = b.account
    left join terrace.balance_update u
        on u.customer_id = a.customer_id and u.update_id = b.update_id
    cross join lateral (
        select case
            when a.id is null then 'UNKNOWN_ACCOUNT'
            when b.as_of < a.opened_on then 'BEFORE_OPENING'
            when b.as_of > a.closed_on then 'AFTER_CLOSING'
            when b.as_of > $6::date then 'FUTURE_DATE'
        end as code
    ) refusal
),
journal as (
    insert into terrace.balance_update (customer_id, update_id, account_id, as_of, amount, held)
    select customer_id, update_id, account_id, as_of, amount, as_of <= $7::date
    from found where accepted
    order by customer_id, account_id, as_of, line -- held ones are posted as they were recorded
),
posting as materialized (
    select distinct on (customer_id, account_id, as_of) customer_id, account_id, as_of, amount
    from found where accepted and as_of > $7::date
    order by customer_id, account_id, as_of, line desc
),
{consequences_of_posting}
select line, coalesce(refused, 'DUPLICATE') as outcome,
    null::bigint as accepted, null::date as first_day, null::date as last_day
from found where not accepted
union all
select null, null, count(*), min(as_of), max(as_of) from found where accepted

-- name: one_poster
-- Held by whoever posts held updates: nobody else changes which of them come next.
select pg_advisory_xact_lock(7000004);

-- name: lock_held_accounts
-- Locks the accounts of updates that were held back, in the order in which all writers do.
select count(*) from (
    select from terrace.account a
    where (a.customer_id, a.id) in (
        select customer_id, account_id from terrace.balance_update
        where held order by customer_id, account_id, as_of, recorded_at limit $1)
    order by a.customer_id, a.id for no key update
) locked;

-- name: post_held
-- Posts, as corrections, updates that had been held back by a close; $1 at most so many. One that
-- was followed by a newer update of the same account and day is released without an effect.
with held as (
    select customer_id, update_id, account_id, as_of, amount, recorded_at
    from terrace.balance_update
    where held and not exists (select from terrace.calendar where closing is not null)
    order by customer_id, account_id, as_of, recorded_at limit $1
    for update
),
released as (
    update terrace.balance_update u set held = false
    from held h where u.customer_id = h.customer_id and u.update_id = h.update_id
),
posting as materialized (
    select distinct on (customer_id, account_id, as_of) customer_id, account_id, as_of, amount
    from held h
    where not exists (
        select from terrace.balance_update newer
        where newer.customer_id = h.customer_id and newer.account_id = h.account_id
            and newer.as_of = h.as_of and not newer.held and newer.recorded_at > h.recorded_at)
    order by customer_id, account_id, as_of, recorded_at desc
),
{consequences_of_posting}
select count(*) from held;
