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
-- Locks accounts in one order for all writers, so that no two wait for each other. Answers the day
-- of the latest balance among them.
select max(balance_as_of) from (
    select balance_as_of from terrace.account where number = any($1::text[])
    order by customer_id, id for no key update
) locked;

-- name: why_refused
-- What is wrong with a balance `g` of an account `a`; null if nothing is. $5 is the latest day a
-- balance may have.
case
    when a.id is null then 'UNKNOWN_ACCOUNT'
    when g.as_of < a.opened_on then 'BEFORE_OPENING'
    when g.as_of > a.closed_on then 'AFTER_CLOSING'
    when g.as_of > $5::date then 'FUTURE_DATE'
end

-- name: given_rows
-- Balances as columns: $1 update ids (null for a row known by its account, day and amount), $2
-- account numbers, $3 days, $4 hundredths. Their places count from 1.
unnest($1::text[], $2::text[], $3::date[], $4::bigint[]) with ordinality
    as g(update_id, account, as_of, cents, place)

-- name: consequences_of_posting
-- What follows from the end-of-day balances in `posting`: the latest one of an account is shown
-- with it, and the customers are dirty from the first touched month on.
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

-- name: record_rows
-- Accepts what is valid and new; the caller has locked the accounts. $6 is the last day that is
-- frozen by a running close: what is not later is held. A row without an id that says again what
-- the row before it said of the day is known, and so is one that says for the nth time what the
-- ledger has n times: the same rows again change nothing, and 100, 200, 100 ends with 100.
-- What is known is looked up row by row and no two parts of the batch are joined: a batch has no
-- statistics, and a join of unknown sizes may cost their product.
-- Answers a row for every refused one, and last one with the totals (place null).
with found as materialized (
    select g.place, g.update_id, g.as_of, (g.cents * 0.01)::numeric(18, 2) as amount, a.customer_id,
        a.id as account_id, {why_refused} as refused
    from {given_rows} left join terrace.account a on a.number = g.account
),
said as (
    select f.*,
        coalesce(lag(update_id) over day is null and amount = lag(amount) over day, false)
            as repeats,
        row_number() over (partition by customer_id, update_id order by place) as time_of_id
    from found f where refused is null
    window day as (partition by customer_id, account_id, as_of order by place)
),
judged as materialized (
    select s.*, case
        when update_id is not null then time_of_id = 1 and not exists (
            select from terrace.balance_update u
            where u.customer_id = s.customer_id and u.update_id = s.update_id)
        else not repeats and (
            select count(*) from terrace.balance_update u
            where u.customer_id = s.customer_id and u.account_id = s.account_id
                and u.as_of = s.as_of and u.amount = s.amount and u.update_id is null
        ) < count(*) filter (where not repeats) over (
            partition by customer_id, account_id, as_of, amount, update_id order by place)
    end as accepted
    from said s
),
entries as materialized (
    select customer_id, account_id, as_of, amount, update_id, as_of <= $6::date as held,
        coalesce((
            select max(u.entry) from terrace.balance_update u
            where u.customer_id = j.customer_id and u.account_id = j.account_id
                and u.as_of = j.as_of
        ), -1) + row_number() over day as entry,
        lead(place) over day is null as is_last
    from judged j where accepted
    window day as (partition by customer_id, account_id, as_of order by place)
),
recorded as (
    insert into terrace.balance_update
        (customer_id, account_id, as_of, entry, held, amount, update_id)
    select customer_id, account_id, as_of, entry, held, amount, update_id from entries
    order by customer_id, account_id, as_of, entry
),
posting as materialized (
    select customer_id, account_id, as_of, amount from entries where is_last and not held
),
{consequences_of_posting}
select place, refused, null::bigint as accepted, null::bigint as duplicates,
    null::date as first_day, null::date as last_day
from found where refused is not null
union all
select null, null, count(*) filter (where accepted), count(*) filter (where not accepted),
    min(as_of) filter (where accepted), max(as_of) filter (where accepted)
from judged;

-- name: one_poster
-- Held by whoever posts held updates: nobody else changes which of them come next.
select pg_advisory_xact_lock(7000004);

-- name: lock_held_accounts
-- Locks the accounts of updates that were held back, in the order in which all writers do.
select count(*) from (
    select from terrace.account a
    where (a.customer_id, a.id) in (
        select customer_id, account_id from terrace.balance_update
        where held order by customer_id, account_id, as_of, entry limit $1)
    order by a.customer_id, a.id for no key update
) locked;

-- name: post_held
-- Posts, as corrections, updates that had been held back by a close; $1 at most so many. One that
-- a later entry of the same account and day is in force over is released without an effect.
with held as (
    select customer_id, account_id, as_of, entry, amount from terrace.balance_update
    where held and not exists (select from terrace.calendar where closing is not null)
    order by customer_id, account_id, as_of, entry limit $1
    for update
),
released as (
    update terrace.balance_update u set held = false
    from held h
    where u.customer_id = h.customer_id and u.account_id = h.account_id
        and u.as_of = h.as_of and u.entry = h.entry
),
posting as materialized (
    select distinct on (customer_id, account_id, as_of) customer_id, account_id, as_of, amount
    from held h
    where not exists (
        select from terrace.balance_update later
        where later.customer_id = h.customer_id and later.account_id = h.account_id
            and later.as_of = h.as_of and later.entry > h.entry and not later.held)
    order by customer_id, account_id, as_of, entry desc
),
{consequences_of_posting}
select count(*) from held;
