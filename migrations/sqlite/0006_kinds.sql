-- Finding receipts fast: each names its kind, one row of a short dictionary, so that a filter by notice, method or choice is
-- a walk along an index and never a scan.

create table kinds (
    site text not null references sites (site),
    kind integer not null,
    notice integer not null,
    method text not null,
    choices text not null, -- as in the receipts, canonical JSON
    primary key (site, kind)
) strict;
create unique index kinds_once on kinds (site, notice, method, choices);

drop trigger receipts_stay;
alter table receipts add column kind integer; -- null once the receipt is erased
insert into kinds (site, kind, notice, method, choices)
select site, row_number() over (partition by site order by notice, method, choices), notice, method, choices from (
    select distinct site, json_extract(body, '$.notice.number') as notice, json_extract(body, '$.method') as method,
        json_extract(body, '$.choices') as choices
    from receipts where body is not null
);
update receipts set kind = (
    select kind from kinds where kinds.site = receipts.site and notice = json_extract(body, '$.notice.number')
    and method = json_extract(body, '$.method') and choices = json_extract(body, '$.choices')
) where body is not null;
create index receipts_by_kind on receipts (site, kind, received_at, ledger, leaf_index) where kind is not null;
-- Whoever reads by time never wants what is erased; with it, the oldest page would be a walk over all of it.
drop index receipts_by_time;
create index receipts_by_time on receipts (site, received_at, ledger, leaf_index) where body is not null;

-- As before; the kind is blanked with the rest, because it says what was chosen.
create trigger receipts_stay before update on receipts
when not (
    old.body is not null and new.body is null and new.salt is null and new.visitor is null and new.decision is null
    and new.kind is null
    and new.site = old.site and new.ledger = old.ledger and new.leaf_index = old.leaf_index
    and new.received_at = old.received_at and new.commitment = old.commitment
    and exists (
        select 1 from tombstones
        where site = old.site and ledger = old.ledger and old.leaf_index between first_leaf and last_leaf
    )
)
begin select raise(abort, 'receipts are never changed; erasing blanks them under a tombstone'); end;

create trigger kinds_stay before update on kinds begin select raise(abort, 'kinds are never changed'); end;
create trigger kinds_are_kept before delete on kinds begin select raise(abort, 'kinds are never deleted'); end;

-- Exports that are made in the background, and fetched later.
create table exports (
    site text not null references sites (site),
    export_id text not null,
    made_by text not null,
    made_at integer not null,
    format text not null,
    filter text not null, -- JSON
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    receipts_done integer not null default 0,
    receipts_expected integer,
    runner text, -- which process writes it
    seen_at integer, -- when that process was last heard of
    file text,
    bytes integer,
    finished_at integer,
    error text,
    expires_at integer,
    primary key (site, export_id)
) strict;
create index exports_by_state on exports (state, made_at);
