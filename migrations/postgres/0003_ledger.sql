-- Receipts become leaves of a signed Merkle tree. Those from before wait in a table of their own until the server, which alone
-- can hash and sign, has sealed them at its next start.

alter table receipts rename to unsealed_receipts;
alter index receipts_pkey rename to unsealed_receipts_pkey;
drop index receipts_by_decision;
drop index receipts_by_visitor;
drop index receipts_by_time;

create table receipts (
    site text not null references sites (site),
    ledger bigint not null,
    leaf_index bigint not null,
    decision text, -- this and the next three are null once the receipt is erased
    visitor text,
    body text,
    salt bytea,
    received_at bigint not null,
    commitment bytea not null, -- SHA-256 over salt and body; the leaf is made of it
    primary key (site, ledger, leaf_index)
);
create unique index receipts_by_decision on receipts (site, decision);
create index receipts_by_visitor on receipts (site, visitor, ledger, leaf_index);
create index receipts_by_time on receipts (site, received_at, ledger, leaf_index);

-- The ledger that a site appends to now.
alter table ledgers add column ledger bigint not null default 1; -- counted up when a fork makes a new one necessary
alter table ledgers add column origin text not null default '';
alter table ledgers add column frontier bytea not null default ''::bytea; -- the complete subtrees of the tree, largest first
alter table ledgers add column checkpoint text; -- the newest, as a signed note
alter table ledgers add column signing_key text; -- the verifier key of who signed it
alter table ledgers add column widget text; -- the widget build that was announced last
update ledgers set leaves = 0, origin = (
    select replace(replace(origins::json ->> 0, 'https://', ''), 'http://', '') || '/_assent/' || ledgers.site || '/log'
    from sites where sites.site = ledgers.site
);

-- Ledgers that ended because the database had lost a part of them.
create table former_ledgers (
    site text not null references sites (site),
    ledger bigint not null,
    origin text not null,
    leaves bigint not null,
    checkpoint text,
    primary key (site, ledger)
);

-- Every leaf that is not a receipt. A tombstone's body says what was erased; its entry is only a commitment to it.
create table entries (
    site text not null references sites (site),
    ledger bigint not null,
    leaf_index bigint not null,
    entry text not null,
    body text,
    salt bytea,
    primary key (site, ledger, leaf_index)
);

-- Which receipts a tombstone covers, as runs of leaf indexes.
create table tombstones (
    site text not null references sites (site),
    ledger bigint not null,
    first_leaf bigint not null,
    last_leaf bigint not null,
    tombstone_ledger bigint not null, -- where the tombstone itself is
    tombstone_leaf bigint not null,
    reason text not null check (reason in ('visitor', 'request', 'retention')),
    erased_at bigint not null,
    primary key (site, ledger, first_leaf)
);

-- The tree above its leaves, at every eighth level: complete subtrees of 256 leaves, of 65,536, and so on.
create table nodes (
    site text not null references sites (site),
    ledger bigint not null,
    level bigint not null, -- of tiles (tlog-tiles): 1 for 256 leaves
    place bigint not null,
    hash bytea not null,
    primary key (site, ledger, level, place)
);

-- Checkpoints that somebody else may hold, and those by which one key handed over to the next.
create table checkpoints (
    site text not null references sites (site),
    ledger bigint not null,
    size bigint not null,
    note text not null,
    made_at bigint not null,
    primary key (site, ledger, size, note) -- one of them may be cosigned
);

-- Receipts that are not erased for now, with who said so and why. Restricted ones are not shown either (GDPR art. 18).
create table holds (
    site text not null references sites (site),
    hold_id text not null,
    visitor text, -- null: the whole site
    kind text not null check (kind in ('restriction', 'legal_hold')),
    reason text not null,
    made_by text not null,
    made_at bigint not null,
    lifted_at bigint,
    primary key (site, hold_id)
);

-- After how many days receipts are erased; null keeps them.
alter table sites add column retention_days bigint check (retention_days > 0);

-- Nothing of the ledger is ever changed or removed. Erasing is the one exception: it blanks a receipt that a tombstone covers.
create function refuse() returns trigger language plpgsql as $$
begin
    raise exception '%', tg_argv[0];
end $$;

create function refuse_unless_erased() returns trigger language plpgsql as $$
begin
    if old.body is not null and new.body is null and new.salt is null and new.visitor is null and new.decision is null
        and new.site = old.site and new.ledger = old.ledger and new.leaf_index = old.leaf_index
        and new.received_at = old.received_at and new.commitment = old.commitment
        and exists (
            select 1 from tombstones
            where site = old.site and ledger = old.ledger and old.leaf_index between first_leaf and last_leaf
        )
    then
        return new;
    end if;
    raise exception 'receipts are never changed; erasing blanks them under a tombstone';
end $$;

create trigger receipts_stay before update on receipts for each row execute function refuse_unless_erased();
create trigger receipts_are_kept before delete on receipts for each row execute function refuse('receipts are never deleted');
create trigger receipts_are_not_emptied before truncate on receipts for each statement execute function refuse('receipts are never deleted');

create trigger entries_stay before update on entries for each row execute function refuse('leaves are never changed');
create trigger entries_are_kept before delete on entries for each row execute function refuse('leaves are never deleted');
create trigger entries_are_not_emptied before truncate on entries for each statement execute function refuse('leaves are never deleted');

create trigger nodes_stay before update on nodes for each row execute function refuse('the tree is never changed');
create trigger nodes_are_kept before delete on nodes for each row execute function refuse('the tree is never deleted');
create trigger nodes_are_not_emptied before truncate on nodes for each statement execute function refuse('the tree is never deleted');

create trigger notices_stay before update on notices for each row execute function refuse('notices are never changed');
create trigger notices_are_kept before delete on notices for each row execute function refuse('notices are never deleted');
create trigger notices_are_not_emptied before truncate on notices for each statement execute function refuse('notices are never deleted');

create trigger tombstones_stay before update on tombstones for each row execute function refuse('tombstones are never changed');
create trigger tombstones_are_kept before delete on tombstones for each row execute function refuse('tombstones are never deleted');
create trigger tombstones_are_not_emptied before truncate on tombstones for each statement execute function refuse('tombstones are never deleted');

create trigger checkpoints_stay before update on checkpoints for each row execute function refuse('checkpoints are never changed');
create trigger checkpoints_are_kept before delete on checkpoints for each row execute function refuse('checkpoints are never deleted');
create trigger checkpoints_are_not_emptied before truncate on checkpoints for each statement execute function refuse('checkpoints are never deleted');
