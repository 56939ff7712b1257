-- What is written only to see whether writing goes through, and deleted at once.

create table probes (
    probe integer not null primary key,
    filler blob not null
) strict;
