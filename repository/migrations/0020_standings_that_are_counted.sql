-- A manager is asked how many VIP customers there are. Most customers are none, and a close writes
-- all of their standings, each to another place of this index: they are not in it.
drop index terrace.standing_by_manager;
create index standing_by_manager on terrace.standing (manager_id, month, status)
    where status in ('ACTIVE', 'WATCH', 'SPECIAL', 'EXITED_UNRATED');
