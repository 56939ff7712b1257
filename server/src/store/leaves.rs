//! Owns reading a ledger: its leaves in their order, the hashes of its tree, and proofs made of them.
//! Refuses to believe a hash that it can compute: a leaf's is made from its stored entry or commitment each time.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use assent_shared::SiteId;
use assent_shared::ledger::entry::leaf_hash;
use assent_shared::ledger::tree::{self, Plan, TILE_WIDTH};
use assent_shared::ledger::{Entry, Hash, Node, ReceiptProof, Salt, SignedCheckpoint};

use super::ledgers::{LedgerRow, leaf_to_sql};
use super::{Sealed, Store, on_engine};

/// A leaf with whatever is stored of it.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LeafRow {
    /// Its place in the ledger.
    pub leaf_index: i64,
    /// A receipt's commitment.
    pub commitment: Option<Vec<u8>>,
    /// Any other leaf's bytes.
    pub entry: Option<String>,
    /// The bytes of a receipt, until it is erased, or of a tombstone.
    pub body: Option<String>,
    /// The salt that goes with them.
    pub salt: Option<Vec<u8>>,
    /// Whether the receipt may be kept, but not shown.
    pub restricted: bool,
}

impl LeafRow {
    /// The bytes of the leaf; nothing if a commitment is not of the right length.
    #[must_use]
    pub fn entry(&self) -> Option<String> {
        bytes_of(self.commitment.as_deref(), self.entry.clone())
    }

    /// The hash of the leaf.
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        Some(leaf_hash(self.entry()?.as_bytes()))
    }

    /// The salt, if there is a sound one.
    #[must_use]
    pub fn salt(&self) -> Option<Salt> {
        self.salt.as_deref()?.try_into().ok().map(Salt)
    }
}

