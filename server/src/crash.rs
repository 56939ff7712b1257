//! Owns crash points: places around the writes of a commit at which a test lets the process end at once.
//! Refuses to cost anything in a release build: without debug assertions a point is an empty function, and nothing can arm it.
//!
//! Not a cargo feature, because a test that needs one is left out in silence where it is not given; and not a setting, because no
//! operator may ever set it. A debug build takes `serve --crash-at POINT:TIMES`, which only the tests know.

use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// A place in the life of a commit, in the order in which they are reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// Decisions wait, nothing has begun.
    BeforeBegin,
    /// The transaction has begun and written nothing.
    Begun,
    /// The ledger's row is locked, by the first write.
    Locked,
    /// The kinds of the receipts are stored.
    KindsStored,
    /// One statement's receipts are stored, others may follow.
    SomeReceiptsStored,
    /// All receipts of the site are stored.
    ReceiptsStored,
    /// The entries that come with them are stored.
    EntriesStored,
    /// The tree's inner nodes are stored.
    NodesStored,
    /// The ledger's row has its new size, edge and checkpoint.
    LedgerStored,
    /// The sums are added up: everything is written, nothing is committed.
    Counted,
    /// It is durable, and nobody knows.
    Committed,
    /// One visitor has the answer, the others wait for theirs.
    OneAnswered,
}

impl Point {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::BeforeBegin,
        Self::Begun,
        Self::Locked,
        Self::KindsStored,
        Self::SomeReceiptsStored,
        Self::ReceiptsStored,
        Self::EntriesStored,
        Self::NodesStored,
        Self::LedgerStored,
        Self::Counted,
        Self::Committed,
        Self::OneAnswered,
    ];
}

/// Where to end, and at which time that the place is reached.
#[derive(Debug, Clone, Copy)]
pub struct CrashAt {
    point: Point,
    times: u32,
}

impl FromStr for CrashAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once(':').and_then(|(name, times)| {
            let point = Point::ALL.into_iter().find(|point| format!("{point:?}") == name)?;
            Some(Self { point, times: times.parse().ok()? })
        });
        parsed.ok_or_else(|| format!("`{text}` is no crash point with a number of times"))
    }
}

static ARMED: OnceLock<CrashAt> = OnceLock::new();
static REACHED: AtomicU32 = AtomicU32::new(0);

/// From now on the process ends there. It cannot be taken back.
pub fn arm(at: CrashAt) {
    let _ = ARMED.set(at);
}

/// Whether the process is to end between two writes of a commit, which then must be made one by one.
#[inline]
pub(crate) fn between_writes() -> bool {
    cfg!(debug_assertions)
        && ARMED
            .get()
            .is_some_and(|at| !matches!(at.point, Point::BeforeBegin | Point::Committed | Point::OneAnswered))
}

/// Ends the process if this is where it is to end: no destructor runs, nothing is flushed.
#[inline]
pub(crate) fn point(here: Point) {
    if cfg!(debug_assertions)
        && let Some(at) = ARMED.get()
        && at.point == here
        && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == at.times
    {
        std::process::abort();
    }
}
