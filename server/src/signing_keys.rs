//! Owns the keys that sign checkpoints: making the first, reading them from their file or from a setting, adding a newer one.
//! Refuses a file that others may read, and to make a second key where a ledger has one already.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use assent_shared::ledger::SigningKey;
use data_encoding::BASE64;

/// Stands before each key, so that one is not mistaken for something else.
const PREFIX: &str = "assent-signing-key-1:";

/// Where the keys are.
#[derive(Clone)]
pub enum KeySource {
    /// A file, made at the first start.
    File(PathBuf),
    /// A setting's text: one key or several, the newest last.
    Text(String),
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Text(_) => f.write_str("Text"),
        }
    }
}

impl KeySource {
    /// Reads the keys, oldest first; at least one. Makes the file with a first key if it is not there.
    pub fn load(&self) -> Result<Vec<SigningKey>, String> {
        let (text, place) = match self {
            Self::Text(text) => (text.clone(), "Setting signing_key".to_owned()),
            Self::File(path) => {
                let text = match fs::read_to_string(path) {
                    Err(error) if error.kind() == ErrorKind::NotFound => create(path)?,
                    Err(error) => {
                        return Err(format!("The signing key {} cannot be read: {error}.", path.display()));
                    }
                    Ok(text) => text,
                };
                refuse_public(path)?;
                (text, format!("The signing key {}", path.display()))
            }
        };
        parse(&text, &place)
    }

    /// The keys as they are written. Makes none.
    pub fn text(&self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::File(path) => fs::read_to_string(path)
                .map_err(|error| format!("The signing key {} cannot be read: {error}.", path.display())),
        }
    }

    /// As [`KeySource::load`], but where there is no file there are no keys, and none are made.
    pub fn look(&self) -> Result<Vec<SigningKey>, String> {
        match self {
            Self::File(path) if !path.exists() => Ok(Vec::new()),
            _ => self.load(),
        }
    }

    /// Adds a newer key, with which ledgers are signed from then on.
    pub fn add(&self) -> Result<(), String> {
        let Self::File(path) = self else {
            return Err("The signing key is given by the setting signing_key, so it cannot be changed here. Append the new key \
                        to the setting, after the present one, and start the server again: it signs the handover by itself."
                .to_owned());
        };
        self.load()?;
        let failed =
            |error: std::io::Error| format!("The signing key {} cannot be written: {error}.", path.display());
        let mut file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        file.write_all(new_key()?.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }
}

fn parse(text: &str, place: &str) -> Result<Vec<SigningKey>, String> {
    let keys: Vec<SigningKey> = text
        .split_whitespace()
        .map(|word| {
            let seed = word.strip_prefix(PREFIX).and_then(|seed| BASE64.decode(seed.as_bytes()).ok());
            let seed: [u8; 32] = seed.and_then(|seed| seed.try_into().ok()).ok_or_else(|| {
                format!("{place} is damaged: each key is written {PREFIX}… . Bring it back from your copy.")
            })?;
            Ok(SigningKey::from_seed(&seed))
        })
        .collect::<Result<_, String>>()?;
    if keys.is_empty() { Err(format!("{place} is empty. Bring it back from your copy.")) } else { Ok(keys) }
}

fn new_key() -> Result<String, String> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| format!("The system gives no random bytes: {error}."))?;
    Ok(format!("{PREFIX}{}\n", BASE64.encode(&seed)))
}

fn create(path: &Path) -> Result<String, String> {
    let failed =
        |error: std::io::Error| format!("The signing key {} cannot be made: {error}.", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let key = new_key()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Under a name of its own first: whoever is cut off in the middle leaves no half of a key for the next start.
    let own = format!("{}.{:016x}", path.display(), getrandom::u64().unwrap_or_default());
    let mut file = options.open(&own).map_err(failed)?;
    file.write_all(key.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    let linked = fs::hard_link(&own, path);
    let _ = fs::remove_file(&own);
    match linked {
        Ok(()) => Ok(key),
        // Another process was faster: its key counts.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => fs::read_to_string(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

#[cfg(unix)]
fn refuse_public(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).map_or(0o600, |metadata| metadata.permissions().mode());
    if mode & 0o077 != 0 {
        return Err(format!(
            "The signing key {0} may be read by other users of this machine. Take that away: chmod 600 {0}",
            path.display()
        ));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_public(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("data/assent.key");
        let source = KeySource::File(path.clone());
        let first = source.load().unwrap();
        assert_eq!(first.len(), 1);
        assert_eq!(
            source.load().unwrap()[0].public("a"),
            first[0].public("a"),
            "the same key at the next start"
        );
        source.add().unwrap();
        let keys = source.load().unwrap();
        assert_eq!((keys.len(), keys[0].public("a")), (2, first[0].public("a")));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(KeySource::Text(text).load().unwrap().len(), 2);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            assert!(source.load().unwrap_err().contains("chmod 600"));
        }
    }

    #[test]
    fn a_damaged_key_is_never_replaced_by_a_new_one() {
        for (text, said) in
            [("", "is empty"), ("assent-signing-key-1:AAAA", "is damaged"), ("secret", "is damaged")]
        {
            let folder = tempfile::TempDir::new().unwrap();
            let path = folder.path().join("assent.key");
            create(&path).unwrap();
            fs::write(&path, text).unwrap();
            let error = KeySource::File(path.clone()).load().unwrap_err();
            assert!(error.contains(said) && !error.contains("AAAA"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(KeySource::Text("x".to_owned()).add().is_err());
    }
}
