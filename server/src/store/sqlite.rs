//! Owns opening an SQLite file: how it is written, and looking at it before anything is added.
//! Refuses to go on with a file that is damaged: what is recorded into it may not come out again.

use std::path::Path;
use std::str::FromStr;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::health::Health;
use super::{PATIENCE, SQLITE_MIGRATIONS, Trouble};

/// Files up to this size are read as a whole at the start; see docs/failures.md for how long that takes.
const READ_WHOLE: u64 = 256 * 1024 * 1024;

pub(super) async fn open(url: &str, health: &Health) -> Result<SqlitePool, String> {
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
    let failed = |error: &sqlx::Error| explain(&file, error);
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("The database {} cannot be opened: {error}.", file.display()))?;
    }
    let health = health.clone();
    let pool = SqlitePoolOptions::new()
        .acquire_timeout(PATIENCE)
        .before_acquire(move |_, about| {
            let trusted = health.trusts(about.age);
            Box::pin(async move { Ok(trusted) })
        })
        .connect_with(options)
        .await
        .map_err(|error| failed(&error))?;
    SQLITE_MIGRATIONS.run(&pool).await.map_err(|error| match error {
        sqlx::migrate::MigrateError::Execute(error)
        | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => failed(&error),
        error => format!("The database {} cannot be opened: {error}.", file.display()),
    })?;
    Ok(pool)
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

/// Looks for damage, and says what to do. A small file is read as a whole; of a large one everything but the receipts, and the
/// newest of these, where appending goes on.
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
    let tables: Vec<String> =
        sqlx::query_scalar("select name from sqlite_schema where type = 'table' and name <> 'receipts'")
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
