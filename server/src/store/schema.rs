//! Owns bringing a database to this program's schema: by whoever comes first, under a lock, whole or not at all.
//! Refuses a database that a newer program has written, and one whose migrations are not this program's.

use std::path::Path;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use super::{POSTGRES_MIGRATIONS, Pool, SQLITE_MIGRATIONS, Store, on_engine};

/// How long a start waits for another one that is migrating a large file.
const PATIENCE_WITH_OTHERS: std::time::Duration = std::time::Duration::from_mins(30);

/// How long a start waits for others that start too.
const PATIENCE_AT_START: std::time::Duration = std::time::Duration::from_secs(30);

/// Names the lock on PostgreSQL under which the schema changes; any number, the same in every version.
const LOCK: i64 = 0x4153_5345_4e54;

/// Which migrations a database has, beside those that this program has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schema {
    /// The newest one that the database has; 0 where it has none.
    pub present: i64,
    /// The newest one that this program has.
    pub newest: i64,
}

impl Schema {
    /// What to say where a newer program has written the database.
    pub fn refuse_newer(self) -> Result<(), String> {
        if self.present <= self.newest {
            return Ok(());
        }
        Err(format!(
            "This database was written by a newer Assent: its schema is {}, and this program, {}, knows {} at most. Start \
             the newer program, or restore a copy that was made before it was installed",
            self.present,
            env!("CARGO_PKG_VERSION"),
            self.newest
        ))
    }
}

/// The newest migration of this program.
#[must_use]
pub fn newest_schema() -> i64 {
    SQLITE_MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}

impl Store {
    /// Which migrations the database has.
    pub async fn schema(&self) -> sqlx::Result<Schema> {
        let applied = match &self.pool {
            Pool::Sqlite(pool) => applied_to_sqlite(&mut *pool.acquire().await?).await?,
            Pool::Postgres(pool) => applied_to_postgres(pool).await?,
        };
        let present = applied.iter().map(|(version, _)| *version).max().unwrap_or_default();
        Ok(Schema { present, newest: newest_schema() })
    }

    /// Whether there is nothing in the database, not even an empty table.
    pub async fn is_untouched(&self) -> sqlx::Result<bool> {
        let tables: i64 = match &self.pool {
            Pool::Sqlite(pool) => {
                sqlx::query_scalar("select count(*) from sqlite_schema").fetch_one(pool).await?
            }
            Pool::Postgres(pool) => {
                sqlx::query_scalar(
                    // Views and functions of extensions may be there; tables may not.
                    "select count(*) from pg_class where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace",
                )
                    .fetch_one(pool)
                    .await?
            }
        };
        Ok(tables == 0)
    }

    /// How many receipts from before the ledger wait to be sealed.
    pub async fn waiting_receipts(&self) -> sqlx::Result<i64> {
        on_engine!(self, |pool| {
            sqlx::query_scalar("select count(*) from unsealed_receipts").fetch_one(pool).await
        })
    }
}

type Applied = Vec<(i64, Vec<u8>)>;

async fn applied_to_sqlite(connection: &mut SqliteConnection) -> sqlx::Result<Applied> {
    let there: i64 = sqlx::query_scalar("select count(*) from sqlite_schema where name = '_sqlx_migrations'")
        .fetch_one(&mut *connection)
        .await?;
    if there == 0 {
        return Ok(Vec::new());
    }
    sqlx::query_as("select version, checksum from _sqlx_migrations order by version")
        .fetch_all(connection)
        .await
}

async fn applied_to_postgres(pool: &PgPool) -> sqlx::Result<Applied> {
    let there: bool =
        sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(pool).await?;
    if !there {
        return Ok(Vec::new());
    }
    sqlx::query_as("select version, checksum from _sqlx_migrations order by version").fetch_all(pool).await
}

