-- Whether one choice holds for all subdomains: the cookies' domain is then the registrable one.
alter table sites add column share_subdomains integer not null default 0 check (share_subdomains in (0, 1));
