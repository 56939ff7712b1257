//! Owns what is found of the database itself: whether it answers, takes writes, is sound, and has this program's schema.
//! Refuses to open it in a way that would change it.

use super::{Finding, State};
use crate::config::Settings;
use crate::store::{Engine, Store, has_write_ahead_log, sqlite_file};
use crate::widget;

const ABOUT: &str = "database";
const RESTORE: &str = "Stop the server, keep the file, and restore the newest copy: `assent restore FROM`.";

pub(super) fn unreachable(settings: &Settings, error: &str) -> Finding {
    let missing = Engine::of(&settings.database_url) == Ok(Engine::Sqlite)
        && sqlite_file(&settings.database_url).is_ok_and(|file| !file.exists());
    if missing {
        let todo = "Nothing is to be done for a new installation. Else name the right file by database_url, or restore a copy.";
        return Finding::look(ABOUT, format!("{error} The first start makes it."), todo);
    }
    Finding::wrong(
        ABOUT,
        error,
        "See that it runs, that database_url names it, and that this user may open it.",
    )
}

/// What is found, and whether it has the tables that this program knows.
pub(super) async fn check(store: &Store, settings: &Settings) -> (Vec<Finding>, bool) {
    let mut found = Vec::new();
    match store.engine_versions().await {
        Ok(versions) => {
            let engine = if Engine::of(&settings.database_url) == Ok(Engine::Sqlite) {
                "SQLite"
            } else {
                "PostgreSQL"
            };
            let program = env!("CARGO_PKG_VERSION");
            let says =
                format!("Assent {program}, widget build {}, {engine} {}.", widget::HASH, versions.engine);
            if engine == "PostgreSQL" && versions.major < 13 {
                let todo = "Move to a version that PostgreSQL still mends.";
                found.push(Finding::look("versions", says, todo));
            } else {
                found.push(Finding::ok("versions", says));
            }
        }
        Err(error) if Engine::of(&settings.database_url) == Ok(Engine::Sqlite) => {
            return (vec![Finding::wrong(ABOUT, format!("The file is damaged: {error}."), RESTORE)], false);
        }
        Err(error) => return (vec![unreachable(settings, &format!("It does not answer: {error}."))], false),
    }
    found.push(writes(store, settings).await);
    if let Some(fault) = soundness(store, settings).await {
        let damaged = fault.state == State::Wrong;
        found.push(fault);
        if damaged {
            return (found, false);
        }
    }
    let (schema, readable) = schema(store).await;
    found.push(schema);
    (found, readable)
}

async fn writes(store: &Store, settings: &Settings) -> Finding {
    let about = "writing to the database";
    let refused = match sqlite_file(&settings.database_url) {
        Ok(file) if Engine::of(&settings.database_url) == Ok(Engine::Sqlite) => {
            // Opened for writing, and nothing written.
            let opened = std::fs::OpenOptions::new().write(true).open(&file);
            opened.err().map(|error| format!("{} cannot be written to: {error}", file.display()))
        }
        _ => match store.refuses_writes().await {
            Ok(refused) => refused.map(str::to_owned),
            Err(error) => Some(error.to_string()),
        },
    };
    match refused {
        None => Finding::ok(about, "It takes writes."),
        Some(why) => Finding::wrong(
            about,
            format!("It takes none: {why}."),
            "Give the file or the tables to the user who runs the server; after a failover, name the server that takes writes.",
        ),
    }
}

/// What is wrong with an SQLite file, if anything is.
async fn soundness(store: &Store, settings: &Settings) -> Option<Finding> {
    let todo = RESTORE;
    match store.sqlite_damage(false).await {
        Ok(None) => {}
        Ok(Some(damage)) => {
            return Some(Finding::wrong(ABOUT, format!("The file is damaged: {damage}."), todo));
        }
        Err(error) => return Some(Finding::wrong(ABOUT, format!("The file is damaged: {error}."), todo)),
    }
    let file = sqlite_file(&settings.database_url).ok()?;
    if Engine::of(&settings.database_url) == Ok(Engine::Sqlite)
        && has_write_ahead_log(&file).ok() == Some(false)
    {
        let says = "The file keeps no write-ahead log, so that readers and writers wait for each other.";
        return Some(Finding::look(ABOUT, says, "Start the server once: it sets this."));
    }
    None
}

async fn schema(store: &Store) -> (Finding, bool) {
    let about = "schema";
    match store.schema().await {
        Err(error) => (
            Finding::wrong(about, format!("It cannot be read: {error}."), "See what the database logs."),
            false,
        ),
        Ok(schema) if schema.present == 0 => {
            let todo =
                "Nothing is to be done for a new installation; else name the right database by database_url.";
            (Finding::look(about, "The database is empty; the first start makes its tables.", todo), false)
        }
        Ok(schema) => match schema.refuse_newer() {
            Err(what) => {
                let todo = "Start the program that wrote it; nothing is lost.";
                (Finding::wrong(about, format!("{what}."), todo), false)
            }
            Ok(()) if schema.present < schema.newest => {
                let says = format!(
                    "It is {}, and this program makes it {} at its next start.",
                    schema.present, schema.newest
                );
                (Finding::look(about, says, "Make a copy first: `assent backup TO`."), false)
            }
            Ok(()) => {
                (Finding::ok(about, format!("It is {}, as this program needs it.", schema.present)), true)
            }
        },
    }
}
