//! Owns opening an SQLite file: how it is written, and looking at it before anything is added.
//! Refuses to go on with a file that is damaged: what is recorded into it may not come out again.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::health::Health;
use super::schema::{self, NotMigrated};
use super::{PATIENCE, Trouble};

/// Files up to this size are read as a whole at the start; see docs/failures.md for how long that takes.
const READ_WHOLE: u64 = 256 * 1024 * 1024;

/// What the writer keeps in memory, in the engine's own words: 6 MiB of pages, so that a large batch is not written twice.
const WRITERS_PAGES: &str = "-6144";

/// Pages that are written a second time only once they are so many, 64 MiB of them: many are the same page again by then, and
/// whoever decides meanwhile waits for all of it.
const PAGES_AT_ONCE: &str = "16000";

/// Connections for what is no transaction, mostly reading. Each may have some megabytes of pages and statements in memory.
const OTHERS: u32 = 6;

/// Opens a file, or makes it; twice, the second time for transactions.
pub(super) async fn open(url: &str, health: &Health) -> Result<(SqlitePool, SqlitePool), String> {
    let options = options(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is erased must not stay readable in the file.
        .pragma("secure_delete", "on");
    let file = options.get_filename().to_owned();
    let failed = |error: &sqlx::Error| explain(&file, error);
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("The database {} cannot be opened: {error}.", file.display()))?;
    }
    schema::migrate_sqlite(&options).await.map_err(|error| match error {
        NotMigrated::Failed(error) => failed(&error),
        NotMigrated::Refused(why) => format!("The database {} cannot be opened: {why}.", file.display()),
    })?;
    // What a statement needs to be undone alone, or to put one page of receipts in order, would be a file of its own otherwise.
    // Migrations have one: they put a whole table in order.
    let options = options.pragma("temp_store", "memory");
    let pool_of = |connections: u32| {
        let health = health.clone();
        SqlitePoolOptions::new().max_connections(connections).acquire_timeout(PATIENCE).before_acquire(
            move |_, about| {
                let trusted = health.trusts(about.age);
                Box::pin(async move { Ok(trusted) })
            },
        )
    };
    let pool = pool_of(OTHERS).connect_with(options.clone()).await.map_err(|error| failed(&error))?;
    let writer = options.pragma("cache_size", WRITERS_PAGES).pragma("wal_autocheckpoint", PAGES_AT_ONCE);
    let writer = pool_of(1).connect_lazy_with(writer);
    Ok((pool, writer))
}

/// Opens a file that is there, only to read it.
pub(super) async fn attach(url: &str) -> Result<SqlitePool, String> {
    let options = options(url)?;
    let file = options.get_filename().to_owned();
    if !file.is_file() {
        return Err(format!("The database {} cannot be opened: there is no such file.", file.display()));
    }
    // Without a log beside it nobody has the file open, and a reader would have to make one.
    let mut log = file.clone().into_os_string();
    log.push("-wal");
    let at_rest = !Path::new(&log).exists();
    let options = options.create_if_missing(false).read_only(true).immutable(at_rest);
    let pool = SqlitePoolOptions::new().acquire_timeout(PATIENCE).connect_with(options).await;
    pool.map_err(|error| explain(&file, &error))
}

fn options(url: &str) -> Result<SqliteConnectOptions, String> {
    let options = SqliteConnectOptions::from_str(url);
    let options = options.map_err(|error| format!("Setting database_url: {error}."))?;
    Ok(options.busy_timeout(PATIENCE))
}

/// The file that an address of SQLite names.
pub(crate) fn file(url: &str) -> Result<PathBuf, String> {
    Ok(options(url)?.get_filename().to_owned())
}

/// The address of an SQLite file.
pub(crate) fn url(file: &Path) -> String {
    format!("sqlite:{}", file.display().to_string().replace('%', "%25").replace('?', "%3F"))
}

/// Why the file cannot be used, and what to do.
pub(super) fn explain(path: &Path, error: &sqlx::Error) -> String {
    let file = path.display();
    match Trouble::of(error) {
        Trouble::Damaged => damaged(path, error),
        Trouble::Locked => {
            format!("The database {file} is kept locked by another program. End that one, and start again.")
        }
        Trouble::ReadOnly => format!(
            "The database {file} is read-only for this user. Its file and its folder must be writable."
        ),
        Trouble::Unreadable => format!(
            "The database {file} cannot be opened: {error}. Its file and its folder must be writable for this user, and their disk \
             not mounted read-only."
        ),
        Trouble::Full => format!("The disk with the database {file} is full. Make room, and start again."),
        _ => format!("The database {file} cannot be opened: {error}."),
    }
}

fn damaged(file: &Path, found: &dyn std::fmt::Display) -> String {
    let file = file.display();
    format!(
        "The database {file} cannot be opened: it is damaged, or no database at all: {found}. Nothing was changed. Move it and the files {file}-wal and {file}-shm away, but \
         keep them, and bring back the newest copy: `assent restore`, or your own backup. `sqlite3 DAMAGED .recover` may find what \
         was recorded since then."
    )
}

/// Looks for damage, and says what to do. A small file is read as a whole; of a large one everything but the receipts and where
/// they are, and the newest of these, where appending goes on.
pub(super) async fn look_for_damage(pool: &SqlitePool) -> Result<(), String> {
    let options = pool.connect_options();
    let file = options.get_filename();
    let small = std::fs::metadata(file).is_ok_and(|about| about.len() <= READ_WHOLE);
    let findings = if small { look_at_all(pool).await } else { look_at_most(pool).await };
    match findings {
        Ok(findings) => match findings.iter().find(|finding| *finding != "ok") {
            // Its first line names the tree, the next one what is wrong in it.
            Some(finding) => Err(damaged(file, &finding.replace('\n', " "))),
            None => Ok(()),
        },
        Err(error) => Err(explain(file, &error)),
    }
}

async fn look_at_all(pool: &SqlitePool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar("pragma quick_check").fetch_all(pool).await
}

async fn look_at_most(pool: &SqlitePool) -> sqlx::Result<Vec<String>> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select name from sqlite_schema where type = 'table' and name not in ('receipts', 'decisions')",
    )
    .fetch_all(pool)
    .await?;
    let mut findings = Vec::new();
    for table in tables {
        let found: Vec<String> =
            sqlx::query_scalar("select * from pragma_quick_check($1)").bind(table).fetch_all(pool).await?;
        findings.extend(found);
    }
    let newest = "select sum(length(body)) from (select body from receipts order by rowid desc limit 1000)";
    sqlx::query(newest).execute(pool).await?;
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_put_into_files_beside_the_database() {
        let folder = tempfile::TempDir::new().unwrap();
        let url = url(&folder.path().join("assent.db"));
        let Ok((pool, writer)) = open(&url, &Health::default()).await else { panic!("a new file") };
        for pool in [pool, writer] {
            // 2 is memory (SQLite, PRAGMA temp_store).
            let store: i64 = sqlx::query_scalar("pragma temp_store").fetch_one(&pool).await.unwrap();
            assert_eq!(store, 2);
            pool.close().await;
        }
    }
}
