-- What was published for a closed month stays on record when a correction replaces it.
--
-- The corrections of one open month are one replay of everything that came late in it, against what
-- was published before the month opened. So when more comes, what they replaced is put back first,
-- and the result does not depend on the order in which updates came or were caught up with.
create table terrace.replaced_aum (
    customer_id integer not null,
    month date not null,
    replaced_in date not null, -- the month that was open
    deposits_sum numeric, -- null in all sums and levels: nothing had been published
    investments_sum numeric,
    settlement_funds_sum numeric,
    deposits_level numeric,
    investments_level numeric,
    settlement_funds_level numeric,
    as_of date,
    divisor smallint,
    complete boolean,
    primary key (customer_id, month, replaced_in)
);
comment on table terrace.replaced_aum is 'Published figures of closed months that a correction replaced';
grant select, insert, delete on terrace.replaced_aum to terrace_writer;

-- The one that counts of a customer's corrections in a month: what is not superseded.
create index correction_in_force on terrace.correction (customer_id, posted_in)
    where state <> 'SUPERSEDED';
