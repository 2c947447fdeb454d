-- The journal is the ledger: one row for an accepted update, in place of one in the journal and one
-- among the balances. `entry` counts the entries of an account and day from 0, under the lock of the
-- account's row; the highest one that is not held is the balance at that day's close. No clock says
-- which came later: `recorded_at` only tells people.
--
-- An update without an id of its own is known by its account, day and amount.
alter table terrace.balance_update rename to former_journal;
alter table terrace.former_journal rename constraint balance_update_pkey to former_journal_pkey;
alter table terrace.balance rename to former_balance;
drop index terrace.balance_update_held;

create table terrace.balance_update (
    customer_id integer not null,
    account_id integer not null,
    as_of date not null,
    entry integer not null,
    recorded_at timestamptz not null default clock_timestamp(),
    held boolean not null default false, -- came for a month whose close was running; posted after it
    amount numeric(18, 2) not null,
    update_id text,
    constraint balance_update_pkey primary key (customer_id, account_id, as_of, entry)
);

-- Entries in the order in which they were recorded. Where a clock was set back, the balance that was
-- in force stays so. Ids that an import had made up of account, day and amount are not kept. The
-- migrating owner sees accounts only while their row security is not forced on the owner.
alter table terrace.account no force row level security;
insert into terrace.balance_update
    (customer_id, account_id, as_of, entry, recorded_at, held, amount, update_id)
with told as (
    select j.*, b.amount as in_force,
        a.number || ':' || to_char(j.as_of, 'YYYY-MM-DD') || ':' || j.amount as default_id
    from terrace.former_journal j
    left join terrace.account a on a.customer_id = j.customer_id and a.id = j.account_id
    left join terrace.former_balance b on b.customer_id = j.customer_id
        and b.account_id = j.account_id and b.as_of = j.as_of
),
entries as (
    select customer_id, account_id, as_of, held, amount, recorded_at,
        case when update_id = default_id
            or starts_with(update_id, default_id || '#')
                and substr(update_id, length(default_id) + 2) ~ '^[0-9]+$'
            then null else update_id end as update_id,
        max(recorded_at) filter (where not held and amount = in_force) over day as decided
    from told
    window day as (partition by customer_id, account_id, as_of)
    union all
    select b.customer_id, b.account_id, b.as_of, false, b.amount, '-infinity', null, null
    from terrace.former_balance b
    where not exists (
        select from terrace.former_journal j
        where j.customer_id = b.customer_id and j.account_id = b.account_id and j.as_of = b.as_of
            and not j.held)
)
select customer_id, account_id, as_of,
    row_number() over (
        partition by customer_id, account_id, as_of
        order by
            case when held then recorded_at else least(recorded_at, decided) end,
            not held and recorded_at is not distinct from decided,
            recorded_at, update_id
    ) - 1,
    case when recorded_at = '-infinity' then clock_timestamp() else recorded_at end,
    held, amount, update_id
from entries
order by customer_id, account_id, as_of;
alter table terrace.account force row level security;

drop table terrace.former_journal, terrace.former_balance, terrace.balance_staging;
drop sequence terrace.import_batch;

create unique index balance_update_id on terrace.balance_update (customer_id, update_id)
    where update_id is not null;
create index balance_update_held on terrace.balance_update (customer_id, account_id, as_of, entry)
    where held;

-- The balances in force, newest first as the key is read backwards. Whoever asks for a few accounts
-- or days, or for the latest one, reads no more than those.
create view terrace.balance with (security_invoker = true) as
select distinct on (customer_id, account_id, as_of) customer_id, account_id, as_of, amount
from terrace.balance_update
where not held
order by customer_id desc, account_id desc, as_of desc, entry desc;

-- Append-only to the writer; a held update is released.
grant select, insert on terrace.balance_update to terrace_writer;
grant update (held) on terrace.balance_update to terrace_writer;
grant select on terrace.balance to terrace_writer;

-- Every update of an account's latest balance looks at this again; without a regular expression it
-- means the same in a third of the time.
alter table terrace.account drop constraint account_currency_check;
alter table terrace.account add constraint account_currency_check check (
    length(currency) = 3 and translate(currency, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', '') = '');
