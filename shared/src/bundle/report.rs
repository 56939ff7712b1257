//! Owns what is proven, in numbers.
//! Refuses to weigh it; the words are in `words.rs`.

use crate::ledger::PublicKey;

/// What is proven of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How much of the ledger the file shows.
    pub scope: Scope,
    /// The ledger.
    pub origin: String,
    /// How many leaves it has, by the checkpoint that everything is proven under.
    pub size: u64,
    /// Who signed that checkpoint.
    pub key: PublicKey,
    /// Whether the key came from the file itself: then it must be compared with the published one.
    pub key_is_the_files: bool,
    /// How many earlier checkpoints were confirmed.
    pub earlier: u64,
    /// The size of the checkpoint that was given to compare with, which was confirmed.
    pub saved: Option<u64>,
    /// What was found.
    pub counts: Counts,
}

/// How much of a ledger a file shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of it.
    Whole,
    /// What somebody selected.
    Part,
    /// Receipts with a proof each, such as a visitor downloads.
    Receipts,
    /// The audit log's own ledger; what was not selected is there as a commitment.
    Audit,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Receipts that are shown.
    pub receipts: u64,
    /// Receipts, or entries of the audit log, that were erased.
    pub erased: u64,
    /// Receipts whose processing is restricted; entries of the audit log that were not selected.
    pub withheld: u64,
    /// Entries of the audit log that are shown.
    pub entries: u64,
    /// Entries that say what was erased.
    pub tombstones: u64,
    /// Notices.
    pub notices: u64,
    /// Builds of the widget.
    pub builds: u64,
    /// When the first of them was received, milliseconds since 1970.
    pub first: Option<i64>,
    /// When the last was.
    pub last: Option<i64>,
}

impl Counts {
    /// One receipt more.
    pub(super) fn receipt(&mut self, received_at: i64) {
        self.receipts += 1;
        self.time(received_at);
    }

    /// One entry of the audit log more.
    pub(super) fn entry(&mut self, at: i64) {
        self.entries += 1;
        self.time(at);
    }

    fn time(&mut self, at: i64) {
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }
}