/// Whether there is something to do; most starts find nothing, and write nothing.
fn is_behind(migrator: &Migrator, applied: &[(i64, Vec<u8>)]) -> Result<bool, String> {
    let present = applied.iter().map(|(version, _)| *version).max().unwrap_or_default();
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    Schema { present, newest }.refuse_newer()?;
    for (version, checksum) in applied {
        let ours = migrator.iter().find(|migration| migration.version == *version);
        if ours.is_none_or(|migration| *migration.checksum != **checksum) {
            return Err(format!(
                "migration {} of this database is not the one that this program has. It was written by another build: \
                 start that one, or restore a copy",
                name(migrator, *version)
            ));
        }
    }
    Ok(applied.len() < migrator.iter().count())
}

/// Why a database was not brought to this program's schema.
pub(super) enum NotMigrated {
    /// It failed, as a database can at any time.
    Failed(sqlx::Error),
    /// What to say and what to do.
    Refused(String),
}

impl From<sqlx::Error> for NotMigrated {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error)
    }
}

impl std::fmt::Display for NotMigrated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Refused(why) => f.write_str(why),
        }
    }
}

/// Migrates an SQLite file. Its one writer's lock is taken before the first look and kept until everything is done.
pub(super) async fn migrate_sqlite(options: &SqliteConnectOptions) -> Result<(), NotMigrated> {
    // With patience from the first look on: many programs may start at once on an empty file, and each has something to write.
    let mut first = options.clone().busy_timeout(PATIENCE_AT_START).connect().await?;
    let applied = applied_to_sqlite(&mut first).await?;
    first.close().await?;
    if !is_behind(&SQLITE_MIGRATIONS, &applied).map_err(NotMigrated::Refused)? {
        return Ok(());
    }
    let run = async {
        let mut connection = options.clone().busy_timeout(PATIENCE_WITH_OTHERS).connect().await?;
        let mut transaction = connection.begin_with("begin immediate").await?;
        // Not `run`, through whose lifetimes the compiler does not see that a start may change threads.
        SQLITE_MIGRATIONS.run_direct(None, &mut *transaction, false).await?;
        transaction.commit().await?;
        connection.close().await?;
        Ok::<(), MigrateError>(())
    };
    run.await.map_err(|error| told(&SQLITE_MIGRATIONS, error))
}

/// Migrates a PostgreSQL database. The lock is the transaction's, so that whoever waits for it finds everything done; the
/// migrator's own is let go before the commit.
pub(super) async fn migrate_postgres(pool: &PgPool, options: &PgConnectOptions) -> Result<(), NotMigrated> {
    let applied = applied_to_postgres(pool).await?;
    if !is_behind(&POSTGRES_MIGRATIONS, &applied).map_err(NotMigrated::Refused)? {
        return Ok(());
    }
    let run = async {
        let mut connection = PgConnection::connect_with(options).await?;
        let mut transaction = connection.begin().await?;
        sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
        POSTGRES_MIGRATIONS.run_direct(None, &mut *transaction, false).await?;
        transaction.commit().await?;
        connection.close().await?;
        Ok::<(), MigrateError>(())
    };
    run.await.map_err(|error| told(&POSTGRES_MIGRATIONS, error))
}

/// Which migration failed, and that nothing has come of it.
fn told(migrator: &Migrator, error: MigrateError) -> NotMigrated {
    match error {
        MigrateError::ExecuteMigration(error, version) => NotMigrated::Refused(format!(
            "migration {} failed: {error}. Nothing was changed, the database is as it was: go on with the program that \
             you had, and report this message",
            name(migrator, version)
        )),
        MigrateError::Execute(error) => NotMigrated::Failed(error),
        other => NotMigrated::Refused(other.to_string()),
    }
}

/// A migration as its file is called.
fn name(migrator: &Migrator, version: i64) -> String {
    let description = migrator.iter().find(|migration| migration.version == version);
    let description = description.map(|migration| migration.description.replace(' ', "_"));
    format!("{version:04}{}", description.map(|words| format!("_{words}")).unwrap_or_default())
}

/// Whether a file is set to keep a write-ahead log, as its header says (file format, §1.3).
pub(crate) fn has_write_ahead_log(path: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut header = [0; 20];
    std::fs::File::open(path)?.read_exact(&mut header)?;
    Ok(header[18..] == [2, 2])
}
