//! Owns a bundle as its receiver has it: the tar taken apart, and what must hold of every one.
//! Refuses the server's own code for reading it; only names and lines are shared.

use std::io::Read;

use assent_shared::Receipt;
use assent_shared::bundle::{Content, Failure, Head, Line, Manifest, Report, Trust, name, verify};
use assent_shared::ledger::{Hash, SignedCheckpoint, tree};
use sha2::{Digest, Sha256};

/// A bundle, taken apart.
pub(crate) struct Bundle {
    pub(crate) bytes: Vec<u8>,
    files: Vec<(String, Vec<u8>)>,
}

impl Bundle {
    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let mut files = Vec::new();
        for entry in tar::Archive::new(&bytes[..]).entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.push((entry.path().unwrap().to_str().unwrap().to_owned(), content));
        }
        Self { bytes, files }
    }

    pub(crate) fn file(&self, name: &str) -> &[u8] {
        let found = self.files.iter().find(|(own, _)| own == name);
        &found.unwrap_or_else(|| panic!("no {name}")).1
    }

    pub(crate) fn head(&self) -> Head {
        serde_json::from_slice(self.file(name::HEAD)).unwrap()
    }

    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        SignedCheckpoint::parse(std::str::from_utf8(self.file(name::CHECKPOINT)).unwrap()).unwrap()
    }

    pub(crate) fn of_folder(&self, folder: &str) -> Vec<&(String, Vec<u8>)> {
        self.files.iter().filter(|(name, _)| name.starts_with(folder)).collect()
    }

    /// Every line of the ledger, its file's text beside it.
    pub(crate) fn lines(&self) -> Vec<Line<'_>> {
        let texts = self.of_folder("ledger/").into_iter().map(|(_, text)| std::str::from_utf8(text).unwrap());
        texts.flat_map(str::lines).map(|line| Line::parse(line).unwrap()).collect()
    }

    pub(crate) fn receipts(&self) -> Vec<(u64, Receipt)> {
        let lines = self.lines().into_iter();
        lines
            .filter_map(|line| match line.content {
                Content::Receipt { body, .. } => Some((line.index, serde_json::from_str(&body).unwrap())),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn verify(&self, trust: &Trust) -> Result<Report, Failure> {
        verify(&self.bytes[..], trust)
    }

    /// Checks what holds for every bundle, and what the verifier says of it.
    pub(crate) fn check(&self) -> Report {
        let manifest: Manifest = serde_json::from_slice(self.file(name::MANIFEST)).unwrap();
        assert_eq!(self.files.last().unwrap().0, name::MANIFEST);
        assert_eq!(manifest.files.len(), self.files.len() - 1);
        for (listed, (name, content)) in manifest.files.iter().zip(&self.files) {
            assert_eq!((&listed.name, listed.size), (name, content.len() as u64));
            assert_eq!(listed.sha256, Hash(Sha256::digest(content).into()));
        }
        for (_, content) in self.of_folder("ledger/") {
            assert!(content.split(|byte| *byte == b'\n').count() <= name::LINES_PER_FILE + 1);
        }
        let newest = self.checkpoint().unverified().clone();
        if !self.head().selection.is_everything() {
            for line in self.lines() {
                let root = tree::root_of_inclusion(
                    line.content.leaf_hash(),
                    line.index,
                    newest.size,
                    line.path.as_ref().unwrap(),
                );
                assert_eq!(root, Some(newest.root), "leaf {}", line.index);
            }
        }
        let key = self.head().keys.last().cloned();
        self.verify(&Trust { key, checkpoint: None }).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// Whether the words stand anywhere in it.
    pub(crate) fn contains(&self, what: &str) -> bool {
        self.bytes.windows(what.len()).any(|window| window == what.as_bytes())
    }
}
