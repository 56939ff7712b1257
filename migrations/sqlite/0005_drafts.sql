-- The notice that a site's operators are writing, as TOML. Its revision only ever counts up, so that a save says which text it
-- was made from; without a body there is no draft.
create table drafts (
    site text not null primary key references sites (site),
    body text,
    revision integer not null,
    updated_at integer not null,
    updated_by text not null
) strict;

-- How a notice came to be published: who, what they decided, and what of the linter they overrode. Notices from before this
-- table have no row.
create table publications (
    site text not null references sites (site),
    number integer not null,
    published_by text not null,
    published_at integer not null,
    material text not null, -- a JSON list of purposes that were asked again by decision
    overrides text not null, -- a JSON list of {rule, at, reason}
    note text,
    primary key (site, number)
) strict;
create trigger publications_stay before update on publications begin select raise(abort, 'publications are never changed'); end;
create trigger publications_are_kept before delete on publications begin select raise(abort, 'publications are never deleted'); end;

-- The notice that is to be published on a date: one a site. What could not be published stays, with the reason.
create table schedule (
    site text not null primary key references sites (site),
    schedule_id text not null, -- of this very plan: another one on the same date is another one
    body text not null,
    material text not null,
    overrides text not null,
    note text,
    publish_at integer not null,
    made_by text not null,
    made_at integer not null,
    failed_at integer,
    failure text
) strict;
