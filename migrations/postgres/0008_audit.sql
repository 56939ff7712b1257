-- The audit log: a signed Merkle tree of its own, for all sites. Who did or saw what is committed to by a leaf, and the body stays
-- until its retention ends.

create table audit_ledgers (
    ledger bigint primary key, -- counted up when a fork makes a new one necessary
    origin text not null,
    leaves bigint not null default 0,
    frontier bytea not null default ''::bytea, -- the complete subtrees of the tree, largest first
    checkpoint text, -- the newest, as a signed note
    signing_key text, -- the verifier key of who signed it
    ended bigint not null default 0 check (ended in (0, 1))
);

-- Every leaf of the audit log. What an operator did has a body and a salt until it is erased; so has a tombstone, for ever.
create table audit_entries (
    ledger bigint not null references audit_ledgers (ledger),
    leaf_index bigint not null,
    entry text not null, -- the leaf's bytes: a commitment, or in the clear what concerns nobody
    body text, -- null once it is erased, as are the salt and the next four columns
    salt bytea,
    actor text, -- this and what follows is the body's, to find it by
    action text,
    site text,
    about text,
    at bigint,
    primary key (ledger, leaf_index)
);
create index audit_entries_by_time on audit_entries (at);
create index audit_entries_by_site on audit_entries (site, ledger, leaf_index);
create index audit_entries_by_actor on audit_entries (actor, ledger, leaf_index);
create index audit_entries_by_action on audit_entries (action, ledger, leaf_index);

-- Which entries a tombstone covers, as runs of leaf indexes.
create table audit_tombstones (
    ledger bigint not null,
    first_leaf bigint not null,
    last_leaf bigint not null,
    tombstone_ledger bigint not null, -- where the tombstone itself is
    tombstone_leaf bigint not null,
    erased_at bigint not null,
    primary key (ledger, first_leaf)
);

-- Checkpoints that somebody else may hold, and those by which one key handed over to the next.
create table audit_checkpoints (
    ledger bigint not null references audit_ledgers (ledger),
    size bigint not null,
    note text not null,
    made_at bigint not null,
    primary key (ledger, size, note)
);

create function refuse_unless_audit_is_erased() returns trigger language plpgsql as $$
begin
    if old.body is not null and new.body is null and new.salt is null and new.actor is null and new.action is null
        and new.site is null and new.about is null and new.ledger = old.ledger and new.leaf_index = old.leaf_index
        and new.entry = old.entry and new.at is not distinct from old.at
        and exists (
            select 1 from audit_tombstones where ledger = old.ledger and old.leaf_index between first_leaf and last_leaf
        )
    then
        return new;
    end if;
    raise exception 'the audit log is never changed; erasing blanks entries under a tombstone';
end $$;

create trigger audit_entries_stay before update on audit_entries for each row execute function refuse_unless_audit_is_erased();
create trigger audit_entries_are_kept before delete on audit_entries for each row execute function refuse('the audit log is never deleted');
create trigger audit_entries_are_not_emptied before truncate on audit_entries for each statement execute function refuse('the audit log is never deleted');

create trigger audit_ledgers_grow before update on audit_ledgers for each row
when (
    new.ledger <> old.ledger or new.origin <> old.origin or new.leaves < old.leaves or new.ended < old.ended
    or old.ended = 1 and new.leaves <> old.leaves
)
execute function refuse('the audit log only grows');
create trigger audit_ledgers_are_kept before delete on audit_ledgers for each row execute function refuse('the audit log is never deleted');
create trigger audit_ledgers_are_not_emptied before truncate on audit_ledgers for each statement execute function refuse('the audit log is never deleted');

create trigger audit_tombstones_stay before update on audit_tombstones for each row execute function refuse('tombstones are never changed');
create trigger audit_tombstones_are_kept before delete on audit_tombstones for each row execute function refuse('tombstones are never deleted');
create trigger audit_tombstones_are_not_emptied before truncate on audit_tombstones for each statement execute function refuse('tombstones are never deleted');

create trigger audit_checkpoints_stay before update on audit_checkpoints for each row execute function refuse('checkpoints are never changed');
create trigger audit_checkpoints_are_kept before delete on audit_checkpoints for each row execute function refuse('checkpoints are never deleted');
create trigger audit_checkpoints_are_not_emptied before truncate on audit_checkpoints for each statement execute function refuse('checkpoints are never deleted');
