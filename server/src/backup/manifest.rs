//! Owns the small file that says what is in a copy: versions, time, ledgers, and the SHA-256 of every other file.
//! Refuses a copy whose files are not the ones that it names.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::fingerprint;
use crate::store::{CopiedLedger, Engine};

/// Names the format.
pub const FORMAT: &str = "assent.backup.v1";
/// The manifest itself.
pub const MANIFEST: &str = "manifest.json";
/// An SQLite database.
pub const FILE: &str = "assent.db";
/// A PostgreSQL database, as `pg_dump` writes it.
pub const DUMP: &str = "assent.dump";
/// The newest checkpoints, as they were kept outside the database.
pub const CHECKPOINTS: &str = "assent.checkpoints";
/// The signing keys, where they were asked for.
pub const KEYS: &str = "assent.key";

/// What is in a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// `assent.backup.v1`
    pub format: String,
    /// The version that made it.
    pub assent: String,
    /// Which engine's database it is.
    pub engine: Engine,
    /// The engine's version.
    pub engine_version: String,
    /// The newest migration in it.
    pub schema: i64,
    /// When the copying began (RFC 3339).
    pub made_at: String,
    /// The ledgers in it; the audit log's is called `_audit`.
    pub ledgers: Vec<CopiedLedger>,
    /// Every other file.
    pub files: Vec<CopiedFile>,
}

/// A file of a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopiedFile {
    /// Its name in the folder.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl CopiedFile {
    /// The file at `path`, under that name.
    pub fn of(path: &Path, name: &str) -> Result<Self, String> {
        let read = fingerprint(path);
        let (size, sha256) = read.map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
        Ok(Self { name: name.to_owned(), size, sha256 })
    }
}

impl Manifest {
    /// How many receipts are in the copy, erased ones included.
    #[must_use]
    pub fn receipts(&self) -> i64 {
        self.ledgers.iter().map(|ledger| ledger.receipts).sum()
    }

    /// How many bytes its files have.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// When it was made, milliseconds since 1970.
    pub fn time(&self) -> Result<i64, String> {
        let time: jiff::Timestamp =
            self.made_at.parse().map_err(|_| format!("`{}` in {MANIFEST} is no time.", self.made_at))?;
        Ok(time.as_millisecond())
    }

    /// Whether there is a file of that name in the copy.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.files.iter().any(|file| file.name == name)
    }

    /// Reads the manifest of a copy.
    pub fn read(folder: &Path) -> Result<Self, String> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!(
                "There is no copy in {}: it has no {MANIFEST}. Give the folder that `assent backup` made.",
                folder.display()
            ),
            _ => format!("{} cannot be read: {error}.", path.display()),
        })?;
        let foreign =
            || format!("{} is not the manifest of a copy that this program can read.", path.display());
        let manifest: Self =
            serde_json::from_str(&text).map_err(|error| format!("{} ({error})", foreign()))?;
        if manifest.format != FORMAT {
            return Err(format!("{} Its format is `{}`.", foreign(), manifest.format));
        }
        Ok(manifest)
    }

    /// Compares every file with what is said of it here.
    pub fn check(&self, folder: &Path) -> Result<(), String> {
        let database = match self.engine {
            Engine::Sqlite => FILE,
            Engine::Postgres => DUMP,
        };
        if !self.has(database) {
            return Err(format!("The copy is incomplete: its {MANIFEST} names no {database}."));
        }
        for file in &self.files {
            // A name is all that it may be: nothing outside the folder is read.
            if ![FILE, DUMP, CHECKPOINTS, KEYS].contains(&file.name.as_str()) {
                return Err(format!("The {MANIFEST} names `{}`, which is no file of a copy.", file.name));
            }
            let found = CopiedFile::of(&folder.join(&file.name), &file.name)?;
            if found != *file {
                return Err(format!(
                    "{} in {} is not the file that was copied: it has {} bytes and another SHA-256, or {} bytes are missing. \
                     Nothing was restored. Take another copy.",
                    file.name,
                    folder.display(),
                    found.size,
                    file.size.saturating_sub(found.size)
                ));
            }
        }
        Ok(())
    }
}
