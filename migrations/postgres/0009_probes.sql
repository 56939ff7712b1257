-- What is written only to see whether writing goes through, and deleted at once.

create table probes (
    probe bigint not null primary key,
    filler bytea not null
);