impl Store {
    /// The leaves of a ledger from `first` to before `end`, in order.
    pub async fn leaves(
        &self,
        site: &SiteId,
        ledger: i64,
        first: i64,
        end: i64,
    ) -> sqlx::Result<Vec<LeafRow>> {
        let rows: Vec<LeafRow> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select leaf_index, commitment, null as entry, body, salt, exists (
                     select 1 from holds where holds.site = receipts.site and kind = 'restriction' and lifted_at is null
                     and (holds.visitor is null or holds.visitor = receipts.visitor)) as restricted
                 from receipts where site = $1 and ledger = $2 and leaf_index >= $3 and leaf_index < $4
                 union all
                 select leaf_index, null, entry, body, salt, 1 = 0
                 from entries where site = $1 and ledger = $2 and leaf_index >= $3 and leaf_index < $4
                 order by leaf_index",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(first)
            .bind(end)
            .fetch_all(pool)
            .await?
        });
        self.with_folded(site, ledger, (first, end), rows).await
    }

    /// The bytes of the leaves from `first` to before `end`, in order, without what opens them; nothing if one is missing.
    pub async fn leaf_entries(
        &self,
        site: &SiteId,
        ledger: i64,
        first: i64,
        end: i64,
    ) -> sqlx::Result<Option<Vec<String>>> {
        let entries = self.stored_entries(site, ledger, first, end).await?;
        Ok(entries.filter(|entries| i64::try_from(entries.len()).is_ok_and(|count| count == end - first)))
    }

    /// The hashes of whatever leaves there are from `first` to before `end`, in order.
    pub async fn leaf_hashes(
        &self,
        site: &SiteId,
        ledger: i64,
        first: i64,
        end: i64,
    ) -> sqlx::Result<Vec<Hash>> {
        let entries = self.stored_entries(site, ledger, first, end).await?.ok_or_else(|| damaged(site))?;
        Ok(entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect())
    }

    async fn stored_entries(
        &self,
        site: &SiteId,
        ledger: i64,
        first: i64,
        end: i64,
    ) -> sqlx::Result<Option<Vec<String>>> {
        let rows: Vec<LeafRow> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select leaf_index, commitment, entry, null as body, cast(null as bytea) as salt, 1 = 0 as restricted from (
                     select leaf_index, commitment, cast(null as text) as entry from receipts
                     where site = $1 and ledger = $2 and leaf_index >= $3 and leaf_index < $4
                     union all
                     select leaf_index, null, entry from entries
                     where site = $1 and ledger = $2 and leaf_index >= $3 and leaf_index < $4
                 ) as leaves order by leaf_index",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(first)
            .bind(end)
            .fetch_all(pool)
            .await?
        });
        let rows = self.with_folded(site, ledger, (first, end), rows).await?;
        Ok(rows.iter().map(LeafRow::entry).collect())
    }

    /// The entries of one tile from `first` to before `end`: leaf hashes at level 0, above it those of complete tiles below
    /// (tlog-tiles). Nothing if one is missing.
    pub async fn tile_hashes(
        &self,
        site: &SiteId,
        ledger: i64,
        level: u8,
        first: u64,
        end: u64,
    ) -> sqlx::Result<Option<Vec<Hash>>> {
        let (from, to) = (leaf_to_sql(first), leaf_to_sql(end));
        let hashes: Option<Vec<Hash>> = if level == 0 {
            let entries = self.leaf_entries(site, ledger, from, to).await?;
            entries.map(|entries| entries.iter().map(|entry| leaf_hash(entry.as_bytes())).collect())
        } else {
            let rows: Vec<Vec<u8>> = on_engine!(self, |pool| {
                sqlx::query_scalar(
                    "select hash from nodes where site = $1 and ledger = $2 and level = $3 and place >= $4 and place < $5
                     order by place",
                )
                .bind(site.as_str())
                .bind(ledger)
                .bind(i64::from(level))
                .bind(from)
                .bind(to)
                .fetch_all(pool)
                .await?
            });
            rows.iter().map(|hash| Hash::from_slice(hash)).collect()
        };
        Ok(hashes.filter(|hashes| hashes.len() as u64 == end - first))
    }

    /// The hashes of a planned proof. One query a tile: a proof's nodes lie in two tiles a level at most.
    pub async fn proof_hashes(&self, site: &SiteId, ledger: i64, plan: &Plan) -> sqlx::Result<Vec<Hash>> {
        let mut needed: BTreeMap<(u8, u64), Range<u64>> = BTreeMap::new();
        for node in plan.iter().flatten() {
            let Range { start, end } = of_tile(*node);
            let range = needed.entry((node.level / 8, start / TILE_WIDTH)).or_insert(start..end);
            *range = range.start.min(start)..range.end.max(end);
        }
        let mut tiles = HashMap::new();
        for ((level, tile), range) in needed {
            let hashes = self.tile_hashes(site, ledger, level, range.start, range.end).await?;
            tiles.insert((level, tile), (range.start, hashes.unwrap_or_default()));
        }
        let hash_of = |node: Node| {
            let range = of_tile(node);
            let (first, hashes) = tiles.get(&(node.level / 8, range.start / TILE_WIDTH))?;
            let place = |at: u64| usize::try_from(at - first).ok();
            Some(tree::root_of_complete(hashes.get(place(range.start)?..place(range.end)?)?))
        };
        tree::resolve(plan, hash_of).ok_or_else(|| {
            sqlx::Error::Decode(format!("the ledger of `{site}` lacks a part of its tree").into())
        })
    }

    /// The stored receipt of a decision with its proof under the ledger's newest checkpoint; nothing if there is none, or if
    /// it was erased.
    pub async fn sealed(&self, site: &SiteId, decision: &str) -> sqlx::Result<Option<Sealed>> {
        let Some((number, leaf_index, body, salt)) = self.opened(site, decision).await? else {
            return Ok(None);
        };
        let ledger = self.ledger_numbered(site, number).await?.ok_or(sqlx::Error::RowNotFound)?;
        let salt = salt.try_into().map(Salt).map_err(|_| damaged(site))?;
        Ok(Some(Sealed { body, salt, proof: self.prove(site, &ledger, leaf_index).await? }))
    }

    /// The proof of a leaf under the ledger's newest checkpoint.
    pub async fn prove(
        &self,
        site: &SiteId,
        ledger: &LedgerRow,
        leaf_index: i64,
    ) -> sqlx::Result<ReceiptProof> {
        let checkpoint = ledger.signed_checkpoint(site)?;
        let index = u64::try_from(leaf_index).map_err(|_| damaged(site))?;
        let plan = tree::inclusion(index, checkpoint.unverified().size).ok_or_else(|| damaged(site))?;
        let path = self.proof_hashes(site, ledger.ledger, &plan).await?;
        Ok(ReceiptProof { index, path, checkpoint, opening: None })
    }
}

impl LedgerRow {
    /// The newest checkpoint.
    pub fn signed_checkpoint(&self, site: &SiteId) -> sqlx::Result<SignedCheckpoint> {
        self.checkpoint
            .as_deref()
            .and_then(|note| SignedCheckpoint::parse(note).ok())
            .ok_or_else(|| damaged(site))
    }

    /// How many entries a level of tiles has in full.
    #[must_use]
    pub fn entries_at(&self, level: u8) -> u64 {
        u64::try_from(self.leaves).unwrap_or_default().checked_shr(u32::from(level) * 8).unwrap_or_default()
    }
}

/// A leaf's own bytes: of a receipt its commitment's entry; nothing if that is not of the right length.
fn bytes_of(commitment: Option<&[u8]>, entry: Option<String>) -> Option<String> {
    entry.or_else(|| Some(Entry::Receipt { commitment: Hash::from_slice(commitment?)? }.canonical_json()))
}

/// The hashes of its tile that a node is the root of.
fn of_tile(node: Node) -> Range<u64> {
    let above = node.level % 8;
    node.index << above..(node.index + 1) << above
}

fn damaged(site: &SiteId) -> sqlx::Error {
    sqlx::Error::Decode(
        format!("the ledger of `{site}` is damaged; `assent verify` on an export says where").into(),
    )
}

const _: () = assert!(TILE_WIDTH == 1 << 8, "a level of tiles is eight levels of the tree");
