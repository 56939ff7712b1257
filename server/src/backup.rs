//! Owns making a copy of everything while the server serves: one folder, consistent, checked, and readable by its owner only.
//! Refuses to replace anything, to call a copy whole before it is, and to put the signing keys into it unless asked.

pub mod manifest;
mod programs;
pub mod restore;
pub mod series;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::config::Settings;
use crate::export::rfc3339;
use crate::recheck;
use crate::sealer::Sealer;
use crate::signing_keys::KeySource;
use crate::store::{CopiedLedger, Engine, Schema, Store, sqlite_url};
use manifest::{CHECKPOINTS, CopiedFile, DUMP, FILE, FORMAT, KEYS, MANIFEST, Manifest};

/// What to copy, and where to.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The folder that is made.
    pub to: PathBuf,
    /// Whether the signing keys are to be in it.
    pub with_keys: bool,
}

/// A copy that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// Where it is.
    pub folder: PathBuf,
    /// What is in it.
    pub manifest: Manifest,
    /// What SQLite finds wrong with the database itself, where the copy is sound nevertheless.
    pub damage: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Copies the database that the settings name, the newest checkpoints beside it, and the signing keys if they are wanted.
/// The folder has its name only once everything in it is written, checked and on the disk.
pub async fn make(settings: &Settings, clock: &Clock, wish: &Wish) -> Result<Made, String> {
    let started = Instant::now();
    let unfinished = Unfinished::begin(&wish.to)?;
    let folder = &unfinished.folder;
    // First the checkpoints, then the database: so the copy has at least what the checkpoints in it promise.
    let outside = settings.outside().file;
    match fs::read(&outside) {
        Ok(bytes) => write(&folder.join(CHECKPOINTS), &bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("The checkpoints {} cannot be read: {error}.", outside.display())),
    }
    if wish.with_keys {
        write(&folder.join(KEYS), settings.signing_keys().text()?.as_bytes())?;
    }
    let store = Store::attach(&settings.database_url, Sealer::new(settings.signing_keys())).await?;
    let copied = copy(settings, &store, folder, clock).await;
    let damage = store.sqlite_damage(false).await.unwrap_or_else(|error| Some(error.to_string()));
    store.close().await;
    let mut manifest = copied?;
    for name in [FILE, DUMP, CHECKPOINTS, KEYS] {
        let path = folder.join(name);
        if path.exists() {
            make_private(&path)?;
            manifest.files.push(CopiedFile::of(&path, name)?);
        }
    }
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| format!("{error}."))?;
    write(&folder.join(MANIFEST), text.as_bytes())?;
    unfinished.finish()?;
    Ok(Made { folder: wish.to.clone(), manifest, damage, took: started.elapsed() })
}

/// Copies the database into the folder, checks the copy, and says what is in it.
async fn copy(settings: &Settings, store: &Store, folder: &Path, clock: &Clock) -> Result<Manifest, String> {
    let schema = store.schema().await.map_err(unreadable)?;
    schema.refuse_newer().map_err(|what| format!("{what}."))?;
    if schema.present == 0 {
        return Err("There is nothing to copy: the database has no tables yet.".to_owned());
    }
    let versions = store.engine_versions().await.map_err(unreadable)?;
    let made_at = rfc3339(clock.now());
    let engine = Engine::of(&settings.database_url)?;
    let ledgers = match engine {
        Engine::Sqlite => {
            let file = folder.join(FILE);
            store
                .copy_into(&file)
                .await
                .map_err(|error| format!("The database cannot be copied: {error}."))?;
            let sealer = Sealer::new(KeySource::Text(String::new()));
            let copy = Store::attach(&sqlite_url(&file), sealer).await?;
            let found = check_file(&copy, schema).await;
            copy.close().await;
            found?
        }
        Engine::Postgres => {
            programs::refuse_older("pg_dump", versions.major)?;
            // Kept until the program has ended: it reads the state that this holds.
            let snapshot = store.snapshot(schema).await.map_err(unreadable)?;
            let id = snapshot.id.as_deref().unwrap_or_default();
            programs::dump(&settings.database_url, id, &folder.join(DUMP)).await?;
            check_heads(store, &snapshot.ledgers).await?;
            snapshot.ledgers
        }
    };
    Ok(Manifest {
        format: FORMAT.to_owned(),
        assent: env!("CARGO_PKG_VERSION").to_owned(),
        engine,
        engine_version: versions.engine,
        schema: schema.present,
        made_at,
        ledgers,
        files: Vec::new(),
    })
}

/// What is in a copied file, if it is sound: SQLite's own check of every page and index, and the heads of the ledgers.
async fn check_file(copy: &Store, schema: Schema) -> Result<Vec<CopiedLedger>, String> {
    if let Some(damage) = copy.sqlite_damage(true).await.map_err(unreadable)? {
        return Err(format!(
            "The database is damaged, and so is its copy, which was removed: {damage}. Keep the copies that you have, and \
             restore the newest."
        ));
    }
    let ledgers = copy.snapshot(schema).await.map_err(unreadable)?.ledgers;
    check_heads(copy, &ledgers).await?;
    Ok(ledgers)
}

async fn check_heads(store: &Store, ledgers: &[CopiedLedger]) -> Result<(), String> {
    for ledger in ledgers {
        if let Some(note) = &ledger.checkpoint {
            recheck::head(store, &ledger.site, ledger.ledger, note).await?;
        }
    }
    Ok(())
}

/// A copy under another name until it is whole; removed if it never is.
struct Unfinished {
    folder: PathBuf,
    name: PathBuf,
    done: bool,
}

impl Unfinished {
    fn begin(name: &Path) -> Result<Self, String> {
        if name.exists() {
            return Err(format!(
                "{} is there already, and a copy never replaces anything. Give another name, or move it away.",
                name.display()
            ));
        }
        let mut folder = name.as_os_str().to_owned();
        folder.push(".unfinished");
        let folder = PathBuf::from(folder);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => format!(
                "{} is there: another copy is being made, or one did not finish. Remove it if nobody makes one.",
                folder.display()
            ),
            _ => format!("{} cannot be made: {error}.", folder.display()),
        };
        if let Some(above) = folder.parent().filter(|above| *above != Path::new("")) {
            fs::create_dir_all(above).map_err(failed)?;
        }
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&folder).map_err(failed)?;
        Ok(Self { folder, name: name.to_owned(), done: false })
    }

    /// Gives the folder its name, once its entries are on the disk; and its name, too.
    fn finish(mut self) -> Result<(), String> {
        let above = self.name.parent().filter(|above| *above != Path::new("")).unwrap_or(Path::new("."));
        let finished = sync_folder(&self.folder)
            .and_then(|()| fs::rename(&self.folder, &self.name))
            .and_then(|()| sync_folder(above));
        finished.map_err(|error| format!("{} cannot be written: {error}.", self.name.display()))?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// Writes a new file that only its owner reads, and waits until it is on the disk.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}

/// Takes a file away from everybody but its owner, and waits until it is on the disk.
fn make_private(path: &Path) -> Result<(), String> {
    #[cfg(unix)]
    let private = fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600));
    #[cfg(not(unix))]
    let private = Ok(());
    let synced = private.and_then(|()| OpenOptions::new().write(true).open(path)?.sync_all());
    synced.map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// The size of a file and its SHA-256 in hexadecimal digits.
fn fingerprint(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hash, mut size) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, HEXLOWER.encode(&hash.finalize())));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: sqlx::Error) -> String {
    format!("The database cannot be read: {error}.")
}
