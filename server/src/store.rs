//! Owns the database: connecting, migrating, and, in its rooms below, all the SQL.
//! Refuses to decide anything about consent; it stores what it is given and says what it finds.
//!
//! Rules found by trial: the first statement of a writing transaction is a write (read-first loses concurrent appends on
//! both engines); instants are 64-bit milliseconds; hashed bodies are text, because jsonb reorders bytes; constraint
//! names are never read, because SQLite reports none.

mod affected;
mod at_edge;
mod audit;
mod audit_reading;
mod browse;
mod busy;
mod checkup;
mod copy;
mod counts;
mod decisions;
mod drafts;
mod edges;
mod erasures;
mod exports;
mod folded;
mod folding;
mod health;
mod kept;
mod keys;
mod kinds;
mod known_edges;
mod lanes;
mod leaves;
mod ledgers;
mod links;
mod measures;
mod months;
mod notices;
mod open_ledger;
mod operators;
mod own;
mod partitions;
mod pins;
mod postgres;
mod receipts;
mod schema;
mod selection;
mod sessions;
mod sightings;
mod sites;
mod sqlite;
mod trouble;
mod unsealed;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;

use self::kept::Kept;
use crate::sealer::Sealer;

pub use affected::EdgeRow;
pub use audit::AuditLedgerRow;
pub use audit_reading::{AUDIT_ERASED_AT_ONCE, AuditFilter, AuditLeafRow, AuditRow};
pub use browse::{Filter, Order, Place, Reader};
pub(crate) use busy::Busy;
pub(crate) use copy::AUDIT;
pub use copy::{CopiedLedger, Versions};
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
pub use partitions::PartitionRow;
pub use pins::PinRow;
pub use receipts::{Appended, Fresh, ReceiptRow, Sealed};
pub(crate) use schema::has_write_ahead_log;
pub use schema::{Schema, newest_schema};
pub use selection::CoverRow;
pub use sessions::{Ending, SessionRow};
pub use sightings::{ORIGINS_KEPT, SightingRow};
pub use sites::{Environment, Site};
pub(crate) use sqlite::{file as sqlite_file, url as sqlite_url};
pub use trouble::Trouble;

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
    writer: Writer,
    sealer: Sealer,
    kinds: kinds::Kinds,
    edges: known_edges::KnownEdges,
    health: health::Health,
    busy: Busy,
}

/// What keeps the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A file beside the server.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Engine {
    /// The engine that an address names.
    pub fn of(url: &str) -> Result<Self, String> {
        match url.split(':').next().unwrap_or_default() {
            "sqlite" => Ok(Self::Sqlite),
            "postgres" | "postgresql" => Ok(Self::Postgres),
            other => Err(format!(
                "Setting database_url: `{other}:` is not supported. Use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE."
            )),
        }
    }
}

/// The connections to either engine.
#[derive(Debug, Clone)]
pub enum Pool {
    /// A file beside the server.
    Sqlite(SqlitePool),
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// What commits go through.
#[derive(Debug, Clone)]
enum Writer {
    /// The one connection of SQLite's one writer, whose pages stay in memory from one transaction to the next, because no other
    /// one has written in between.
    Sqlite(Arc<Kept<sqlx::Sqlite>>),
    /// One of the pool's.
    Postgres(Arc<Kept<sqlx::Postgres>>),
    /// The database is only read.
    Nobody,
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

/// Rows of one statement, largest first. Few sizes mean few texts, so that the engines keep every one of them prepared; each half
/// of the one before, so that a batch is few statements.
const STATEMENT_ROWS: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

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
        let store = Self::migrated(url, sealer).await?;
        store
            .seal_what_waits()
            .await
            .map_err(|error| format!("Older receipts cannot be sealed: {error}."))?;
        Ok(store)
    }

    /// As [`Store::open`], without sealing: nothing is signed.
    pub(crate) async fn migrated(url: &str, sealer: Sealer) -> Result<Self, String> {
        let health = health::Health::default();
        let (pool, writer) = match Engine::of(url)? {
            Engine::Sqlite => {
                let (pool, writer) = sqlite::open(url, &health).await?;
                (Pool::Sqlite(pool), Writer::Sqlite(Kept::of(writer, &health)))
            }
            Engine::Postgres => {
                let pool = postgres::open(url, &health).await?;
                (Pool::Postgres(pool.clone()), Writer::Postgres(Kept::of(pool, &health)))
            }
        };
        Ok(Self {
            pool,
            writer,
            sealer,
            kinds: kinds::Kinds::default(),
            edges: known_edges::KnownEdges::default(),
            health,
            busy: Busy::default(),
        })
    }

    /// Connects to a database that is there, whatever its schema, only to read it. Nothing is created, changed or left behind.
    pub async fn attach(url: &str, sealer: Sealer) -> Result<Self, String> {
        let pool = match Engine::of(url)? {
            Engine::Sqlite => Pool::Sqlite(sqlite::attach(url).await?),
            Engine::Postgres => Pool::Postgres(postgres::attach(url).await?),
        };
        let (kinds, edges, health, busy) = Default::default();
        Ok(Self { pool, writer: Writer::Nobody, sealer, kinds, edges, health, busy })
    }

    /// Looks before anything is added: for damage where nobody else does, as PostgreSQL has checksums and a log of its own, and
    /// whether it can be written to at all.
    pub(crate) async fn look(&self) -> Result<(), String> {
        if let Pool::Sqlite(pool) = &self.pool {
            sqlite::look_for_damage(pool).await?;
        }
        self.try_light_write().await.map_err(|error| match &self.pool {
            Pool::Sqlite(pool) => sqlite::explain(pool.connect_options().get_filename(), &error),
            Pool::Postgres(_) => {
                format!("PostgreSQL cannot be written to: {}; {error}.", Trouble::of(&error))
            }
        })
    }

    /// What signs the ledgers.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// How busy it is with recording.
    pub(crate) fn busy(&self) -> &Busy {
        &self.busy
    }

    /// The connections.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(crate) async fn begin(&self) -> sqlx::Result<Transaction> {
        Ok(match (&self.writer, &self.pool) {
            (Writer::Sqlite(kept), _) => Transaction::Sqlite(kept.begin().await?),
            (_, Pool::Sqlite(pool)) => Transaction::Sqlite(pool.begin().await?),
            (_, Pool::Postgres(pool)) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        match &self.writer {
            Writer::Sqlite(kept) => kept.close().await,
            Writer::Postgres(kept) => kept.close().await,
            Writer::Nobody => {}
        }
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
