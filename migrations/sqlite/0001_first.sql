-- Every key leads with the site, so that one site's work stays together (on one shard, where there are shards).
-- Instants are milliseconds since 1970 (UTC). Texts that are hashed are stored as the bytes that were hashed.

create table sites (
    site text not null primary key,
    name text not null,
    environment text not null check (environment in ('production', 'staging', 'development')),
    origins text not null, -- a JSON list of scheme://host[:port]
    created_at integer not null
) strict;

-- One row a site: updated first in every transaction that appends, so that appends of a site stand in a queue.
create table ledgers (
    site text not null primary key references sites (site),
    notices integer not null, -- the newest notice's number
    leaves integer not null -- the next receipt's leaf index
) strict;

create table notices (
    site text not null references sites (site),
    number integer not null,
    hash text not null,
    body text not null,
    published_at integer not null,
    primary key (site, number)
) strict;

create table receipts (
    site text not null references sites (site),
    leaf_index integer not null,
    decision text not null,
    visitor text not null,
    received_at integer not null,
    body text not null,
    primary key (site, leaf_index)
) strict;
create unique index receipts_by_decision on receipts (site, decision);
create index receipts_by_visitor on receipts (site, visitor, leaf_index);
create index receipts_by_time on receipts (site, received_at, leaf_index);

create table operator_keys (
    key_id text not null primary key,
    hash text not null unique, -- SHA-256 of the key; the key itself is shown once and never stored
    label text not null,
    site text references sites (site), -- null: every site
    created_at integer not null,
    revoked_at integer
) strict;
