//! Owns what is counted for the machine's keeper: numbers that many requests add to, and nobody's.
//! Refuses to know a site, a visitor, an operator or an address, and to make a request wait or allocate: all of it is atomic
//! additions. There is no label by site, because an installation may have a million of them, and each label's value is a series
//! that Prometheus keeps for weeks; a site's own numbers are its statistics.

mod decisions;
mod gather;
mod histogram;
mod listener;
mod requests;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use tokio::time::Instant;

use self::histogram::Histogram;
use self::requests::Requests;

pub use decisions::Outcome;
pub use listener::{Listener, MEDIA_TYPE};
pub(crate) use requests::Answer;

/// Upper bounds of times, in nanoseconds: from what memory takes to what nobody waits for.
const TIMES: [u64; 14] = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    15_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    10_000_000_000,
];
/// Of how many receipts one commit had.
const SIZES: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/// Of what works in the background, in nanoseconds.
const LONG_TIMES: [u64; 8] = [
    100_000_000,
    1_000_000_000,
    5_000_000_000,
    15_000_000_000,
    60_000_000_000,
    300_000_000_000,
    900_000_000_000,
    3_600_000_000_000,
];

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        // Nothing else is read by these numbers, so no order is needed.
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a try to sign in ended.
#[derive(Debug, Default)]
pub struct SignIns {
    /// Somebody came in.
    pub done: Counter,
    /// No such e-mail address and password.
    pub wrong_password: Counter,
    /// A wrong code, or one that was used before.
    pub wrong_code: Counter,
    /// Tried too often.
    pub limited: Counter,
}

/// Exports in the background that ended in this process.
#[derive(Debug)]
pub struct Exports {
    /// Whole.
    pub done: Counter,
    /// Not to be written.
    pub failed: Counter,
    /// Not wanted any more.
    pub cancelled: Counter,
    /// In the files that are whole.
    pub bytes: Counter,
    /// From being taken up to the end.
    pub duration: Histogram,
}

/// Everything that is counted; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Metrics(Arc<Counts>);

/// See [`Metrics`].
#[derive(Debug)]
pub struct Counts {
    decisions: [Counter; Outcome::ALL.len()],
    commits_done: Counter,
    commits_failed: Counter,
    commit_receipts: Histogram,
    commit_duration: Histogram,
    /// When the newest checkpoint was signed here, in milliseconds since 1970; 0 before the first.
    newest_checkpoint: AtomicI64,
    requests: Requests,
    /// Requests that failed because the database did not take or give what was asked.
    database_errors: Counter,
    /// Operators who sign in.
    pub sign_ins: SignIns,
    /// Exports in the background.
    pub exports: Exports,
}

impl Default for Counts {
    fn default() -> Self {
        let (done, failed, cancelled, bytes) = Default::default();
        Self {
            decisions: Default::default(),
            commits_done: Counter::default(),
            commits_failed: Counter::default(),
            commit_receipts: Histogram::new(&SIZES),
            commit_duration: Histogram::new(&TIMES),
            newest_checkpoint: AtomicI64::default(),
            requests: Requests::default(),
            database_errors: Counter::default(),
            sign_ins: SignIns::default(),
            exports: Exports { done, failed, cancelled, bytes, duration: Histogram::new(&LONG_TIMES) },
        }
    }
}

impl std::ops::Deref for Metrics {
    type Target = Counts;

    fn deref(&self) -> &Counts {
        &self.0
    }
}

impl Counts {
    /// Counts a decision by what became of it.
    pub fn decision(&self, outcome: Outcome) {
        self.decisions[outcome as usize].add_one();
    }

    /// Counts a transaction of the recorder's that is durable: how many receipts it took, since when, and what time it is.
    pub(crate) fn committed(&self, receipts: usize, since: Instant, now: i64) {
        self.commits_done.add_one();
        self.commit_receipts.observe(receipts as u64);
        self.commit_duration.observe_since(since);
        self.newest_checkpoint.fetch_max(now, Ordering::Relaxed);
    }

    /// Counts one that is not.
    pub(crate) fn not_committed(&self, since: Instant) {
        self.commits_failed.add_one();
        self.commit_duration.observe_since(since);
    }

    /// Counts an answered request.
    pub(crate) fn answered(&self, answer: &Answer<'_>) {
        self.requests.count(answer);
    }

    /// Counts a request that the database let fail.
    pub(crate) fn database_failed(&self) {
        self.database_errors.add_one();
    }
}
