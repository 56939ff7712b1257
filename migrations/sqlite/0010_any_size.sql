-- The schema for any size: decisions in a table of their own, and what is erased folded up. The partitions are PostgreSQL's.

-- Where the receipt of a decision is. Its key keeps one decision from being recorded twice.
create table decisions (
    site text not null,
    decision text not null,
    ledger integer not null,
    leaf_index integer not null,
    received_at integer not null,
    primary key (site, decision)
) strict, without rowid;
insert into decisions (site, decision, ledger, leaf_index, received_at)
select site, decision, ledger, leaf_index, received_at from receipts where decision is not null order by site, decision;

-- The commitments of receipts that were erased, month by month, when nothing of the month was left to read: runs of neighbouring
-- leaves, 32 bytes for each.
create table folded (
    site text not null references sites (site),
    ledger integer not null,
    first_leaf integer not null,
    commitments blob not null check (length(commitments) between 32 and 8192 and length(commitments) % 32 = 0),
    first_received integer not null, -- between these two they were received
    last_received integer not null,
    primary key (site, ledger, first_leaf)
) strict;

drop index receipts_by_decision;
-- What there is to fold up.
create index receipts_blank on receipts (site, received_at, ledger, leaf_index) where body is null;

drop trigger receipts_are_kept;
create trigger receipts_are_kept before delete on receipts
when old.body is not null or not exists (
    select 1 from folded
    where site = old.site and ledger = old.ledger
    and first_leaf <= old.leaf_index and first_leaf > old.leaf_index - 256
    and substr(commitments, (old.leaf_index - first_leaf) * 32 + 1, 32) = old.commitment
)
begin select raise(abort, 'receipts are never deleted, unless they are blank and their commitment is folded up'); end;
-- `insert or replace` deletes without asking the trigger above.
drop trigger receipts_are_new;
create trigger receipts_are_new before insert on receipts
when exists (select 1 from receipts where site = new.site and ledger = new.ledger and leaf_index = new.leaf_index)
begin select raise(abort, 'receipts are never replaced'); end;

create trigger decisions_stay before update on decisions begin select raise(abort, 'decisions are never changed'); end;
create trigger decisions_are_kept before delete on decisions
when exists (
    select 1 from receipts
    where site = old.site and ledger = old.ledger and leaf_index = old.leaf_index and body is not null
)
begin select raise(abort, 'a decision is never forgotten before its receipt is erased'); end;
create trigger decisions_are_new before insert on decisions
when exists (select 1 from decisions where site = new.site and decision = new.decision)
begin select raise(abort, 'decisions are never replaced'); end;

create trigger folded_stay before update on folded begin select raise(abort, 'leaves are never changed'); end;
create trigger folded_are_kept before delete on folded begin select raise(abort, 'leaves are never deleted'); end;
create trigger folded_are_new before insert on folded
when exists (select 1 from folded where site = new.site and ledger = new.ledger and first_leaf = new.first_leaf)
begin select raise(abort, 'leaves are never replaced'); end;
