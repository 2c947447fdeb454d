-- A close of a million customers writes a million standings in minutes: what each row costs counts.
--
-- The policy version of a standing was looked up for every row. No version is ever removed or
-- numbered anew, and now the writer may not do so either.
alter table terrace.standing drop constraint standing_policy_version_fkey;
revoke update, delete on terrace.tier_policy from terrace_writer;

-- By customer, for a close that forgets what older months of its customers told of coming changes.
create index aum_changing_of_customer on terrace.aum (customer_id, month)
    where changes_on is not null;
