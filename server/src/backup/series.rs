//! Owns many copies in one folder, each under its time: making the next, keeping the newest, finding the one of a moment.
//! Refuses to remove anything that is not a whole copy of its own making.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{MANIFEST, Manifest};
use super::{Made, Wish, make};
use crate::clock::Clock;
use crate::config::Settings;
use crate::export::rfc3339;

/// A folder of copies.
#[derive(Debug, Clone)]
pub struct Series {
    /// Where they are.
    pub folder: PathBuf,
    /// How many are kept; none for all.
    pub keep: Option<usize>,
    /// Whether the signing keys are to be in them.
    pub with_keys: bool,
}

impl Series {
    /// Makes the next copy and removes the oldest ones, once the new one is whole.
    pub async fn copy(&self, settings: &Settings, clock: &Clock) -> Result<Made, String> {
        let to = self.folder.join(name(clock.now()));
        let made = make(settings, clock, &Wish { to, with_keys: self.with_keys }).await?;
        if let Some(keep) = self.keep {
            let copies = list(&self.folder)?;
            for (_, oldest) in copies.iter().take(copies.len().saturating_sub(keep.max(1))) {
                fs::remove_dir_all(oldest)
                    .map_err(|error| format!("{} cannot be removed: {error}.", oldest.display()))?;
            }
        }
        Ok(made)
    }
}

/// The copy to restore: `from` itself, or of a folder of copies the newest that is not younger than `at`.
pub fn choose(from: &Path, at: Option<i64>) -> Result<PathBuf, String> {
    let moment = at.map_or_else(|| "at all".to_owned(), |at| format!("of {} or earlier", rfc3339(at)));
    if from.join(MANIFEST).exists() {
        let made_at = Manifest::read(from)?.time()?;
        if at.is_some_and(|at| made_at > at) {
            return Err(format!(
                "The copy {} is of {}, and none {moment}.",
                from.display(),
                rfc3339(made_at)
            ));
        }
        return Ok(from.to_owned());
    }
    let copies = list(from)?;
    let oldest = copies.first().map(|(time, _)| format!(" The oldest is of {}.", rfc3339(*time)));
    let fitting = copies.into_iter().rev().find(|(time, _)| at.is_none_or(|at| *time <= at));
    fitting.map(|(_, copy)| copy).ok_or_else(|| {
        format!("There is no copy {moment} in {}.{}", from.display(), oldest.unwrap_or_default())
    })
}

/// The whole copies in a folder, oldest first.
fn list(folder: &Path) -> Result<Vec<(i64, PathBuf)>, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}.", folder.display());
    let mut copies = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let time = Manifest::read(&path).and_then(|manifest| manifest.time());
        if let Ok(time) = time
            && path.file_name().is_some_and(|own| own.to_string_lossy() == name(time))
        {
            copies.push((time, path));
        }
    }
    copies.sort();
    Ok(copies)
}

/// A time as every file system takes it.
fn name(time: i64) -> String {
    rfc3339(time).replace(':', "-")
}
