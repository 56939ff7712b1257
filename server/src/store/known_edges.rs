//! Owns what this server remembers of the ledgers' right edges: how its last commit left each, so that the next one is computed
//! before anything is locked.
//! Refuses to be believed: whoever commits at a remembered edge compares it with the ledger's row in the same statement.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use assent_shared::SiteId;
use assent_shared::ledger::Frontier;

/// Sites that are remembered, at about 2 KiB each. Beyond that all are forgotten, and each is read once more.
const REMEMBERED: usize = 10_000;

/// How a ledger was left.
#[derive(Debug, Clone)]
pub(super) struct KnownEdge {
    /// Which of the site's ledgers.
    pub(super) ledger: i64,
    /// Its name.
    pub(super) origin: String,
    /// What its tree consists of.
    pub(super) frontier: Frontier,
    /// The checkpoint over it, as a signed note.
    pub(super) checkpoint: String,
    /// The verifier key of who signed that.
    pub(super) signing_key: String,
}

#[derive(Debug)]
enum Memory {
    /// Nobody else has appended for as long as this server looked.
    Edge(KnownEdge),
    /// The size at which this server left it. Somebody appends at it now, or another server did since.
    Size(u64),
}

/// The edges of all sites; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownEdges(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    known: Mutex<HashMap<SiteId, Memory>>,
    /// Nobody can append at one here.
    given_up: AtomicBool,
}

impl KnownEdges {
    /// The edge of a site's ledger, for the one who appends at it: whoever asks meanwhile gets none.
    pub(super) fn take(&self, site: &SiteId) -> Option<KnownEdge> {
        if self.0.given_up.load(Ordering::Relaxed) {
            return None;
        }
        let mut known = self.lock();
        let known = known.get_mut(site)?;
        let Memory::Edge(edge) = &*known else { return None };
        let taken = Memory::Size(edge.frontier.size());
        match std::mem::replace(known, taken) {
            Memory::Edge(edge) => Some(edge),
            Memory::Size(_) => None,
        }
    }

    /// Remembers how a commit left a ledger that it had found at a size of `found`. Where other servers append to the same ledger,
    /// an edge that is remembered is mostly of the past, and trying it would cost each commit a statement in vain.
    pub(super) fn left(&self, site: &SiteId, found: u64, edge: KnownEdge) {
        let mut known = self.lock();
        let alone = match known.get(site) {
            None => true,
            Some(Memory::Edge(edge)) => edge.frontier.size() == found,
            Some(Memory::Size(left)) => *left == found,
        };
        if known.len() >= REMEMBERED && !known.contains_key(site) {
            known.clear();
        }
        let memory = if alone { Memory::Edge(edge) } else { Memory::Size(edge.frontier.size()) };
        known.insert(site.clone(), memory);
    }

    /// Offers none any more.
    pub(super) fn give_up(&self) {
        self.0.given_up.store(true, Ordering::Relaxed);
    }

    /// Forgets all of them: a database that was away may be another one than before.
    pub(super) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SiteId, Memory>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use assent_shared::ledger::Hash;

    use super::*;

    fn edge(size: u64) -> KnownEdge {
        let mut frontier = Frontier::default();
        for _ in 0..size {
            frontier.append(Hash([7; 32]), |_, _| ());
        }
        let (origin, checkpoint, signing_key) = (String::new(), String::new(), String::new());
        KnownEdge { ledger: 1, origin, frontier, checkpoint, signing_key }
    }

    #[test]
    fn an_edge_is_offered_only_while_nobody_else_appends() {
        let (edges, site) = (KnownEdges::default(), "shop".parse().unwrap());
        assert!(edges.take(&site).is_none(), "nothing is known at the start");
        edges.left(&site, 0, edge(3));
        assert_eq!(edges.take(&site).unwrap().frontier.size(), 3);
        assert!(edges.take(&site).is_none(), "one at a time");
        edges.left(&site, 3, edge(5));
        assert_eq!(edges.take(&site).unwrap().frontier.size(), 5);
        edges.left(&site, 9, edge(10));
        assert!(edges.take(&site).is_none(), "another server appended four leaves");
        edges.left(&site, 10, edge(11));
        assert_eq!(edges.take(&site).unwrap().frontier.size(), 11, "that one has gone");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let edges = KnownEdges::default();
        for number in 0..=REMEMBERED {
            edges.left(&format!("site-{number}").parse().unwrap(), 0, edge(1));
        }
        assert!(edges.lock().len() <= REMEMBERED);
    }
}
