//! Owns a ledger while somebody appends to it: its tree's growth, what is stored beside the receipts, and signing all of it.
//! Refuses to ask the database anything, and to prove a leaf before it is signed.

use assent_shared::SiteId;
use assent_shared::ledger::{Checkpoint, Entry, Growth, Hash, ReceiptProof, Salt, SignedCheckpoint};

use super::known_edges::KnownEdge;
use super::ledgers::leaf_to_sql;
use crate::sealer::{Sealer, Signers};

/// A leaf that is stored with the ledger: its index, its bytes, and what it commits to.
pub(super) type NewEntry = (i64, String, Option<(String, Salt)>);

/// A ledger while this transaction alone appends to it.
pub(super) struct OpenLedger {
    pub(super) site: SiteId,
    pub(super) number: i64,
    pub(super) origin: String,
    /// How many leaves it had.
    pub(super) found: u64,
    pub(super) growth: Growth,
    pub(super) signers: Signers,
    pub(super) entries: Vec<NewEntry>,
}

impl OpenLedger {
    /// Opens it at a remembered edge, without a lock; nothing, where it may take nothing, or something has to be announced.
    pub(super) fn at(site: &SiteId, edge: &KnownEdge, sealer: &Sealer) -> Option<Self> {
        let KnownEdge { ledger, origin, frontier, signing_key, .. } = edge;
        let signers = sealer.signers(site, *ledger, origin, Some(signing_key)).ok()?;
        signers.previous.is_none().then(|| Self {
            site: site.clone(),
            number: *ledger,
            origin: origin.clone(),
            found: frontier.size(),
            growth: Growth::new(frontier.clone()),
            signers,
            entries: Vec::new(),
        })
    }

    /// Signs everything that was appended.
    pub(super) fn seal(self) -> SealedLedger {
        let Self { site, number, origin, found, growth, signers, entries } = self;
        let keys: Vec<_> = signers.previous.iter().chain([&signers.key]).collect();
        let frontier = growth.frontier().clone();
        let checkpoint =
            Checkpoint { origin: origin.clone(), size: frontier.size(), root: frontier.root() }.sign(&keys);
        let (note, signing_key) = (checkpoint.note().to_owned(), signers.key.public(&origin).to_string());
        let edge = KnownEdge { ledger: number, origin, frontier, checkpoint: note, signing_key };
        let is_handover = signers.previous.is_some();
        SealedLedger { closed: ClosedLedger { site, found, growth, checkpoint, edge }, entries, is_handover }
    }

    /// Appends a receipt's leaf; the receipt itself is for the caller to store.
    pub(super) fn append_receipt(&mut self, commitment: Hash) -> i64 {
        leaf_to_sql(self.growth.append(Entry::Receipt { commitment }.leaf_hash()))
    }

    /// Appends a leaf that is stored with the ledger.
    pub(super) fn append_entry(&mut self, entry: &Entry, opening: Option<(String, Salt)>) -> i64 {
        let index = leaf_to_sql(self.growth.append(entry.leaf_hash()));
        self.entries.push((index, entry.canonical_json(), opening));
        index
    }
}

/// A ledger that is signed, with what has to be stored beside the receipts.
pub(super) struct SealedLedger {
    pub(super) closed: ClosedLedger,
    pub(super) entries: Vec<NewEntry>,
    /// Whether one key hands over to the next by this.
    pub(super) is_handover: bool,
}

/// A ledger whose checkpoint covers everything that was appended.
#[derive(Debug)]
pub(super) struct ClosedLedger {
    pub(super) site: SiteId,
    /// How many leaves it had before.
    pub(super) found: u64,
    growth: Growth,
    pub(super) checkpoint: SignedCheckpoint,
    /// How it is left, for whoever appends next.
    pub(super) edge: KnownEdge,
}

impl ClosedLedger {
    /// The entries of tiles that became complete.
    pub(super) fn tiles(&self) -> &[(u8, u64, Hash)] {
        self.growth.tiles()
    }

    /// The proof of a leaf that was appended just now.
    pub(super) fn proof(&self, leaf_index: i64) -> Option<ReceiptProof> {
        let index = u64::try_from(leaf_index).ok()?;
        let path = self.growth.inclusion(index)?;
        Some(ReceiptProof { index, path, checkpoint: self.checkpoint.clone(), opening: None })
    }
}
