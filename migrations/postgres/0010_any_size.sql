-- The schema for any size: decisions in a table of their own, receipts in a partition a month, and what is erased folded up.

-- Where the receipt of a decision is. Its key keeps one decision from being recorded twice, which no index over partitions can.
-- Nothing refers to the site here: the receipt's own row, of the same transaction, does.
create table decisions (
    site text not null,
    decision text not null,
    ledger bigint not null,
    leaf_index bigint not null,
    received_at bigint not null, -- with it, one partition is looked into
    primary key (site, decision)
);
insert into decisions (site, decision, ledger, leaf_index, received_at)
select site, decision, ledger, leaf_index, received_at from receipts where decision is not null;

-- The commitments of receipts that were erased, month by month, when nothing of the month was left to read: runs of neighbouring
-- leaves, 32 bytes for each.
create table folded (
    site text not null references sites (site),
    ledger bigint not null,
    first_leaf bigint not null,
    commitments bytea not null check (length(commitments) between 32 and 8192 and length(commitments) % 32 = 0),
    first_received bigint not null, -- between these two they were received
    last_received bigint not null,
    primary key (site, ledger, first_leaf)
);
alter table folded alter column commitments set storage external; -- hashes cannot be compressed

-- What is there becomes the first partition, as it is: none of its rows is written again, only one index is made.
drop trigger receipts_stay on receipts;
drop trigger receipts_are_kept on receipts;
drop index receipts_by_decision;
alter table receipts rename to receipts_before;
alter table receipts_before drop constraint receipts_pkey;
alter table receipts_before add constraint receipts_before_pkey primary key (site, ledger, leaf_index, received_at);
alter index receipts_by_visitor rename to receipts_before_by_visitor;
alter index receipts_by_time rename to receipts_before_by_time;
alter index receipts_by_kind rename to receipts_before_by_kind;

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
    kind bigint, -- null once the receipt is erased
    primary key (site, ledger, leaf_index, received_at)
) partition by range (received_at);
create index receipts_by_visitor on receipts (site, visitor, ledger, leaf_index);
create index receipts_by_time on receipts (site, received_at, ledger, leaf_index) where body is not null;
create index receipts_by_kind on receipts (site, kind, received_at, ledger, leaf_index) where kind is not null;
-- What there is to fold up.
create index receipts_blank on receipts (site, received_at, ledger, leaf_index) where body is null;

-- For whatever no month's partition takes: a clock that is months off loses no receipt.
create table receipts_default partition of receipts default;

do $$
declare
    month_end bigint :=
        extract(epoch from date_trunc('month', now() at time zone 'utc') + interval '1 month')::bigint * 1000;
begin
    if not exists (select from receipts_before) then
        drop table receipts_before;
        return;
    end if;
    with ahead as (delete from receipts_before where received_at >= month_end returning *)
    insert into receipts select * from ahead;
    execute format('alter table receipts attach partition receipts_before for values from (minvalue) to (%s)', month_end);
end $$;

create function refuse_unless_folded() returns trigger language plpgsql as $$
begin
    if old.body is null and exists (
        select 1 from folded
        where site = old.site and ledger = old.ledger
        and first_leaf <= old.leaf_index and first_leaf > old.leaf_index - 256
        and substring(commitments from (old.leaf_index - first_leaf)::int * 32 + 1 for 32) = old.commitment
    )
    then
        return old;
    end if;
    raise exception 'receipts are never deleted, unless they are blank and their commitment is folded up';
end $$;

create function refuse_unless_blank() returns trigger language plpgsql as $$
begin
    if exists (
        select 1 from receipts
        where site = old.site and ledger = old.ledger and leaf_index = old.leaf_index and received_at = old.received_at
        and body is not null
    )
    then
        raise exception 'a decision is never forgotten before its receipt is erased';
    end if;
    return old;
end $$;

-- As before, and from now on for each partition.
create trigger receipts_stay before update on receipts for each row execute function refuse_unless_erased();
create trigger receipts_are_kept before delete on receipts for each row execute function refuse_unless_folded();
create trigger receipts_are_not_emptied before truncate on receipts for each statement execute function refuse('receipts are never deleted');
-- A statement on a partition asks the partition's own triggers only.
create trigger receipts_are_not_emptied before truncate on receipts_default for each statement execute function refuse('receipts are never deleted');

create trigger decisions_stay before update on decisions for each row execute function refuse('decisions are never changed');
create trigger decisions_are_kept before delete on decisions for each row execute function refuse_unless_blank();
create trigger decisions_are_not_emptied before truncate on decisions for each statement execute function refuse('decisions are never deleted');

create trigger folded_stay before update on folded for each row execute function refuse('leaves are never changed');
create trigger folded_are_kept before delete on folded for each row execute function refuse('leaves are never deleted');
create trigger folded_are_not_emptied before truncate on folded for each statement execute function refuse('leaves are never deleted');
