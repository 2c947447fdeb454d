-- name: preview_chunk
-- What a preview needs to know of customers from $1 to $2. Those to whom nothing happens in any of its
-- months, and who are recorded as they would stand, come counted together without a customer_id; each
-- of the others comes with what the replay starts from and the figures.
-- $3 the first month, $4 the month after the last, $5 all months in order, $6 their divisors under the
-- proposed policy, $7 the lines of its tiers and $8 their codes, lowest first. Everybody comes one by
-- one if $9. Who holds one of the classes $10 up to the day before $4 lacks a feed.
with months as materialized (
    select m.month, m.divisor,
        array(select line * m.divisor from unnest($7::numeric[]) line order by line) as lines
    from unnest($5::date[], $6::integer[]) m(month, divisor)
),
held as materialized (
    select c.id as customer_id from terrace.customer c
    where cardinality($10::text[]) > 0 and c.id between $1 and $2
        and terrace.holds_any(c.id, $3::date, $4::date - 1, $10::text[])
),
figures as materialized (
    select a.customer_id, count(*) as told,
        bool_and(a.complete and a.customer_id not in (select customer_id from held)) as complete,
        min(width_bucket(a.month_sum, m.lines)) as lowest,
        max(width_bucket(a.month_sum, m.lines)) as highest,
        bool_or(a.month_sum > m.lines[1]) as enters
    from terrace.aum a join months m on m.month = a.month
    where a.customer_id between $1 and $2 and a.month >= $3::date and a.month < $4::date
    group by a.customer_id
),
found as materialized (
    select c.id as customer_id, c.manager_id, c.branch_id,
        begun.state as begun, recorded.state as recorded,
        coalesce(last.total, 0) as aum_before,
        coalesce(terrace.average(last.month_sum, ($6::integer[])[cardinality($6::integer[])]), 0)
            as aum_after,
        coalesce(recorded.status, 'NON_MEMBER') as status, recorded.tier,
        not $9::boolean
            and ({nothing_happens}) and (
                begun.month is not distinct from recorded.month
                or (begun.status, begun.tier, begun.since, begun.terminated,
                        recorded.shortfall_months, recorded.below_entry_months,
                        recorded.retention_closes)
                    is not distinct from (recorded.status, recorded.tier, recorded.since,
                        recorded.terminated, 0, 0, 0)) as stays
    from terrace.customer c
    left join figures f on f.customer_id = c.id
    left join terrace.aum last on last.customer_id = c.id
        and last.month = ($5::date[])[cardinality($5::date[])]
    left join lateral (
        select s.*, {standing_document} as state from terrace.standing s
        where s.customer_id = c.id and s.month <= $3::date order by s.month desc limit 1
    ) begun on true
    left join lateral (
        select s.*, {standing_document} as state from terrace.standing s
        where s.customer_id = c.id and s.month <= (select least($4::date, open_month) from terrace.calendar)
        order by s.month desc limit 1
    ) recorded on true
    where c.id between $1 and $2
)
select null::integer as customer_id, null::integer as manager_id, null::integer as branch_id,
    null::jsonb as begun, null::jsonb as recorded,
    sum(aum_before) as aum_before, sum(aum_after) as aum_after, status, tier,
    count(*)::integer as customers,
    null::date[] as months, null::numeric[] as sums, null::smallint[] as divisors,
    null::boolean[] as complete
from found where stays group by status, tier
union all
select d.customer_id, d.manager_id, d.branch_id, d.begun, d.recorded,
    d.aum_before, d.aum_after, d.status, d.tier, 1, a.months, a.sums, a.divisors, a.complete
from found d cross join lateral (
    select array_agg(month order by month) as months, array_agg(month_sum order by month) as sums,
        array_agg(divisor order by month) as divisors,
        array_agg(complete and d.customer_id not in (select customer_id from held) order by month)
            as complete
    from terrace.aum
    where customer_id = d.customer_id and month >= $3::date and month < $4::date
) a
where not d.stays;

