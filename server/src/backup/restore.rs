//! Owns bringing a copy back: into an empty place, checked before and after, and held against what was published.
//! Refuses to replace a database, a key or a checkpoint that is there, and signs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{CHECKPOINTS, DUMP, FILE, KEYS, Manifest};
use super::{make_private, programs, sync_folder, unreadable, write};
use crate::config::Settings;
use crate::recheck::{self, Checked};
use crate::sealer::Sealer;
use crate::signing_keys::KeySource;
use crate::store::{Engine, Store, newest_schema, sqlite_file, sqlite_url};
use crate::witnesses;

/// What was brought back.
#[derive(Debug, Clone)]
pub struct Restored {
    /// What the copy says of itself.
    pub manifest: Manifest,
    /// Every ledger, recomputed.
    pub ledgers: Vec<Checked>,
    /// Receipts from before the ledger, which the next start seals.
    pub waiting: i64,
    /// What there is to know or to do before the server starts.
    pub notes: Vec<String>,
    /// The ledgers that sign nothing for now, each in a sentence.
    pub behind: Vec<String>,
}

/// Restores the copy in `from` into the database that the settings name.
pub async fn restore(settings: &Settings, from: &Path) -> Result<Restored, String> {
    let manifest = Manifest::read(from)?;
    if manifest.schema > newest_schema() {
        return Err(format!(
            "The copy is of a newer Assent ({}, schema {}); this program knows schema {} at most. Restore it with that one.",
            manifest.assent,
            manifest.schema,
            newest_schema()
        ));
    }
    let engine = Engine::of(&settings.database_url)?;
    if engine != manifest.engine {
        return Err(format!(
            "The copy is of {}, and database_url names {}. A copy goes back to the engine that it came from; \
             `assent export --format sql` takes receipts to another one.",
            called(manifest.engine),
            called(engine)
        ));
    }
    let place = Place::empty(settings, engine).await?;
    manifest.check(from)?;
    let url = place.fill(settings, from).await?;
    let sealer = Sealer::new(settings.signing_keys());
    let store = Store::migrated(&url, sealer).await?;
    let looked = look(settings, &store, &manifest).await;
    store.close().await;
    let (ledgers, waiting, behind) = looked.map_err(|what| format!("{what} {}", place.what_remains()))?;
    place.keep()?;

    let mut notes = Vec::new();
    if manifest.schema < newest_schema() {
        notes.push(format!(
            "The database was brought from schema {} to {}.",
            manifest.schema,
            newest_schema()
        ));
    }
    bring_keys(settings, from, &manifest, &mut notes)?;
    bring_checkpoints(settings, from, &manifest, &mut notes)?;
    Ok(Restored { manifest, ledgers, waiting, notes, behind })
}

fn called(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    }
}

/// Where the database is to be, which holds nothing yet.
enum Place {
    /// A file that has another name until it is checked.
    File {
        unfinished: PathBuf,
        name: PathBuf,
    },
    Server,
}

impl Place {
    async fn empty(settings: &Settings, engine: Engine) -> Result<Self, String> {
        if engine == Engine::Postgres {
            let store = Store::attach(&settings.database_url, nobody()).await?;
            let untouched = store.is_untouched().await.map_err(unreadable);
            store.close().await;
            return if untouched? {
                Ok(Self::Server)
            } else {
                Err("The database has tables already, and a copy is restored into an empty one only. Make one (createdb), \
                     name it by database_url, and keep the other: it may hold receipts that the copy lacks."
                    .to_owned())
            };
        }
        let name = sqlite_file(&settings.database_url)?;
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let taken = with_suffix(&name, suffix);
            if taken.exists() {
                return Err(format!(
                    "{} is there already, and a copy never replaces a database. Stop the server, move the file away with \
                     those that begin with its name, and keep them: they may hold receipts that the copy lacks.",
                    taken.display()
                ));
            }
        }
        if let Some(folder) = name.parent().filter(|folder| *folder != Path::new("")) {
            fs::create_dir_all(folder)
                .map_err(|error| format!("{} cannot be made: {error}.", folder.display()))?;
        }
        Ok(Self::File { unfinished: with_suffix(&name, ".unfinished"), name })
    }

    /// Puts the copy there; returns the address under which it can be looked at.
    async fn fill(&self, settings: &Settings, from: &Path) -> Result<String, String> {
        match self {
            Self::Server => {
                let store = Store::attach(&settings.database_url, nobody()).await?;
                let versions = store.engine_versions().await.map_err(unreadable);
                store.close().await;
                programs::refuse_older("pg_restore", versions?.major)?;
                programs::restore(&settings.database_url, &from.join(DUMP)).await?;
                Ok(settings.database_url.clone())
            }
            Self::File { unfinished, .. } => {
                fs::copy(from.join(FILE), unfinished)
                    .map_err(|error| format!("{} cannot be written: {error}.", unfinished.display()))?;
                make_private(unfinished)?;
                Ok(sqlite_url(unfinished))
            }
        }
    }

    fn what_remains(&self) -> &'static str {
        match self {
            Self::File { .. } => "Nothing was restored. Take another copy.",
            Self::Server => "What was restored is in the database: drop it, and take another copy.",
        }
    }

    /// Gives the database its name.
    fn keep(&self) -> Result<(), String> {
        let Self::File { unfinished, name } = self else { return Ok(()) };
        make_private(unfinished)?;
        let above = name.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
        let kept = fs::rename(unfinished, name).and_then(|()| sync_folder(above));
        kept.map_err(|error| format!("{} cannot be written: {error}.", name.display()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Self::File { unfinished, .. } = self else { return };
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(with_suffix(unfinished, suffix));
        }
    }
}

