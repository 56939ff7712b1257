-- PostgreSQL's receipts do not refer to the site themselves any more. Here asking for it costs nothing that could be measured, and
-- taking the reference away would mean writing every receipt anew.
select 1;
