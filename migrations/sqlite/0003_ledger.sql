-- Receipts become leaves of a signed Merkle tree. Those from before wait in a table of their own until the server, which alone
-- can hash and sign, has sealed them at its next start.

alter table receipts rename to unsealed_receipts;
drop index receipts_by_decision;
drop index receipts_by_visitor;
drop index receipts_by_time;

create table receipts (
    site text not null references sites (site),
    ledger integer not null,
    leaf_index integer not null,
    decision text, -- this and the next three are null once the receipt is erased
    visitor text,
    body text,
    salt blob,
    received_at integer not null,
    commitment blob not null, -- SHA-256 over salt and body; the leaf is made of it
    primary key (site, ledger, leaf_index)
) strict;
create unique index receipts_by_decision on receipts (site, decision);
create index receipts_by_visitor on receipts (site, visitor, ledger, leaf_index);
create index receipts_by_time on receipts (site, received_at, ledger, leaf_index);

-- The ledger that a site appends to now.
alter table ledgers add column ledger integer not null default 1; -- counted up when a fork makes a new one necessary
alter table ledgers add column origin text not null default '';
alter table ledgers add column frontier blob not null default x''; -- the complete subtrees of the tree, largest first
alter table ledgers add column checkpoint text; -- the newest, as a signed note
alter table ledgers add column signing_key text; -- the verifier key of who signed it
alter table ledgers add column widget text; -- the widget build that was announced last
update ledgers set leaves = 0, origin = (
    select replace(replace(json_extract(origins, '$[0]'), 'https://', ''), 'http://', '') || '/_assent/' || ledgers.site || '/log'
    from sites where sites.site = ledgers.site
);

-- Ledgers that ended because the database had lost a part of them.
create table former_ledgers (
    site text not null references sites (site),
    ledger integer not null,
    origin text not null,
    leaves integer not null,
    checkpoint text,
    primary key (site, ledger)
) strict;

-- Every leaf that is not a receipt. A tombstone's body says what was erased; its entry is only a commitment to it.
create table entries (
    site text not null references sites (site),
    ledger integer not null,
    leaf_index integer not null,
    entry text not null,
    body text,
    salt blob,
    primary key (site, ledger, leaf_index)
) strict;

-- Which receipts a tombstone covers, as runs of leaf indexes.
create table tombstones (
    site text not null references sites (site),
    ledger integer not null,
    first_leaf integer not null,
    last_leaf integer not null,
    tombstone_ledger integer not null, -- where the tombstone itself is
    tombstone_leaf integer not null,
    reason text not null check (reason in ('visitor', 'request', 'retention')),
    erased_at integer not null,
    primary key (site, ledger, first_leaf)
) strict;

-- The tree above its leaves, at every eighth level: complete subtrees of 256 leaves, of 65,536, and so on.
create table nodes (
    site text not null references sites (site),
    ledger integer not null,
    level integer not null, -- of tiles (tlog-tiles): 1 for 256 leaves
    place integer not null,
    hash blob not null,
    primary key (site, ledger, level, place)
) strict;

-- Checkpoints that somebody else may hold, and those by which one key handed over to the next.
create table checkpoints (
    site text not null references sites (site),
    ledger integer not null,
    size integer not null,
    note text not null,
    made_at integer not null,
    primary key (site, ledger, size, note) -- one of them may be cosigned
) strict;

-- Receipts that are not erased for now, with who said so and why. Restricted ones are not shown either (GDPR art. 18).
create table holds (
    site text not null references sites (site),
    hold_id text not null,
    visitor text, -- null: the whole site
    kind text not null check (kind in ('restriction', 'legal_hold')),
    reason text not null,
    made_by text not null,
    made_at integer not null,
    lifted_at integer,
    primary key (site, hold_id)
) strict;

-- After how many days receipts are erased; null keeps them.
alter table sites add column retention_days integer check (retention_days > 0);

-- Nothing of the ledger is ever changed or removed. Erasing is the one exception: it blanks a receipt that a tombstone covers.
create trigger receipts_stay before update on receipts
when not (
    old.body is not null and new.body is null and new.salt is null and new.visitor is null and new.decision is null
    and new.site = old.site and new.ledger = old.ledger and new.leaf_index = old.leaf_index
    and new.received_at = old.received_at and new.commitment = old.commitment
    and exists (
        select 1 from tombstones
        where site = old.site and ledger = old.ledger and old.leaf_index between first_leaf and last_leaf
    )
)
begin select raise(abort, 'receipts are never changed; erasing blanks them under a tombstone'); end;
create trigger receipts_are_kept before delete on receipts
begin select raise(abort, 'receipts are never deleted'); end;
-- `insert or replace` deletes without asking the trigger above.
create trigger receipts_are_new before insert on receipts
when exists (select 1 from receipts where site = new.site and ledger = new.ledger and leaf_index = new.leaf_index)
    or exists (select 1 from receipts where site = new.site and decision = new.decision)
begin select raise(abort, 'receipts are never replaced'); end;

create trigger entries_stay before update on entries begin select raise(abort, 'leaves are never changed'); end;
create trigger entries_are_kept before delete on entries begin select raise(abort, 'leaves are never deleted'); end;
create trigger entries_are_new before insert on entries
when exists (select 1 from entries where site = new.site and ledger = new.ledger and leaf_index = new.leaf_index)
begin select raise(abort, 'leaves are never replaced'); end;

create trigger nodes_stay before update on nodes begin select raise(abort, 'the tree is never changed'); end;
create trigger nodes_are_kept before delete on nodes begin select raise(abort, 'the tree is never deleted'); end;

create trigger notices_stay before update on notices begin select raise(abort, 'notices are never changed'); end;
create trigger notices_are_kept before delete on notices begin select raise(abort, 'notices are never deleted'); end;

create trigger tombstones_stay before update on tombstones begin select raise(abort, 'tombstones are never changed'); end;
create trigger tombstones_are_kept before delete on tombstones begin select raise(abort, 'tombstones are never deleted'); end;

create trigger checkpoints_stay before update on checkpoints begin select raise(abort, 'checkpoints are never changed'); end;
create trigger checkpoints_are_kept before delete on checkpoints begin select raise(abort, 'checkpoints are never deleted'); end;
