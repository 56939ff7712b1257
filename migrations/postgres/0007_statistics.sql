-- How often notices were shown and how they were answered: sums of a day, with nothing in them of anybody. They are added to by
-- the transaction that stores the receipts, and never computed from receipts.
create table counts (
    site text not null references sites (site),
    day bigint not null, -- since 1970 (UTC)
    notice bigint not null,
    locale text not null,
    device text not null check (device in ('phone', 'tablet', 'desktop', 'other')),
    event text not null check (event in ('shown', 'accepted', 'refused', 'customised', 'withdrawn', 'signal', 'granted')),
    purpose text not null, -- of `granted`: which; of the others: none, as ''
    count bigint not null,
    primary key (site, day, notice, locale, device, event, purpose)
);

-- The origins of the pages that asked for a site's tag.
create table sightings (
    site text not null references sites (site),
    origin text not null, -- scheme://host[:port], never a path
    first_party boolean not null, -- whether the tag came from the page's own host
    first_seen bigint not null,
    last_seen bigint not null,
    primary key (site, origin, first_party)
);

-- Tags whose bytes pages have pinned by their hash, and the widget's files that go with them, so that no update breaks a page.
create table pinned_tags (
    site text not null references sites (site),
    hash text not null, -- of the body, in the tag's address
    notice bigint not null,
    locale text not null,
    widget text not null, -- the build that the body asks for
    body bytea not null,
    pinned_at bigint not null,
    pinned_by text not null,
    primary key (site, hash)
);

create table pinned_files (
    hash text not null, -- of the build
    file text not null,
    body bytea not null,
    primary key (hash, file)
);

create trigger pinned_tags_stay before update on pinned_tags for each row execute function refuse('pinned tags are never changed');
create trigger pinned_tags_are_kept before delete on pinned_tags for each row execute function refuse('pinned tags are never deleted');
create trigger pinned_tags_are_not_emptied before truncate on pinned_tags for each statement execute function refuse('pinned tags are never deleted');
create trigger pinned_files_stay before update on pinned_files for each row execute function refuse('pinned files are never changed');
create trigger pinned_files_are_kept before delete on pinned_files for each row execute function refuse('pinned files are never deleted');
create trigger pinned_files_are_not_emptied before truncate on pinned_files for each statement execute function refuse('pinned files are never deleted');
