//! Owns recomputing every ledger from what the database holds: each leaf, the tree above it, the signed checkpoint.
//! Refuses to believe what is stored of a result; only what was signed counts.

use std::ops::Range;

use assent_shared::ledger::{Entry, Frontier, Hash, Node, PublicKey, Salt, SignedCheckpoint, tree};
use assent_shared::{Notice, SiteId};

use crate::store::{AUDIT, AuditLeafRow, LeafRow, LedgerRow, Store};

/// Leaves that are read at once; whole tiles.
const PAGE: i64 = 2048;

/// A ledger that is as it was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Its site, or `_audit`.
    pub site: String,
    /// 1, unless a fork made a new one necessary.
    pub ledger: i64,
    /// How many leaves it has.
    pub leaves: i64,
    /// How many of them are receipts.
    pub receipts: i64,
    /// How many of those are erased.
    pub erased: i64,
}

/// Recomputes every ledger of every site, former ones too, and the audit log's. The first fault ends it and is named.
pub async fn every_ledger(store: &Store) -> Result<Vec<Checked>, String> {
    let mut checked = Vec::new();
    for site in store.sites().await.map_err(unreadable)? {
        let present = store.ledger(&site.id).await.map_err(unreadable)?.map_or(0, |row| row.ledger);
        for number in 1..=present {
            if let Some(row) = store.ledger_numbered(&site.id, number).await.map_err(unreadable)? {
                checked.push(of_site(store, &site.id, &row).await?);
            }
        }
        for notice in store.notices(&site.id).await.map_err(unreadable)? {
            if notice.hash != Notice::hash(&notice.body) {
                return Err(format!(
                    "Notice {} of `{}` is not the one that was published.",
                    notice.number, site.id
                ));
            }
        }
    }
    let present = store.audit_ledger().await.map_err(unreadable)?.map_or(0, |row| row.ledger);
    for number in 1..=present {
        checked.extend(of_audit(store, number).await?);
    }
    Ok(checked)
}

/// Whether the tree that is stored above a ledger's leaves has the root that was signed; a few reads, whatever its size.
pub async fn head(store: &Store, site: &str, ledger: i64, note: &str) -> Result<(), String> {
    let broken =
        || format!("The newest checkpoint of ledger {ledger} of `{site}` does not fit what is stored.");
    let signed = SignedCheckpoint::parse(note).map_err(|_| broken())?;
    let checkpoint = signed.unverified();
    let root = match site.parse::<SiteId>() {
        Ok(site) if checkpoint.size > 0 => {
            let plan = tree::root(checkpoint.size);
            store.proof_hashes(&site, ledger, &plan).await.map_err(unreadable)?.first().copied()
        }
        _ if checkpoint.size == 0 => Some(tree::empty_root()),
        _ => store.audit_root(ledger, checkpoint.size).await.map_err(unreadable)?,
    };
    if root == Some(checkpoint.root) { Ok(()) } else { Err(broken()) }
}

async fn of_site(store: &Store, site: &SiteId, row: &LedgerRow) -> Result<Checked, String> {
    let name = format!("ledger {} of `{site}`", row.ledger);
    let mut walk = Walk::new(&name);
    let (mut receipts, mut erased) = (0, 0);
    while walk.size < row.leaves {
        let end = row.leaves.min(walk.size + PAGE);
        let leaves = store.leaves(site, row.ledger, walk.size, end).await.map_err(unreadable)?;
        for leaf in &leaves {
            if leaf.commitment.is_some() {
                receipts += 1;
                erased += i64::from(leaf.body.is_none());
            }
            if !opens(leaf) {
                return Err(walk.fault("is not what was sealed"));
            }
            walk.take(leaf.leaf_index, leaf.hash())?;
        }
        walk.needs(end)?;
        for (level, places, hashes) in walk.tiles() {
            let stored = store.tile_hashes(site, row.ledger, level, places.start, places.end).await;
            if stored.map_err(unreadable)? != Some(hashes) {
                return Err(format!("The tree of {name} is not the one of its leaves."));
            }
        }
    }
    walk.ends_as(row.checkpoint.as_deref(), row.signing_key.as_deref(), row.leaves)?;
    Ok(Checked { site: site.to_string(), ledger: row.ledger, leaves: row.leaves, receipts, erased })
}

