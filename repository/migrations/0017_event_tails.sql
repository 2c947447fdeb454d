-- How far back a feed's cursors reach.
--
-- Events stay; what ends is the promise to go on after an old cursor. `tail` is the last position
-- that is out of it: a cursor below it is refused, one at it is good, for all that follows is there.
alter table terrace.feed
    add column tail bigint not null default 0,
    add constraint feed_tail_within check (tail between 0 and head);

-- Where a feed's head was and when: every position up to it had been given by then. So the age of a
-- position is known to the distance between two marks, and events carry no second time.
create table terrace.feed_mark (
    topic text not null references terrace.feed,
    position bigint not null,
    marked_at timestamptz not null default clock_timestamp(),
    primary key (topic, position)
);
insert into terrace.feed_mark (topic, position) select topic, head from terrace.feed;
grant select, insert, delete on terrace.feed_mark to terrace_writer;

-- A reader is told the present cursor of a feed in the statement that reads the state it belongs to.
grant select on terrace.feed to
    terrace_customer, terrace_manager, terrace_branch, terrace_all, terrace_none;
