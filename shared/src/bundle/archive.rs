//! Owns walking a bundle's files: their names and order, their ends, and whether the manifest lists exactly them.
//! Refuses whatever is no plain file of the format, and bytes behind the archive's end.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::broken::{Broken, Failure, What};
use super::name::Kind;
use super::{Manifest, ManifestFile};
use crate::ledger::Hash;

/// Longer than any file that is read at once: a notice, a manifest, a checkpoint.
const LONGEST: u64 = 64 << 20;

/// A file of the bundle while it is read.
pub(super) struct File<'a> {
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    inner: &'a mut dyn Read,
    hash: Sha256,
    read: u64,
}

impl Read for File<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.update(&buffer[..read]);
        self.read += read as u64;
        Ok(read)
    }
}

impl File<'_> {
    /// The whole file.
    pub(super) fn whole(&mut self) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        Read::take(&mut *self, LONGEST + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > LONGEST {
            return Err(self.malformed("is longer than such a file can be"));
        }
        Ok(bytes)
    }

    /// The whole file as text.
    pub(super) fn text(&mut self) -> Result<String, Failure> {
        String::from_utf8(self.whole()?).map_err(|_| self.malformed("is not text"))
    }

    /// That this file is not as it must be.
    pub(super) fn malformed(&self, how: impl std::fmt::Display) -> Failure {
        Broken::somewhere(What::Malformed, format!("{} {how}", self.name)).into()
    }

    fn drain(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink()).map(|_| ())
    }
}

/// Hands every file but the manifest to `each`, in order. What is wrong with the list of files is returned, not thrown: what is
/// wrong with a receipt is worth more.
pub(super) fn walk<R: Read>(
    reader: R,
    mut each: impl FnMut(&mut File<'_>) -> Result<(), Failure>,
) -> Result<Option<Broken>, Failure> {
    let mut archive = tar::Archive::new(reader);
    let mut listed: Vec<ManifestFile> = Vec::new();
    let mut manifest = None;
    let mut last = None;
    let mut odd = None;
    // Raw: extensions of tar that rename or patch files are not part of the format.
    for entry in archive.entries()?.raw(true) {
        let mut entry = match entry.map_err(Failure::from) {
            Ok(entry) => entry,
            Err(Failure::Broken(damage)) => {
                odd.get_or_insert(damage);
                break;
            }
            Err(other) => return Err(other),
        };
        let path = entry.path_bytes().into_owned();
        let name = String::from_utf8_lossy(&path).into_owned();
        let size = entry.header().entry_size()?;
        let malformed = |how: &str| Broken::somewhere(What::Malformed, format!("{name} {how}"));
        if !entry.header().entry_type().is_file() {
            return Err(malformed("is not a plain file").into());
        }
        let Some(kind) = Kind::of(&name) else {
            return Err(malformed("does not belong into a bundle: it was added").into());
        };
        if !kind.may_follow(last) || listed.iter().rev().any(|file| file.name == name) {
            let found = Broken::somewhere(
                if last == Some(kind) { What::Inserted } else { What::Reordered },
                format!("{name} stands where it must not: a file was removed, added or moved before it"),
            );
            // Of leaves and lines the ledger itself tells what is missing, and more exactly.
            if !matches!(kind, Kind::Leaves(_) | Kind::Lines(_)) {
                return Err(found.into());
            }
            odd.get_or_insert(found);
        }
        last = Some(kind);
        let mut file = File { kind, name: &name, inner: &mut entry, hash: Sha256::new(), read: 0 };
        if kind == Kind::Manifest {
            manifest = Some(file.whole()?);
        } else {
            each(&mut file)?;
        }
        file.drain()?;
        let File { hash, read, .. } = file;
        if read != size {
            odd.get_or_insert(malformed("ends early: the bundle was cut"));
            break;
        }
        if kind != Kind::Manifest {
            listed.push(ManifestFile { name, size, sha256: Hash(hash.finalize().into()) });
        }
    }
    let mut rest = Vec::new();
    archive.into_inner().take(LONGEST).read_to_end(&mut rest)?;
    if rest.iter().any(|byte| *byte != 0) {
        odd.get_or_insert(Broken::somewhere(What::Inserted, "something stands behind the archive's end"));
    }
    Ok(odd.or_else(|| held_against(manifest.as_deref(), &listed)))
}

/// What the manifest says otherwise.
fn held_against(manifest: Option<&[u8]>, listed: &[ManifestFile]) -> Option<Broken> {
    let Some(manifest) = manifest else {
        let detail = "manifest.json, the last file, is missing: the bundle was cut";
        return Some(Broken::somewhere(What::Removed, detail));
    };
    let manifest: Manifest = match serde_json::from_slice(manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            return Some(Broken::somewhere(
                What::Malformed,
                format!("manifest.json cannot be read: {error}"),
            ));
        }
    };
    for (at, file) in listed.iter().enumerate() {
        let name = &file.name;
        let found = match manifest.files.get(at) {
            Some(expected) if expected == file => continue,
            Some(expected) if expected.name == *name => {
                (What::Changed, format!("{name} is not the file that the manifest lists"))
            }
            Some(expected) if manifest.files.iter().any(|other| other.name == *name) => {
                (What::Removed, format!("{} is listed in the manifest and is not there", expected.name))
            }
            _ => (What::Inserted, format!("{name} is not listed in the manifest")),
        };
        return Some(Broken::somewhere(found.0, found.1));
    }
    let missing = manifest.files.get(listed.len())?;
    Some(Broken::somewhere(
        What::Removed,
        format!("{} is listed in the manifest and is not there", missing.name),
    ))
}
