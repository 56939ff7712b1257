//! Owns receipts as SQL: tables and rows that SQLite and PostgreSQL take alike, with the site's settings, notices and holds.
//! Refuses anything that only one of them understands, and text that could end its own quotes.

use std::fmt::Write;

use assent_shared::{DecisionId, SiteId};

use super::rows::read;
use crate::error::{Error, Result};
use crate::store::{HoldRow, NoticeRow, ReceiptRow, Site, Store};

/// Rows of one statement: short enough for every client, long enough to load fast.
const STATEMENT_ROWS: usize = 200;

const TABLES: &str = "\
-- Receipts as SQL, for SQLite and for PostgreSQL. Instants are milliseconds since 1970 (UTC).
-- Load it with `sqlite3 copy.db < FILE` or `psql --dbname copy --file FILE`.
begin;
create table if not exists assent_sites (site text primary key, name text not null, environment text not null,
    origins text not null, share_subdomains boolean not null, retention_days bigint);
create table if not exists assent_notices (site text not null, number bigint not null, hash text not null,
    published_at bigint not null, body text not null, primary key (site, number));
create table if not exists assent_holds (site text not null, hold_id text not null, visitor text, kind text not null,
    reason text not null, made_by text not null, made_at bigint not null, lifted_at bigint, primary key (site, hold_id));
create table if not exists assent_receipts (site text not null, ledger bigint not null, leaf_index bigint not null,
    decision text not null, visitor text not null, method text not null, layer bigint not null, gpc boolean not null,
    notice bigint not null, notice_hash text not null, locale text not null, origin text not null,
    decided_at bigint not null, clock_off boolean not null, received_at bigint not null, valid_until bigint not null,
    replaces text, widget text not null, body text not null, primary key (site, ledger, leaf_index));
create table if not exists assent_choices (site text not null, decision text not null, purpose text not null,
    granted boolean not null, primary key (site, decision, purpose));
";

/// What stands before the receipts.
#[derive(Debug)]
pub(super) struct Sql {
    site: Site,
    retention_days: Option<i64>,
    notices: Vec<NoticeRow>,
    holds: Vec<HoldRow>,
}

impl Sql {
    /// What stands behind them.
    pub(super) const END: &str = "commit;\n";

    pub(super) async fn new(store: &Store, site: &SiteId) -> Result<Self> {
        let retentions = store.retentions().await?;
        let retention_days = retentions.into_iter().find(|(id, _)| id == site.as_str()).map(|(_, days)| days);
        Ok(Self {
            retention_days,
            notices: store.notices(site).await?,
            holds: store.holds(site).await?,
            site: store.site(site).await?.ok_or(Error::NotFound)?,
        })
    }

    /// The tables, and everything in them but the receipts.
    pub(super) fn beginning(&self) -> String {
        let site = quoted(self.site.id.as_str());
        let origins = serde_json::to_string(&self.site.origins).unwrap_or_default();
        let settings = format!(
            "({site}, {}, {}, {}, {}, {})",
            quoted(&self.site.name),
            quoted(self.site.environment.as_str()),
            quoted(&origins),
            self.site.share_subdomains,
            number(self.retention_days)
        );
        let notices = self.notices.iter().map(|notice| {
            let NoticeRow { number, hash, body, published_at } = notice;
            format!("({site}, {number}, {}, {published_at}, {})", quoted(hash), quoted(body))
        });
        let holds = self.holds.iter().map(|hold| {
            format!(
                "({site}, {}, {}, {}, {}, {}, {}, {})",
                quoted(&hold.hold_id),
                optional(hold.visitor.as_deref()),
                quoted(&hold.kind),
                quoted(&hold.reason),
                quoted(&hold.made_by),
                hold.made_at,
                number(hold.lifted_at)
            )
        });
        let mut text = TABLES.to_owned();
        insert(&mut text, "assent_sites", &[settings]);
        insert(&mut text, "assent_notices", &notices.collect::<Vec<_>>());
        insert(&mut text, "assent_holds", &holds.collect::<Vec<_>>());
        text
    }

    /// Receipts with their choices.
    pub(super) fn receipts(rows: &[ReceiptRow]) -> Result<String> {
        let (mut written, mut choices) = (Vec::with_capacity(rows.len()), Vec::new());
        for row in rows {
            let (_, receipt) = read(row)?;
            let (site, decision) = (quoted(receipt.site.as_str()), quoted(receipt.decision.as_str()));
            written.push(format!(
                "({site}, {}, {}, {decision}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
                row.ledger,
                row.leaf_index,
                quoted(receipt.visitor.as_str()),
                quoted(receipt.method.as_str()),
                receipt.layer,
                receipt.gpc,
                receipt.notice.number,
                quoted(&receipt.notice.hash),
                quoted(receipt.locale.as_str()),
                quoted(&receipt.origin),
                receipt.decided_at,
                receipt.clock_off,
                receipt.received_at,
                receipt.valid_until,
                optional(receipt.replaces.as_ref().map(DecisionId::as_str)),
                quoted(&receipt.widget),
                quoted(&row.body)
            ));
            choices.extend(receipt.choices.iter().map(|(purpose, granted)| {
                format!("({site}, {decision}, {}, {granted})", quoted(purpose.as_str()))
            }));
        }
        let mut text = String::new();
        insert(&mut text, "assent_receipts", &written);
        insert(&mut text, "assent_choices", &choices);
        Ok(text)
    }
}

fn insert(text: &mut String, table: &str, rows: &[String]) {
    for some in rows.chunks(STATEMENT_ROWS) {
        let _ = writeln!(text, "insert into {table} values\n{};", some.join(",\n"));
    }
}

/// A text literal of standard SQL: a quote is doubled, and a backslash is a backslash. PostgreSQL's text has no zero byte.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

fn optional(text: Option<&str>) -> String {
    text.map_or_else(|| "null".to_owned(), quoted)
}

fn number(value: Option<i64>) -> String {
    value.map_or_else(|| "null".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_its_own_quotes() {
        assert_eq!(quoted("it's; drop table x; --\\'"), "'it''s; drop table x; --\\'''");
        assert_eq!(quoted("a\0b"), "'ab'");
        assert_eq!(optional(None), "null");
    }
}
