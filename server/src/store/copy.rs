//! Owns the SQL around copies of a whole database: a consistent copy beside a server that writes, and what is in it.
//! Refuses to write into the database that it copies.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::{Pool, Schema, Store, Transaction, on_transaction};

/// The first schema with ledgers, and the first with an audit log.
const LEDGERS_SINCE: i64 = 3;
const AUDIT_SINCE: i64 = 8;
/// The first schema that folds up what is erased.
const FOLDED_SINCE: i64 = 10;

/// The audit log among the sites; no site is called so.
pub(crate) const AUDIT: &str = "_audit";

/// A ledger as it is in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, sqlx::FromRow)]
#[serde(deny_unknown_fields)]
pub struct CopiedLedger {
    /// Its site, or `_audit`.
    pub site: String,
    /// 1, unless a fork made a new one necessary.
    pub ledger: i64,
    /// Its name.
    pub origin: String,
    /// How many leaves it has.
    pub leaves: i64,
    /// How many of the site's leaves, also in former ledgers, are receipts, erased ones included.
    pub receipts: i64,
    /// The newest checkpoint, as a signed note.
    pub checkpoint: Option<String>,
}

/// Which database this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Its version for people: `3.50.2`, `17.2 (Debian …)`.
    pub engine: String,
    /// Its major version: 3, 17.
    pub major: u32,
}

/// One state of a PostgreSQL database, for as long as this is kept.
pub(crate) struct Snapshot {
    /// What `pg_dump --snapshot` takes; nothing on SQLite.
    pub(crate) id: Option<String>,
    /// The ledgers in that state.
    pub(crate) ledgers: Vec<CopiedLedger>,
    _held: Transaction,
}

impl Store {
    /// The engine's version.
    pub async fn engine_versions(&self) -> sqlx::Result<Versions> {
        let engine: String = match &self.pool {
            Pool::Sqlite(pool) => sqlx::query_scalar("select sqlite_version()").fetch_one(pool).await?,
            Pool::Postgres(pool) => sqlx::query_scalar("show server_version").fetch_one(pool).await?,
        };
        let major = engine.split('.').next().and_then(|text| text.split_whitespace().next()?.parse().ok());
        Ok(Versions { major: major.unwrap_or_default(), engine })
    }

    /// Holds one state of the database and says which ledgers are in it.
    pub(crate) async fn snapshot(&self, schema: Schema) -> sqlx::Result<Snapshot> {
        let mut held = self.begin().await?;
        let mut id = None;
        if let Transaction::Postgres(transaction) = &mut held {
            id = Some(export(transaction).await?);
        }
        let mut ledgers: Vec<CopiedLedger> = Vec::new();
        on_transaction!(&mut held, |transaction, Db| {
            if schema.present >= LEDGERS_SINCE {
                let of_sites = sqlx::query_as::<Db, CopiedLedger>(if schema.present >= FOLDED_SINCE {
                    "select site, ledger, origin, leaves, checkpoint,
                         (select count(*) from receipts where receipts.site = ledgers.site) + (
                             select coalesce(cast(sum(length(commitments) / 32) as bigint), 0) from folded
                             where folded.site = ledgers.site) as receipts
                     from ledgers order by site"
                } else {
                    "select site, ledger, origin, leaves, checkpoint,
                         (select count(*) from receipts where receipts.site = ledgers.site) as receipts
                     from ledgers order by site"
                });
                ledgers.extend(of_sites.fetch_all(&mut **transaction).await?);
            }
            if schema.present >= AUDIT_SINCE {
                let of_audit = sqlx::query_as::<Db, CopiedLedger>(
                    "select '_audit' as site, ledger, origin, leaves, checkpoint, cast(0 as bigint) as receipts
                     from audit_ledgers where ended = 0",
                );
                ledgers.extend(of_audit.fetch_all(&mut **transaction).await?);
            }
        });
        Ok(Snapshot { id, ledgers, _held: held })
    }

    /// Writes the whole of an SQLite database, as it is at this moment, into a new file. Writers go on meanwhile: a reader
    /// of the write-ahead log is all that this is. What was erased is not in the copy.
    pub(crate) async fn copy_into(&self, file: &Path) -> sqlx::Result<()> {
        let Pool::Sqlite(pool) = &self.pool else { return Ok(()) };
        let file = file.to_str().ok_or_else(|| sqlx::Error::Configuration("the path is not UTF-8".into()))?;
        sqlx::query("vacuum into $1").bind(file).execute(pool).await?;
        Ok(())
    }

    /// What SQLite finds wrong with its file: nothing if it is sound. `thoroughly` compares every index with its table too.
    pub async fn sqlite_damage(&self, thoroughly: bool) -> sqlx::Result<Option<String>> {
        let Pool::Sqlite(pool) = &self.pool else { return Ok(None) };
        let check = if thoroughly { "pragma integrity_check(1)" } else { "pragma quick_check(1)" };
        let answer: String = sqlx::query_scalar(check).fetch_one(pool).await?;
        Ok((answer != "ok").then_some(answer))
    }
}

/// Makes the transaction see one state from now on, and names it for others. The level has to be set before anything is read.
async fn export(connection: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query("set transaction isolation level repeatable read read only")
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar("select pg_export_snapshot()").fetch_one(connection).await
}
