-- How often notices were shown and how they were answered: sums of a day, with nothing in them of anybody. They are added to by
-- the transaction that stores the receipts, and never computed from receipts.
create table counts (
    site text not null references sites (site),
    day integer not null, -- since 1970 (UTC)
    notice integer not null,
    locale text not null,
    device text not null check (device in ('phone', 'tablet', 'desktop', 'other')),
    event text not null check (event in ('shown', 'accepted', 'refused', 'customised', 'withdrawn', 'signal', 'granted')),
    purpose text not null, -- of `granted`: which; of the others: none, as ''
    count integer not null,
    primary key (site, day, notice, locale, device, event, purpose)
) strict;

-- The origins of the pages that asked for a site's tag.
create table sightings (
    site text not null references sites (site),
    origin text not null, -- scheme://host[:port], never a path
    first_party integer not null check (first_party in (0, 1)), -- whether the tag came from the page's own host
    first_seen integer not null,
    last_seen integer not null,
    primary key (site, origin, first_party)
) strict;

-- Tags whose bytes pages have pinned by their hash, and the widget's files that go with them, so that no update breaks a page.
create table pinned_tags (
    site text not null references sites (site),
    hash text not null, -- of the body, in the tag's address
    notice integer not null,
    locale text not null,
    widget text not null, -- the build that the body asks for
    body blob not null,
    pinned_at integer not null,
    pinned_by text not null,
    primary key (site, hash)
) strict;

create table pinned_files (
    hash text not null, -- of the build
    file text not null,
    body blob not null,
    primary key (hash, file)
) strict;

create trigger pinned_tags_stay before update on pinned_tags begin select raise(abort, 'pinned tags are never changed'); end;
create trigger pinned_tags_are_kept before delete on pinned_tags begin select raise(abort, 'pinned tags are never deleted'); end;
create trigger pinned_files_stay before update on pinned_files begin select raise(abort, 'pinned files are never changed'); end;
create trigger pinned_files_are_kept before delete on pinned_files begin select raise(abort, 'pinned files are never deleted'); end;