-- name: nothing_happens
-- Whose standing is the same after all months of a preview: without grant, tier by hand, termination or
-- corrected figure, with complete figures and no run of months behind, who is no member and never enters, or who
-- reaches exactly the own tier in each month. domain.preview.outcome says the same of each of them (and
-- is asked about everybody else); tests/repository/test_previewing.py holds the two together.
coalesce(begun.history = '[]' and begun.shortfall_months = 0 and begun.below_entry_months = 0
    and begun.retention_closes = 0, true)
and (c.terminated_on is null or begun.terminated)
and coalesce(f.complete, true)
and case coalesce(begun.status, 'NON_MEMBER')
    when 'ACTIVE' then f.told = cardinality($5::date[]) and f.lowest = f.highest
        and ($8::text[])[f.lowest] = begun.tier
    when 'NON_MEMBER' then not coalesce(f.enters, false)
    when 'REMOVED' then begun.terminated or not coalesce(f.enters, false)
    else false
end
and c.id not in (
    select g.customer_id from terrace.special_grant g where g.customer_id between $1 and $2)
and c.id not in (
    select r.customer_id from terrace.replaced_aum r where r.customer_id between $1 and $2)
and c.id not in (
    select t.customer_id from terrace.manual_tier t where t.customer_id between $1 and $2)

-- name: standing_document
-- A standing s as the document of the state machine.
jsonb_build_object(
    'status', s.status, 'tier', s.tier, 'since', left(s.since::text, 7),
    'shortfall_months', s.shortfall_months, 'below_entry_months', s.below_entry_months,
    'retention_closes', s.retention_closes, 'history', s.history, 'terminated', s.terminated)

-- name: standings_begun
-- The standings of customers $1 in the months $2. What happened on a day of such a month is in them, and
-- happens again in the replay: a grant that outlasts it is carried in.
select n.customer_id, begun.state
from unnest($1::integer[], $2::date[]) n(customer_id, month)
cross join lateral (
    select {standing_document} as state from terrace.standing s
    where s.customer_id = n.customer_id and s.month <= n.month order by s.month desc limit 1
) begun;

-- name: figures_between
-- The figures of customers $1 from the months $2 on, before $3.
select a.customer_id, a.month, a.month_sum as total, a.divisor, a.complete
from unnest($1::integer[], $2::date[]) n(customer_id, month)
join terrace.aum a on a.customer_id = n.customer_id and a.month >= n.month and a.month < $3::date;

-- name: replaced_figures
-- What had been published for months of customers $1 before a correction of the month replaced_in put
-- another figure in its place; total null: nothing had been published.
select customer_id, month, replaced_in, divisor, complete,
    deposits_sum + investments_sum + settlement_funds_sum
        + (deposits_level + investments_level + settlement_funds_level)
            * ((month + interval '1 month')::date - 1 - as_of) as total
from terrace.replaced_aum
where customer_id = any($1::integer[])
order by customer_id, month, replaced_in;

-- name: applied_corrections
-- The months that applied corrections of customers $1 reach back to, by the month they took effect in.
select customer_id, posted_in, month from terrace.correction
where customer_id = any($1::integer[]) and state = 'APPLIED'
order by customer_id, posted_in;

-- name: ledger_figures
-- The sums of a month of customers as the ledger has them now; parameters as for computed_aum.
select customer_id, deposits_sum + investments_sum + settlement_funds_sum as total, complete
from ({computed_aum}) f
cross join (select $6::integer) unused;

-- name: managers_named
-- Number and name of managers by their keys.
select id, number, name from terrace.manager where id = any($1::integer[]);

-- name: customers_span
-- Cuts the customers into spans of $1 by key, one step through the key's index for each.
with recursive chunk (first_customer, last_customer) as (
    select null::integer, (select min(id) - 1 from terrace.customer)
    union all
    select following.first, following.last
    from chunk cross join lateral (
        select min(id) as first, max(id) as last from (
            select id from terrace.customer where id > chunk.last_customer
            order by id limit $1::integer
        ) customers
    ) following
    where following.last is not null
)
select first_customer, last_customer from chunk where first_customer is not null;

