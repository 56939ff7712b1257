//! Owns proofs for many leaves of one ledger, of one size: its tiles are fetched once and hashed once.
//! Refuses to keep all of them: neighbouring leaves share their tiles, and only those stay.

use std::collections::HashMap;

use assent_shared::SiteId;
use assent_shared::ledger::tree::{self, Plan, TILE_WIDTH};
use assent_shared::ledger::{Hash, Node};

use crate::error::{Error, Result};
use crate::store::Store;

/// Tiles that are kept: a proof needs two a level, and there are at most eight levels.
const KEPT: usize = 48;

/// The tree of a ledger as it was at one size.
#[derive(Debug)]
pub(super) struct Tree {
    store: Store,
    site: SiteId,
    ledger: i64,
    leaves: u64,
    tiles: HashMap<(u8, u64), Tile>,
}

/// The hashes of a tile, and those over two, four and more of them, as far as they are complete.
type Tile = Vec<Vec<Hash>>;

impl Tree {
    pub(super) fn new(store: &Store, site: &SiteId, ledger: i64, leaves: u64) -> Self {
        Self { store: store.clone(), site: site.clone(), ledger, leaves, tiles: HashMap::new() }
    }

    /// That the leaf is in the ledger.
    pub(super) async fn inclusion(&mut self, index: u64) -> Result<Vec<Hash>> {
        self.proof(tree::inclusion(index, self.leaves)).await
    }

    /// That the ledger of that size is its beginning.
    pub(super) async fn consistency(&mut self, size: u64) -> Result<Vec<Hash>> {
        self.proof(tree::consistency(size, self.leaves)).await
    }

    async fn proof(&mut self, plan: Option<Plan>) -> Result<Vec<Hash>> {
        let plan = plan.ok_or_else(|| self.damaged())?;
        if self.tiles.len() > KEPT {
            self.tiles.clear();
        }
        for node in plan.iter().flatten() {
            let (level, number, ..) = place(*node);
            if !self.tiles.contains_key(&(level, number)) {
                let tile = self.tile(level, number).await?;
                self.tiles.insert((level, number), tile);
            }
        }
        let hash_of = |node| {
            let (level, number, above, at) = place(node);
            self.tiles.get(&(level, number))?.get(above)?.get(at).copied()
        };
        tree::resolve(&plan, hash_of).ok_or_else(|| self.damaged())
    }

    fn damaged(&self) -> Error {
        Error::Internal(format!("the ledger of `{}` lacks a part of its tree", self.site))
    }

    async fn tile(&self, level: u8, number: u64) -> Result<Tile> {
        let first = number * TILE_WIDTH;
        let end = (first + TILE_WIDTH).min(self.leaves >> (u32::from(level) * 8));
        let hashes = self.store.tile_hashes(&self.site, self.ledger, level, first, end).await?;
        let mut tile = vec![hashes.unwrap_or_default()];
        while let Some(below) = tile.last().filter(|below| below.len() > 1) {
            let above =
                below.as_chunks().0.iter().map(|[left, right]| tree::node_hash(left, right)).collect();
            tile.push(above);
        }
        Ok(tile)
    }
}

/// Where a node is: the level and number of its tile, how far above the tile's own hashes, and its place there.
fn place(node: Node) -> (u8, u64, usize, usize) {
    let (level, above) = (node.level / 8, node.level % 8);
    let in_a_row = TILE_WIDTH >> above;
    #[expect(clippy::cast_possible_truncation, reason = "below 256")]
    let at = (node.index % in_a_row) as usize;
    (level, node.index / in_a_row, usize::from(above), at)
}
