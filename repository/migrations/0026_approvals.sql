-- Decisions that need two people: one asks (the maker), somebody else decides (the checker).
--
-- What was asked for never changes: the writer may update the columns of its fate alone. A request
-- leaves PENDING once, and never by the hand of whoever asked, but to be withdrawn.
create table terrace.approval (
    id integer generated always as identity primary key,
    kind text not null,
    payload jsonb not null, -- in public numbers and codes
    payload_hash text not null check (payload_hash ~ '^[0-9a-f]{64}$'),
    subject text not null, -- whom or what it is about: a number, a month, a version
    reason text not null,
    customer_id integer, -- null, and no manager: about a branch, or with branch 0 about the union
    manager_id integer not null default 0,
    branch_id integer not null default 0,
    requested_by text not null, -- role, subject and person
    maker text not null, -- the person
    requested_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null check (expires_at > requested_at),
    state text not null default 'PENDING' check (state in (
        'PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'EXPIRED')),
    effect jsonb, -- what it would do, as of computed_at
    effect_hash text,
    basis text, -- what the effect follows from, as a digest
    computed_at timestamptz,
    wanted_at timestamptz, -- a worker is to compute the effect
    tries integer not null default 0,
    problem text, -- why it could not
    decided_by text,
    checker text,
    decided_at timestamptz,
    decision_reason text,
    result jsonb,
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade,
    check (customer_id is not null or manager_id = 0),
    check ((state = 'PENDING') = (decided_at is null)),
    check (state not in ('APPROVED', 'REJECTED') or checker <> maker),
    check (state <> 'WITHDRAWN' or checker = maker),
    check ((effect is null) = (computed_at is null)),
    check ((state = 'APPROVED') = (result is not null))
);
-- The same is asked for but once at a time.
create unique index approval_pending on terrace.approval (kind, md5(payload::text))
    where state = 'PENDING';
create index approval_to_end on terrace.approval (expires_at) where state = 'PENDING';
create index approval_wanted on terrace.approval (wanted_at)
    where state = 'PENDING' and wanted_at is not null;
create index approval_of_maker on terrace.approval (maker) where state = 'PENDING';
create index approval_by_branch on terrace.approval (branch_id, id);
create index approval_by_manager on terrace.approval (manager_id, id);
create index approval_by_customer on terrace.approval (customer_id, id);
call terrace.protect('approval', 'STAFF');
revoke update, delete on terrace.approval from terrace_writer;
grant update (
    state, effect, effect_hash, basis, computed_at, wanted_at, tries, problem,
    decided_by, checker, decided_at, decision_reason, result) on terrace.approval to terrace_writer;

create function terrace.decide_once() returns trigger
language plpgsql
as $$
begin
    if old.state <> 'PENDING' and (to_jsonb(new) - '{manager_id,branch_id}'::text[])
        <> (to_jsonb(old) - '{manager_id,branch_id}'::text[])
    then -- but for a customer who is handed over
        raise exception 'approval % is % and stays so', old.id, old.state;
    end if;
    return new;
end
$$;
create trigger decide_once before update on terrace.approval
    for each row execute function terrace.decide_once();
alter table terrace.approval enable always trigger decide_once;

-- Each step of a request, as subscribers are told of it.
create table terrace.approval_event (
    id bigint generated always as identity primary key,
    approval_id integer not null references terrace.approval,
    customer_id integer,
    manager_id integer not null,
    branch_id integer not null,
    state text not null,
    recorded_at timestamptz not null default clock_timestamp(),
    position bigint,
    foreign key (customer_id, manager_id, branch_id)
        references terrace.customer (id, manager_id, branch_id) on update cascade
);
create index approval_event_waiting on terrace.approval_event (id) where position is null;
create index approval_event_feed on terrace.approval_event (position) where position is not null;
create index approval_event_by_customer on terrace.approval_event (customer_id);
call terrace.protect('approval_event', 'STAFF');
revoke update, delete on terrace.approval_event from terrace_writer;
grant update (position) on terrace.approval_event to terrace_writer;
insert into terrace.feed (topic) values ('approval');
insert into terrace.feed_mark (topic, position) values ('approval', 0);
