-- Operators, what they may, how they get in, and their sessions; and what a key may.

create table operators (
    operator text not null primary key,
    email text not null unique, -- lower case
    name text not null,
    password text, -- argon2id in PHC form; null until the operator has come in by their first link
    totp text, -- the shared secret, base32
    totp_step integer, -- the newest step that was used; no code opens twice (RFC 6238 §5.2)
    created_at integer not null,
    signed_in_at integer,
    disabled_at integer
) strict;

create table operator_roles (
    operator text not null references operators (operator),
    site text references sites (site), -- null: every site
    role text not null check (role in ('owner', 'admin', 'editor', 'auditor', 'viewer'))
) strict;
create index operator_roles_by_operator on operator_roles (operator);

create table operator_links (
    hash text not null primary key, -- SHA-256 of the link's token; the link itself is shown once and never stored
    purpose text not null check (purpose in ('first', 'welcome', 'reset')),
    operator text references operators (operator), -- null: whoever becomes the first owner
    created_at integer not null,
    expires_at integer not null,
    used_at integer
) strict;
create index operator_links_by_operator on operator_links (operator);

create table operator_sessions (
    hash text not null primary key, -- SHA-256 of the session's id, which only the browser has
    operator text references operators (operator), -- null: on the way in
    device text not null, -- such as "Firefox on Linux", and never more
    data text not null,
    created_at integer not null,
    seen_at integer not null,
    expires_at integer not null
) strict;
create index operator_sessions_by_operator on operator_sessions (operator);
create index operator_sessions_by_expiry on operator_sessions (expires_at);

-- Keys from before could read and export receipts; they still can.
alter table operator_keys add column scopes text not null default '["read_receipts","export_receipts"]'; -- a JSON list
alter table operator_keys add column expires_at integer;
alter table operator_keys add column last_used_at integer;
alter table operator_keys add column made_by text;
