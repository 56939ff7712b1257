//! Owns writing a bundle: a tar entry for each file, and the manifest at the end.
//! Refuses to know what is in the files; the exporter hands them over in the order of the format.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::{Manifest, ManifestFile, name};
use crate::ledger::Hash;

/// Writes a bundle to anything. Whoever streams gives it a `Vec<u8>` and takes what has gathered there with
/// [`Writer::get_mut`] after every file.
#[derive(Debug)]
pub struct Writer<W: Write> {
    tar: Tar<W>,
    files: Vec<ManifestFile>,
    seconds: u64,
}

/// `tar::Builder` has no `Debug`.
struct Tar<W: Write>(tar::Builder<W>);

impl<W: Write> std::fmt::Debug for Tar<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tar")
    }
}

impl<W: Write> Writer<W> {
    /// Begins a bundle that is made at `made_at`, milliseconds since 1970.
    pub fn new(target: W, made_at: i64) -> Self {
        let seconds = u64::try_from(made_at / 1000).unwrap_or(0);
        Self { tar: Tar(tar::Builder::new(target)), files: Vec::new(), seconds }
    }

    /// Appends a file; [`name`] has the names.
    pub fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.write(name, bytes)?;
        self.files.push(ManifestFile {
            name: name.to_owned(),
            size: bytes.len() as u64,
            sha256: Hash(Sha256::digest(bytes).into()),
        });
        Ok(())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(name)?;
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(self.seconds);
        header.set_cksum();
        self.tar.0.append(&header, bytes)
    }

    /// What is written to.
    pub fn get_mut(&mut self) -> &mut W {
        self.tar.0.get_mut()
    }

    /// Writes the manifest and ends the archive.
    pub fn finish(mut self) -> io::Result<W> {
        let manifest = Manifest { files: std::mem::take(&mut self.files) };
        let manifest = serde_json::to_vec(&manifest)?;
        self.write(name::MANIFEST, &manifest)?;
        self.tar.0.into_inner()
    }
}
