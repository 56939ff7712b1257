//! Owns what tombstones say of the leaves before them, and whether the leaves agree.
//! Refuses an erased leaf that no tombstone covers: that would be a removed one.

use super::broken::{Broken, What};
use crate::ledger::Tombstone;

/// Which leaves are there, which are blank, and which should be.
#[derive(Debug)]
pub(super) struct Erasures {
    ledger: u32,
    shown: Runs,
    erased: Runs,
    /// Which leaves tombstones cover, and at which leaf that is said.
    covered: Vec<(u64, u64, u64)>,
}

/// Ascending leaf indexes, as runs.
#[derive(Debug, Default)]
struct Runs(Vec<(u64, u64)>);

impl Runs {
    fn push(&mut self, index: u64) {
        match self.0.last_mut() {
            Some((_, last)) if *last + 1 == index => *last = index,
            _ => self.0.push((index, index)),
        }
    }
}

impl Erasures {
    /// Of the ledger of this number.
    pub(super) fn new(ledger: u32) -> Self {
        Self { ledger, shown: Runs::default(), erased: Runs::default(), covered: Vec::new() }
    }

    /// The leaf is there.
    pub(super) fn shown(&mut self, index: u64) {
        self.shown.push(index);
    }

    /// The leaf is blank.
    pub(super) fn erased(&mut self, index: u64) {
        self.erased.push(index);
    }

    /// Takes the tombstone of leaf `index`.
    pub(super) fn take_tombstone(&mut self, index: u64, body: &str) -> Result<(), Broken> {
        let malformed = |detail: String| Broken::at(index, What::Malformed, detail);
        let tombstone: Tombstone = serde_json::from_str(body)
            .map_err(|error| malformed(format!("its tombstone cannot be read: {error}")))?;
        if tombstone.canonical_json() != body || tombstone.version != 1 {
            return Err(malformed("its tombstone is not written canonically".to_owned()));
        }
        // A receipt may be erased after its ledger has ended: then this says nothing of the leaves here.
        let of_this = tombstone.ledger == u64::from(self.ledger);
        let mut next = 0;
        for (first, last) in tombstone.leaves {
            if first < next || first > last || of_this && last >= index {
                return Err(malformed(
                    "its tombstone names leaves that are not before it, or not in order".to_owned(),
                ));
            }
            next = last + 1;
            if of_this {
                self.covered.push((first, last, index));
            }
        }
        Ok(())
    }

    /// What only all leaves together can say; `whole` when these are all.
    pub(super) fn finish(mut self, whole: bool) -> Result<(), Broken> {
        self.covered.sort_unstable();
        let mut covered = self.covered.iter().peekable();
        let mut until = 0;
        for &(first, last) in &self.erased.0 {
            let mut next = first;
            while next <= last {
                while let Some((start, end, _)) = covered.next_if(|(start, ..)| *start <= next) {
                    until = until.max(end + 1);
                    debug_assert!(start <= end);
                }
                if until <= next {
                    let detail = "it is said to be erased, and no tombstone after it says so";
                    return Err(Broken::at(next, What::Removed, detail));
                }
                next = until;
            }
        }
        if whole {
            let mut shown = self.shown.0.iter().peekable();
            for &(first, last, tombstone) in &self.covered {
                while shown.next_if(|(_, end)| *end < first).is_some() {}
                if let Some((start, _)) = shown.peek().filter(|(start, _)| *start <= last) {
                    let detail = format!("leaf {tombstone} says that it was erased, and it is there");
                    return Err(Broken::at(first.max(*start), What::Malformed, detail));
                }
            }
        }
        Ok(())
    }
}