type Found = (Vec<Checked>, i64, Vec<String>);

/// Recomputes every ledger, holds it against the manifest, and against what was published of it.
async fn look(settings: &Settings, store: &Store, manifest: &Manifest) -> Result<Found, String> {
    let ledgers = recheck::every_ledger(store).await?;
    for copied in manifest.ledgers.iter().filter(|copied| copied.leaves > 0) {
        let found = ledgers.iter().find(|found| found.site == copied.site && found.ledger == copied.ledger);
        if found.map(|found| found.leaves) != Some(copied.leaves) {
            return Err(format!(
                "The ledger of `{}` has {} leaves, and {} were copied.",
                copied.site,
                found.map_or(0, |found| found.leaves),
                copied.leaves
            ));
        }
    }
    let waiting = store.waiting_receipts().await.map_err(unreadable)?;
    settings.outside().compare(store).await?;
    witnesses::compare(&settings.witness_keys()?, store).await;
    let mut behind = Vec::new();
    for site in store.sites().await.map_err(unreadable)? {
        let ledger = store.ledger(&site.id).await.map_err(unreadable)?;
        if let Some(refusal) = ledger.and_then(|ledger| store.sealer().refusal(&site.id, ledger.ledger)) {
            behind.push(format!("{}{refusal}.", missing(refusal.sizes())));
        }
    }
    let audit = store.audit_ledger().await.map_err(unreadable)?.map_or(1, |row| row.ledger);
    if let Some(refusal) = store.sealer().audit_refusal(audit) {
        behind.push(format!("{}{refusal}.", missing(refusal.sizes())));
    }
    Ok((ledgers, waiting, behind))
}

/// How much the copy lacks, in words.
fn missing(sizes: Option<(u64, u64)>) -> String {
    match sizes {
        Some((published, present)) if published > present => {
            format!("{} leaves are missing, receipts above all: ", published - present)
        }
        _ => String::new(),
    }
}

/// The keys of the copy, where it has them and none are there; else what to do about them.
fn bring_keys(
    settings: &Settings,
    from: &Path,
    manifest: &Manifest,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let KeySource::File(path) = settings.signing_keys() else { return Ok(()) };
    if path.exists() {
        if manifest.has(KEYS) {
            notes.push(format!("The signing keys {} were there and were left as they are.", path.display()));
        }
    } else if manifest.has(KEYS) {
        write(&path, &read(&from.join(KEYS))?)?;
        notes.push(format!("The signing keys are back in {}.", path.display()));
    } else if manifest.ledgers.iter().any(|ledger| ledger.leaves > 0) {
        notes.push(format!(
            "The signing keys are not in the copy: bring {} back before the server starts. Without it the server makes a new \
             one, which the ledgers do not know, and nothing is signed.",
            path.display()
        ));
    }
    Ok(())
}

/// The checkpoints of the copy where none are there. Those that are there are newer evidence, or as good.
fn bring_checkpoints(
    settings: &Settings,
    from: &Path,
    manifest: &Manifest,
    notes: &mut Vec<String>,
) -> Result<(), String> {
    let outside = settings.outside();
    if outside.file.exists() {
        return Ok(());
    }
    if manifest.has(CHECKPOINTS) {
        write(&outside.file, &read(&from.join(CHECKPOINTS))?)?;
    }
    if outside.url.is_none() && settings.witnesses.is_empty() {
        notes.push(format!(
            "Nothing outside the copy could say whether receipts were recorded after it. If the former server's {} still is \
             somewhere, put it there before the server starts, in place of the copy's: a ledger that goes on from an older state \
             is a fork that every auditor sees.",
            outside.file.display()
        ));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))
}

/// Signs nothing.
fn nobody() -> Sealer {
    Sealer::new(KeySource::Text(String::new()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
