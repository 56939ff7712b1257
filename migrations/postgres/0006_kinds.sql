-- Finding receipts fast: each names its kind, one row of a short dictionary, so that a filter by notice, method or choice is
-- a walk along an index and never a scan.

create table kinds (
    site text not null references sites (site),
    kind bigint not null,
    notice bigint not null,
    method text not null,
    choices text not null, -- as in the receipts, canonical JSON
    primary key (site, kind)
);
create unique index kinds_once on kinds (site, notice, method, choices);

drop trigger receipts_stay on receipts;
alter table receipts add column kind bigint; -- null once the receipt is erased
-- json and not jsonb: the choices stay the bytes that they are.
insert into kinds (site, kind, notice, method, choices)
select site, row_number() over (partition by site order by notice, method, choices), notice, method, choices from (
    select distinct site, cast(body::json -> 'notice' ->> 'number' as bigint) as notice, body::json ->> 'method' as method,
        (body::json -> 'choices')::text as choices
    from receipts where body is not null
) as those;
update receipts set kind = kinds.kind from kinds
where body is not null and kinds.site = receipts.site
and kinds.notice = cast(body::json -> 'notice' ->> 'number' as bigint)
and kinds.method = body::json ->> 'method' and kinds.choices = (body::json -> 'choices')::text;
create index receipts_by_kind on receipts (site, kind, received_at, ledger, leaf_index) where kind is not null;
-- Whoever reads by time never wants what is erased; with it, the oldest page would be a walk over all of it.
drop index receipts_by_time;
create index receipts_by_time on receipts (site, received_at, ledger, leaf_index) where body is not null;

-- As before; the kind is blanked with the rest, because it says what was chosen.
create or replace function refuse_unless_erased() returns trigger language plpgsql as $$
begin
    if old.body is not null and new.body is null and new.salt is null and new.visitor is null and new.decision is null
        and new.kind is null
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

create trigger kinds_stay before update on kinds for each row execute function refuse('kinds are never changed');
create trigger kinds_are_kept before delete on kinds for each row execute function refuse('kinds are never deleted');
create trigger kinds_are_not_emptied before truncate on kinds for each statement execute function refuse('kinds are never deleted');

-- Exports that are made in the background, and fetched later.
create table exports (
    site text not null references sites (site),
    export_id text not null,
    made_by text not null,
    made_at bigint not null,
    format text not null,
    filter text not null, -- JSON
    state text not null check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    receipts_done bigint not null default 0,
    receipts_expected bigint,
    runner text, -- which process writes it
    seen_at bigint, -- when that process was last heard of
    file text,
    bytes bigint,
    finished_at bigint,
    error text,
    expires_at bigint,
    primary key (site, export_id)
);
create index exports_by_state on exports (state, made_at);
