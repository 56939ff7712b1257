//! Owns the database: connecting, migrating, and, in its rooms below, all the SQL.
//! Refuses to decide anything about consent; it stores what it is given and says what it finds.
//!
//! Rules found by trial: the first statement of a writing transaction is a write (read-first loses concurrent appends on
//! both engines); instants are 64-bit milliseconds; hashed bodies are text, because jsonb reorders bytes; constraint
//! names are never read, because SQLite reports none.

mod affected;
mod audit;
mod audit_reading;
mod browse;
mod counts;
mod drafts;
mod erasures;
mod exports;
mod keys;
mod kinds;
mod lanes;
mod leaves;
mod ledgers;
mod links;
mod measures;
mod notices;
mod one_receipt;
mod operators;
mod own;
mod pins;
mod receipts;
mod selection;
mod sessions;
mod sightings;
mod sites;
mod unsealed;
mod upgrade;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use crate::sealer::Sealer;

pub use affected::EdgeRow;
pub use audit::AuditLedgerRow;
pub use audit_reading::{AUDIT_ERASED_AT_ONCE, AuditFilter, AuditLeafRow, AuditRow};
pub use browse::{Filter, Order, Place, Reader};
pub use counts::{By, CountRow};
pub use drafts::{DraftRow, ScheduleRow};
pub use erasures::{ERASED_AT_ONCE, Erasure, HoldRow};
pub use exports::{ExportEnd, ExportRow};
pub use keys::{KeyRow, NewKey, Reach, Scopes};
pub use kinds::{KindFilter, KindRow};
pub use leaves::LeafRow;
pub use ledgers::{AppendError, LedgerRow};
pub use links::{Arrival, NewLink};
pub use measures::{Connections, Sums};
pub use notices::{NewPublication, NoticeRow, Origin, Publishing, VersionRow};
pub use operators::{Change, Credentials, OperatorRow, RoleOn};
pub use pins::PinRow;
pub use receipts::{Appended, ReceiptRow, Sealed};
pub use selection::CoverRow;
pub use sessions::{Ending, SessionRow};
pub use sightings::{ORIGINS_KEPT, SightingRow};
pub use sites::{Environment, Site};

/// The migrations, one folder an engine, with the same file names.
pub const SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
/// See [`SQLITE_MIGRATIONS`].
pub const POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// How long a request waits for a connection or for another writer before it is told to try again.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database, migrated, and what signs that which is appended to its ledgers.
#[derive(Debug, Clone)]
pub struct Store {
    pool: Pool,
    sealer: Sealer,
    kinds: kinds::Kinds,
}

/// The connections to either engine.
#[derive(Debug, Clone)]
pub enum Pool {
    /// A file beside the server.
    Sqlite(SqlitePool),
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// Expands `$body` once for each engine, with `$pool` as its pool and `$Db` as its type.
macro_rules! on_engine {
    ($store:expr, |$pool:ident, $Db:ident| $body:block) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite($pool) => {
                type $Db = sqlx::Sqlite;
                $body
            }
            $crate::store::Pool::Postgres($pool) => {
                type $Db = sqlx::Postgres;
                $body
            }
        }
    };
    ($store:expr, |$pool:ident| $body:block) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite($pool) => $body,
            $crate::store::Pool::Postgres($pool) => $body,
        }
    };
}
use on_engine;

/// A transaction of either engine. Dropped without a commit, it leaves nothing behind.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// As `on_engine!`, for a transaction.
macro_rules! on_transaction {
    ($from:expr, |$transaction:ident, $Db:ident| $body:block) => {
        match $from {
            $crate::store::Transaction::Sqlite($transaction) => {
                type $Db = sqlx::Sqlite;
                $body
            }
            $crate::store::Transaction::Postgres($transaction) => {
                type $Db = sqlx::Postgres;
                $body
            }
        }
    };
}
use on_transaction;

impl Transaction {
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}

/// Rows of one statement, largest first. Few sizes mean few texts, so that the engines keep every one of them prepared.
const STATEMENT_ROWS: [usize; 4] = [512, 64, 8, 1];

/// Cuts `rows` into statements of [`STATEMENT_ROWS`].
fn in_statements<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = STATEMENT_ROWS.into_iter().find(|size| *size <= rows.len())?;
        let (some, rest) = rows.split_at(size);
        rows = rest;
        Some(some)
    })
}

impl Store {
    /// Connects to the database at `url`, creates an SQLite file that is not there, migrates, and seals what was recorded
    /// before there was a ledger.
    pub async fn open(url: &str, sealer: Sealer) -> Result<Self, String> {
        let engine = url.split(':').next().unwrap_or_default();
        let pool = match engine {
            "sqlite" => Self::open_sqlite(url).await?,
            "postgres" | "postgresql" => Self::open_postgres(url).await?,
            _ => {
                return Err(format!(
                    "Setting database_url: `{engine}:` is not supported. Use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE."
                ));
            }
        };
        let store = Self { pool, sealer, kinds: kinds::Kinds::default() };
        store
            .seal_what_waits()
            .await
            .map_err(|error| format!("Older receipts cannot be sealed: {error}."))?;
        Ok(store)
    }

    /// What signs the ledgers.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The connections.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    async fn open_sqlite(url: &str) -> Result<Pool, String> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| format!("Setting database_url: {error}."))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            // What is erased must not stay readable in the file.
            .pragma("secure_delete", "on")
            .busy_timeout(PATIENCE);
        let file = options.get_filename().to_owned();
        let failed = |error: &dyn std::fmt::Display| {
            format!("The database {} cannot be opened: {error}.", file.display())
        };
        if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let pool = SqlitePoolOptions::new()
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|error| failed(&error))?;
        SQLITE_MIGRATIONS.run(&pool).await.map_err(|error| failed(&error))?;
        Ok(Pool::Sqlite(pool))
    }

    async fn open_postgres(url: &str) -> Result<Pool, String> {
        let options =
            PgConnectOptions::from_str(url).map_err(|error| format!("Setting database_url: {error}."))?;
        // Never the URL itself: it may hold a password.
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let failed =
            |error: &dyn std::fmt::Display| format!("PostgreSQL at {place} cannot be used: {error}.");
        let pool = PgPoolOptions::new()
            .acquire_timeout(PATIENCE)
            .connect_with(options)
            .await
            .map_err(|error| failed(&error))?;
        POSTGRES_MIGRATIONS.run(&pool).await.map_err(|error| failed(&error))?;
        Ok(Pool::Postgres(pool))
    }

    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match &self.pool {
            Pool::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("select 1").execute(pool).await?;
        });
        Ok(())
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        on_engine!(self, |pool| { pool.close().await });
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_row_is_in_exactly_one_statement() {
        let rows: Vec<usize> = (0..1_234).collect();
        let statements: Vec<&[usize]> = super::in_statements(&rows).collect();
        assert_eq!(statements.concat(), rows);
        assert!(statements.iter().all(|statement| super::STATEMENT_ROWS.contains(&statement.len())));
    }
}
