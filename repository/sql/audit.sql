-- name: audit
-- One line of the audit trail. $1 to $4: principal, role, channel, origin; $5 action, $6 subject,
-- $7 before, $8 after, $9 reason, $10 whatever else there is to tell.
insert into terrace.audit (
    business_date, principal, role, channel, origin, action, subject, before, after, reason, detail)
select business_date, $1, $2, $3, nullif($4, ''), $5, $6, $7::jsonb, $8::jsonb, $9,
    coalesce($10::jsonb, '{}')
from terrace.calendar;

-- name: audit_each
-- The same for each of many subjects, $6, in their order.
insert into terrace.audit (
    business_date, principal, role, channel, origin, action, subject, before, after, reason, detail)
select k.business_date, $1, $2, $3, nullif($4, ''), $5, s.subject, $7::jsonb, $8::jsonb, $9,
    coalesce($10::jsonb, '{}')
from unnest($6::text[]) with ordinality as s(subject, place), terrace.calendar k
order by s.place;

-- name: audit_close
-- A line about what became of the run that somebody asked for. $2 action, $3 state before, $4 state
-- after, $5 why, $6 detail.
insert into terrace.audit (
    business_date, principal, role, channel, action, subject, before, after, reason, detail)
select k.business_date, r.requested_by, split_part(r.requested_by, ':', 1), 'worker', $2,
    to_char(r.month, 'YYYY-MM'), $3::jsonb, $4::jsonb, $5, $6::jsonb
from terrace.calendar k, terrace.close_run r
where r.month = $1::date;

-- name: was_audited
-- Whether the audit trail has a line of an action.
select exists (select from terrace.audit where action = $1);
