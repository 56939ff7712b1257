-- The audit log: a signed Merkle tree of its own, for all sites. Who did or saw what is committed to by a leaf, and the body stays
-- until its retention ends.

create table audit_ledgers (
    ledger integer not null primary key, -- counted up when a fork makes a new one necessary
    origin text not null,
    leaves integer not null default 0,
    frontier blob not null default x'', -- the complete subtrees of the tree, largest first
    checkpoint text, -- the newest, as a signed note
    signing_key text, -- the verifier key of who signed it
    ended integer not null default 0 check (ended in (0, 1))
) strict;

-- Every leaf of the audit log. What an operator did has a body and a salt until it is erased; so has a tombstone, for ever.
create table audit_entries (
    ledger integer not null references audit_ledgers (ledger),
    leaf_index integer not null,
    entry text not null, -- the leaf's bytes: a commitment, or in the clear what concerns nobody
    body text, -- null once it is erased, as are the salt and the next four columns
    salt blob,
    actor text, -- this and what follows is the body's, to find it by
    action text,
    site text,
    about text,
    at integer,
    primary key (ledger, leaf_index)
) strict;
create index audit_entries_by_time on audit_entries (at);
create index audit_entries_by_site on audit_entries (site, ledger, leaf_index);
create index audit_entries_by_actor on audit_entries (actor, ledger, leaf_index);
create index audit_entries_by_action on audit_entries (action, ledger, leaf_index);

-- Which entries a tombstone covers, as runs of leaf indexes.
create table audit_tombstones (
    ledger integer not null,
    first_leaf integer not null,
    last_leaf integer not null,
    tombstone_ledger integer not null, -- where the tombstone itself is
    tombstone_leaf integer not null,
    erased_at integer not null,
    primary key (ledger, first_leaf)
) strict;

-- Checkpoints that somebody else may hold, and those by which one key handed over to the next.
create table audit_checkpoints (
    ledger integer not null references audit_ledgers (ledger),
    size integer not null,
    note text not null,
    made_at integer not null,
    primary key (ledger, size, note)
) strict;

create trigger audit_entries_stay before update on audit_entries
when not (
    old.body is not null and new.body is null and new.salt is null and new.actor is null and new.action is null
    and new.site is null and new.about is null and new.ledger = old.ledger and new.leaf_index = old.leaf_index
    and new.entry = old.entry and new.at is old.at
    and exists (
        select 1 from audit_tombstones where ledger = old.ledger and old.leaf_index between first_leaf and last_leaf
    )
)
begin select raise(abort, 'the audit log is never changed; erasing blanks entries under a tombstone'); end;
create trigger audit_entries_are_kept before delete on audit_entries
begin select raise(abort, 'the audit log is never deleted'); end;
-- `insert or replace` deletes without asking the trigger above.
create trigger audit_entries_are_new before insert on audit_entries
when exists (select 1 from audit_entries where ledger = new.ledger and leaf_index = new.leaf_index)
begin select raise(abort, 'the audit log is never replaced'); end;

create trigger audit_ledgers_grow before update on audit_ledgers
when new.ledger <> old.ledger or new.origin <> old.origin or new.leaves < old.leaves or new.ended < old.ended
    or old.ended = 1 and new.leaves <> old.leaves
begin select raise(abort, 'the audit log only grows'); end;
create trigger audit_ledgers_are_kept before delete on audit_ledgers
begin select raise(abort, 'the audit log is never deleted'); end;

create trigger audit_tombstones_stay before update on audit_tombstones begin select raise(abort, 'tombstones are never changed'); end;
create trigger audit_tombstones_are_kept before delete on audit_tombstones begin select raise(abort, 'tombstones are never deleted'); end;

create trigger audit_checkpoints_stay before update on audit_checkpoints begin select raise(abort, 'checkpoints are never changed'); end;
create trigger audit_checkpoints_are_kept before delete on audit_checkpoints begin select raise(abort, 'checkpoints are never deleted'); end;