-- name: corrections_made
-- The number of the correction made last; whoever owns the ledger reads one that has been committed.
select last_value from terrace.corrections_made;

-- name: begin_preview
-- A preview that is to be carried out; none if the same one is under way.
insert into terrace.policy_preview
    (policy, first_month, last_month, from_ledger, asked_by, last_closed, corrections_made)
values ($1::jsonb, $2::date, $3::date, $4, $5, $6::date, $7)
on conflict (md5(policy::text), first_month, last_month)
    where state in ('WAITING', 'RUNNING') do nothing
returning id;

-- name: same_preview
-- The same preview if it is under way.
select id from terrace.policy_preview
where md5(policy::text) = md5($1::jsonb::text) and first_month = $2::date and last_month = $3::date
    and state in ('WAITING', 'RUNNING');

-- name: previews_under_way
-- How many previews are under way.
select count(*) from terrace.policy_preview where state in ('WAITING', 'RUNNING');

-- name: preview_state
-- How far a preview has come.
select id, state, customers, judged, problem from terrace.policy_preview where id = $1;

-- name: next_preview
-- The oldest preview that is under way.
select id, policy, first_month, last_month, state from terrace.policy_preview
where state in ('WAITING', 'RUNNING') order by id limit 1;

-- name: plan_preview
-- Whether a preview is still to be planned; the one who asks keeps others waiting.
select true from terrace.policy_preview where id = $1 and state = 'WAITING' for no key update;

-- name: plan_preview_chunks
-- Cuts the customers into chunks of $1 by key for the preview $2.
insert into terrace.policy_preview_chunk (preview_id, first_customer, last_customer)
select $2::integer, first_customer, last_customer from ({customers_span}) spans
on conflict do nothing;

-- name: run_preview
-- The preview moves on to judging.
update terrace.policy_preview
set state = 'RUNNING', customers = (select count(*) from terrace.customer)
where id = $1 and state = 'WAITING';

-- name: claim_preview_chunk
-- Takes a chunk of a running preview and holds it to the end of the transaction.
select k.first_customer, k.last_customer
from terrace.policy_preview_chunk k
where k.preview_id = $1 and k.tally is null
    and exists (select from terrace.policy_preview p where p.id = $1 and p.state = 'RUNNING')
order by k.first_customer limit 1
for update of k skip locked;

-- name: write_preview_customers
-- Customers whose standing would be another one, from arrays.
insert into terrace.policy_preview_customer (
    customer_id, preview_id, manager_id, branch_id, movement,
    from_status, from_tier, from_since, from_shortfall_months, from_below_entry_months,
    from_retention_closes, aum_before,
    to_status, to_tier, to_since, to_shortfall_months, to_below_entry_months,
    to_retention_closes, aum_after)
select n.customer_id, $1::integer, n.manager_id, n.branch_id, n.movement,
    n.from_status, n.from_tier, n.from_since, n.from_shortfall, n.from_below_entry,
    n.from_retention, n.aum_before,
    n.to_status, n.to_tier, n.to_since, n.to_shortfall, n.to_below_entry, n.to_retention,
    n.aum_after
from unnest(
    $2::integer[], $3::integer[], $4::integer[], $5::text[],
    $6::text[], $7::text[], $8::date[], $9::smallint[], $10::smallint[], $11::smallint[],
    $12::numeric[],
    $13::text[], $14::text[], $15::date[], $16::smallint[], $17::smallint[], $18::smallint[],
    $19::numeric[]
) as n(customer_id, manager_id, branch_id, movement,
    from_status, from_tier, from_since, from_shortfall, from_below_entry, from_retention,
    aum_before, to_status, to_tier, to_since, to_shortfall, to_below_entry, to_retention,
    aum_after);

