-- Who is let in besides the bearers of tokens, and who is not any more.

-- Keys of integrators, by what is left of them: the digest of a random text that was shown once.
create table terrace.api_key (
    id integer generated always as identity primary key,
    prefix text not null unique check (prefix ~ '^[a-z2-7]{8}$'),
    integrator text not null check (length(integrator) between 1 and 128),
    grants text[] not null check (grants <@ array['feeds', 'read:internal', 'read:personal']),
    created_by text not null,
    created_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null check (expires_at > created_at),
    replaces integer references terrace.api_key, -- the key that this one was rotated from
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text,
    revoked_reason text
);
create index api_key_by_integrator on terrace.api_key (integrator, id);
call terrace.protect('api_key', 'CONFIGURATION');
revoke delete on terrace.api_key from terrace_writer;

-- What proves a key is for the writer alone: nobody who reads for a caller needs it.
create table terrace.api_key_digest (
    api_key integer primary key references terrace.api_key,
    digest bytea not null check (length(digest) = 32)
);
grant select, insert on terrace.api_key_digest to terrace_writer;

-- Who is shut out: one token by its own name, or a bearer with all tokens and keys, those to come
-- included unless `issued_before` says otherwise. Lifted, it is history.
create table terrace.revocation (
    id integer generated always as identity primary key,
    role text,
    bearer text, -- the subject, as the token names it
    token_id text,
    issued_before timestamptz,
    reason text not null,
    revoked_by text not null,
    revoked_at timestamptz not null default clock_timestamp(),
    lifted_by text,
    lifted_at timestamptz,
    check ((role is null) = (bearer is null)),
    check ((role is null) <> (token_id is null)),
    check (token_id is null or issued_before is null),
    check ((lifted_by is null) = (lifted_at is null))
);
create index revocation_of_bearer on terrace.revocation (role, bearer) where lifted_at is null;
create index revocation_of_token on terrace.revocation (token_id)
    where lifted_at is null and token_id is not null;
call terrace.protect('revocation', 'CONFIGURATION');
revoke delete on terrace.revocation from terrace_writer;