async fn of_audit(store: &Store, number: i64) -> Result<Option<Checked>, String> {
    let Some(row) = store.audit_ledger_numbered(number).await.map_err(unreadable)? else { return Ok(None) };
    let name = format!("ledger {number} of the audit log");
    let mut walk = Walk::new(&name);
    while walk.size < row.leaves {
        let end = row.leaves.min(walk.size + PAGE);
        let leaves = store.audit_leaves(number, (walk.size, end), row.leaves).await.map_err(unreadable)?;
        for leaf in &leaves {
            if !audit_opens(leaf) {
                return Err(walk.fault("is not what was sealed"));
            }
            walk.take(leaf.leaf_index, Some(assent_shared::ledger::entry::leaf_hash(leaf.entry.as_bytes())))?;
        }
        walk.needs(end)?;
        walk.tiles();
    }
    walk.ends_as(row.checkpoint.as_deref(), row.signing_key.as_deref(), row.leaves)?;
    Ok(Some(Checked { site: AUDIT.to_owned(), ledger: number, leaves: row.leaves, receipts: 0, erased: 0 }))
}

/// Whether what is stored of a leaf is what its commitment was made of.
fn opens(leaf: &LeafRow) -> bool {
    let (Some(body), Some(salt)) = (&leaf.body, leaf.salt()) else {
        return leaf.body.is_none() && leaf.salt.is_none();
    };
    match (&leaf.commitment, &leaf.entry) {
        (Some(commitment), _) => salt.commit_receipt(body).0[..] == commitment[..],
        (None, Some(entry)) => {
            *entry == Entry::Tombstone { commitment: salt.commit_tombstone(body) }.canonical_json()
        }
        (None, None) => false,
    }
}

/// As [`opens`], of the audit log.
fn audit_opens(leaf: &AuditLeafRow) -> bool {
    let salt = leaf.salt.as_deref().and_then(|salt| salt.try_into().ok()).map(Salt);
    let (Some(body), Some(salt)) = (&leaf.body, salt) else {
        return leaf.body.is_none() && leaf.salt.is_none();
    };
    [
        Entry::Audit { commitment: salt.commit_audit(body) },
        Entry::Tombstone { commitment: salt.commit_tombstone(body) },
    ]
    .iter()
    .any(|entry| entry.canonical_json() == leaf.entry)
}

/// A ledger's tree, grown again leaf by leaf.
struct Walk<'a> {
    name: &'a str,
    size: i64,
    frontier: Frontier,
    /// Roots of complete tiles, since they were last looked at.
    complete: Vec<(u8, u64, Hash)>,
}

impl<'a> Walk<'a> {
    fn new(name: &'a str) -> Self {
        Self { name, size: 0, frontier: Frontier::default(), complete: Vec::new() }
    }

    fn fault(&self, what: &str) -> String {
        format!("Leaf {} of {} {what}.", self.size, self.name)
    }

    fn take(&mut self, index: i64, hash: Option<Hash>) -> Result<(), String> {
        if index != self.size {
            return Err(self.fault("is missing"));
        }
        let hash = hash.ok_or_else(|| self.fault("is damaged"))?;
        let complete = &mut self.complete;
        self.frontier.append(hash, |Node { level, index }, hash| {
            if level > 0 && level.is_multiple_of(8) {
                complete.push((level / 8, index, hash));
            }
        });
        self.size += 1;
        Ok(())
    }

    fn needs(&self, size: i64) -> Result<(), String> {
        if self.size == size { Ok(()) } else { Err(self.fault("is missing")) }
    }

    /// The complete tiles' roots, level by level, each level's in one run.
    fn tiles(&mut self) -> Vec<(u8, Range<u64>, Vec<Hash>)> {
        let mut complete = std::mem::take(&mut self.complete);
        complete.sort_by_key(|(level, place, _)| (*level, *place));
        complete
            .chunk_by(|(left, ..), (right, ..)| left == right)
            .map(|run| {
                (run[0].0, run[0].1..run[0].1 + run.len() as u64, run.iter().map(|tile| tile.2).collect())
            })
            .collect()
    }

    /// Whether this is the tree that was signed.
    fn ends_as(&self, note: Option<&str>, key: Option<&str>, leaves: i64) -> Result<(), String> {
        if leaves == 0 {
            return Ok(());
        }
        let broken = |what: &str| format!("The newest checkpoint of {} {what}.", self.name);
        let signed =
            note.and_then(|note| SignedCheckpoint::parse(note).ok()).ok_or_else(|| broken("is damaged"))?;
        // The ledgers that have ended name no key beside themselves; what goes on is linked to their checkpoints.
        if let Some(key) = key {
            let key: PublicKey = key.parse().map_err(|_| broken("names no key"))?;
            signed.verify(&key).map_err(|_| broken("was not signed by its key"))?;
        }
        let checkpoint = signed.unverified();
        if i64::try_from(checkpoint.size) != Ok(leaves) || checkpoint.root != self.frontier.root() {
            return Err(broken("does not fit the leaves that are stored"));
        }
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: sqlx::Error) -> String {
    format!("The database cannot be read: {error}.")
}
