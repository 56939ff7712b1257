-- Whether one choice holds for all subdomains: the cookies' domain is then the registrable one.
alter table sites add column share_subdomains boolean not null default false;
