//! Owns the database: connecting, migrating, and, in its rooms below, all the SQL.
//! Refuses to decide anything about consent; it stores what it is given and says what it finds.
//!
//! Rules found by trial: the first statement of a writing transaction is a write (read-first loses concurrent appends on
//! both engines); instants are 64-bit milliseconds; hashed bodies are text, because jsonb reorders bytes; constraint
//! names are never read, because SQLite reports none.

mod keys;
mod notices;
mod one_receipt;
mod receipts;
mod sites;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

pub use keys::{KeyRow, NewKey};
pub use notices::NoticeRow;
pub use receipts::{Appended, Filter, Place, ReceiptRow};
pub use sites::{Environment, Site};

/// The migrations, one folder an engine, with the same file names.
pub const SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");
/// See [`SQLITE_MIGRATIONS`].
pub const POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../migrations/postgres");

/// How long a request waits for a connection or for another writer before it is told to try again.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open database, migrated.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file beside the server.
    Sqlite(SqlitePool),
    /// A PostgreSQL server.
    Postgres(PgPool),
}

/// Expands `$body` once for each engine, with `$pool` as its pool and `$Db` as its type.
macro_rules! on_engine {
    ($store:expr, |$pool:ident, $Db:ident| $body:block) => {
        match $store {
            $crate::store::Store::Sqlite($pool) => {
                type $Db = sqlx::Sqlite;
                $body
            }
            $crate::store::Store::Postgres($pool) => {
                type $Db = sqlx::Postgres;
                $body
            }
        }
    };
    ($store:expr, |$pool:ident| $body:block) => {
        match $store {
            $crate::store::Store::Sqlite($pool) => $body,
            $crate::store::Store::Postgres($pool) => $body,
        }
    };
}
use on_engine;

impl Store {
    /// Connects to the database at `url`, creates an SQLite file that is not there, and migrates.
    pub async fn open(url: &str) -> Result<Self, String> {
        let engine = url.split(':').next().unwrap_or_default();
        match engine {
            "sqlite" => Self::open_sqlite(url).await,
            "postgres" | "postgresql" => Self::open_postgres(url).await,
            _ => Err(format!(
                "Setting database_url: `{engine}:` is not supported. Use sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE."
            )),
        }
    }

    async fn open_sqlite(url: &str) -> Result<Self, String> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(|error| format!("Setting database_url: {error}."))?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
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
        Ok(Self::Sqlite(pool))
    }

    async fn open_postgres(url: &str) -> Result<Self, String> {
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
        Ok(Self::Postgres(pool))
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
