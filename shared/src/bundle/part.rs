//! Owns checking the lines of a part of a ledger: each has its own path to the signed root.
//! Refuses to say that nothing is missing: who chose the part chose what is in it.

use super::broken::{Broken, Failure, What};
use super::contents::Contents;
use super::history::History;
use super::line::Line;
use super::whole::forked;
use crate::ledger::{Hash, tree};

/// A part of a ledger while its lines come.
#[derive(Debug)]
pub(super) struct Part {
    next: u64,
    contents: Contents,
}

impl Part {
    pub(super) fn new(contents: Contents) -> Self {
        Self { next: 0, contents }
    }

    /// Below this leaf nothing more can come.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Takes the next line.
    pub(super) fn take(&mut self, text: &[u8], history: &History) -> Result<(), Failure> {
        let newest = history.newest();
        let line = std::str::from_utf8(text).map_err(|error| error.to_string()).and_then(Line::parse);
        let line = line.map_err(|why| {
            let detail = format!("the line after leaf {} cannot be read: {why}", self.next.saturating_sub(1));
            Broken::somewhere(What::Changed, detail)
        })?;
        let at = line.index;
        if at < self.next {
            let (what, detail) = if at + 1 == self.next {
                (What::Inserted, "it is there twice".to_owned())
            } else {
                (What::Reordered, format!("it stands behind leaf {}", self.next - 1))
            };
            return Err(Broken::at(at, what, detail).into());
        }
        let Some(path) = &line.path else {
            return Err(Broken::at(at, What::Malformed, "its path to the checkpoint is missing").into());
        };
        let root = tree::root_of_inclusion(line.content.leaf_hash(), at, newest.size, path);
        if root != Some(newest.root) {
            let detail = "its bytes, its salt, its number or its path are not those that were recorded";
            return Err(Broken::at(at, What::Changed, detail).into());
        }
        self.next = at + 1;
        Ok(self.contents.take(at, &line.content)?)
    }

    /// What all lines say together; `paths` are the proofs of the earlier checkpoints.
    pub(super) fn finish(self, history: &History, paths: &[Vec<Hash>]) -> Result<Contents, Failure> {
        let newest = history.newest();
        if paths.len() != history.earlier().len() {
            let detail = "not every earlier checkpoint has its file in consistency/";
            return Err(Broken::somewhere(What::Removed, detail).into());
        }
        for (earlier, path) in history.earlier().zip(paths) {
            if !tree::proves_consistency((earlier.size, earlier.root), (newest.size, newest.root), path) {
                return Err(
                    forked(earlier.size, "an earlier checkpoint, by its proof in consistency/,").into()
                );
            }
        }
        if let Some(saved) = history.saved() {
            let Some(same) = history.earlier().chain([newest]).find(|other| other.size == saved.size) else {
                return Err(Failure::Unusable(format!(
                    "This part of the ledger has no proof for your checkpoint of size {}: ask for the whole ledger, or leave --checkpoint out.",
                    saved.size
                )));
            };
            if same.root != saved.root {
                return Err(forked(saved.size, "your saved checkpoint").into());
            }
        }
        Ok(self.contents)
    }
}