-- name: finish_preview_chunk
-- Marks a chunk as judged, with what came of it.
update terrace.policy_preview_chunk set customers = $3, tally = $4::jsonb
where preview_id = $1 and first_customer = $2;

-- name: count_preview
-- How many customers of a preview are judged by now.
update terrace.policy_preview p
set judged = counted.judged
from (
    select coalesce(sum(customers), 0)::integer as judged
    from terrace.policy_preview_chunk where preview_id = $1
) counted
where p.id = $1 and p.state = 'RUNNING' and p.judged < counted.judged;

-- name: preview_to_finish
-- Whether all of a running preview is judged; the one who asks keeps others waiting.
select policy from terrace.policy_preview p
where id = $1 and state = 'RUNNING' and not exists (
    select from terrace.policy_preview_chunk k where k.preview_id = p.id and k.tally is null)
for no key update;

-- name: preview_tallies
-- What came of the chunks of a preview.
select tally from terrace.policy_preview_chunk where preview_id = $1 order by first_customer;

-- name: preview_managers
-- The managers $2 of them of whose customers most would hold another tier or status.
select c.manager_id, count(*)::integer as customers,
    count(*) filter (where c.movement = 'ENTERS')::integer as entering,
    count(*) filter (where c.movement = 'RISES')::integer as rising,
    count(*) filter (where c.movement = 'FALLS')::integer as falling,
    count(*) filter (where c.movement = 'LEAVES')::integer as leaving
from terrace.policy_preview_customer c
where c.preview_id = $1 and c.manager_id <> 0
    and (c.from_status, c.from_tier) is distinct from (c.to_status, c.to_tier)
group by c.manager_id order by customers desc, c.manager_id limit $2;

-- name: finish_preview
-- The preview is done: its result can be seen.
update terrace.policy_preview
set state = 'DONE', ended_at = clock_timestamp(), judged = $2, customers = $2,
    differing = $3, moved = $4, movements = $5::jsonb, matrix = $6::jsonb, places = $7::jsonb,
    managers = $8::jsonb
where id = $1;

-- name: forget_preview_chunks
-- The chunks of a preview that is over.
delete from terrace.policy_preview_chunk where preview_id = $1;

-- name: fail_preview
-- Notes that a part of a preview failed; the third time ends it. Answers whether it has.
update terrace.policy_preview
set tries = tries + 1, problem = left($2, 500),
    state = case when tries >= 2 then 'FAILED' else state end,
    ended_at = case when tries >= 2 then clock_timestamp() end
where id = $1 and state in ('WAITING', 'RUNNING')
returning state = 'FAILED';

-- name: cancel_preview
-- Ends a preview that is under way.
update terrace.policy_preview
set state = 'CANCELLED', ended_at = clock_timestamp(), cancelled_by = $2, cancel_reason = $3
where id = $1 and state in ('WAITING', 'RUNNING')
returning id;

-- name: preview_rows_to_forget
-- A preview whose customers are to go: it came to nothing, or ended more than $1 days ago.
select p.id, p.ended_at < clock_timestamp() - $1::integer * interval '1 day' as old
from terrace.policy_preview p
where p.ended_at is not null and (
    p.ended_at < clock_timestamp() - $1::integer * interval '1 day'
    or p.state in ('CANCELLED', 'FAILED') and (
        exists (select from terrace.policy_preview_chunk k where k.preview_id = p.id)
        or exists (select from terrace.policy_preview_customer c where c.preview_id = p.id)))
order by p.id limit 1;

-- name: forget_preview_customers
-- So many customers of a preview that is to go.
delete from terrace.policy_preview_customer
where preview_id = $1 and customer_id in (
    select gone.customer_id from terrace.policy_preview_customer gone
    where gone.preview_id = $1 order by gone.customer_id limit $2);

-- name: forget_preview
-- A preview that ended long ago.
delete from terrace.policy_preview where id = $1;
