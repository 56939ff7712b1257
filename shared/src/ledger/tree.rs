//! Owns the Merkle tree of RFC 6962 §2.1: growing it by its right edge, and the proofs of RFC 9162 §2.1.3 and §2.1.4.
//! Refuses to hold the tree: whoever has its nodes is asked for those that are needed.

use sha2::{Digest, Sha256};

use super::Hash;

/// Leaves of one tile, and children of each entry of a tile above (tlog-tiles).
pub const TILE_WIDTH: u64 = 256;

/// A complete subtree: the one at `index` among those of 2^`level` leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// 0 for a leaf.
    pub level: u8,
    /// Its place in its level, from the left.
    pub index: u64,
}

/// The hash of an inner node (RFC 6962 §2.1).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of an empty tree.
#[must_use]
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// The complete subtrees that a tree consists of, largest first: all that is needed to append to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    hashes: Vec<Hash>,
}

impl Frontier {
    /// The frontier of a tree of `size` leaves from its bytes; nothing if there are too many or too few of them.
    #[must_use]
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Self> {
        let hashes: Vec<Hash> = bytes.chunks(32).map(Hash::from_slice).collect::<Option<_>>()?;
        (hashes.len() == size.count_ones() as usize).then_some(Self { size, hashes })
    }

    /// Its bytes: 32 for each complete subtree.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; `complete` hears of every subtree that is complete with it, the leaf first.
    pub fn append(&mut self, leaf: Hash, mut complete: impl FnMut(Node, Hash)) {
        let mut node = Node { level: 0, index: self.size };
        let mut hash = leaf;
        complete(node, hash);
        while node.index % 2 == 1 {
            // An odd place has a left neighbour, and that is the frontier's last.
            let Some(left) = self.hashes.pop() else { break };
            hash = node_hash(&left, &hash);
            node = Node { level: node.level + 1, index: node.index / 2 };
            complete(node, hash);
        }
        self.hashes.push(hash);
        self.size += 1;
    }

    /// The tree's root.
    #[must_use]
    pub fn root(&self) -> Hash {
        fold(self.hashes.iter().copied()).unwrap_or_else(empty_root)
    }

    fn nodes(&self) -> impl Iterator<Item = (Node, Hash)> {
        complete_subtrees(0, self.size).into_iter().zip(self.hashes.iter().copied())
    }
}

/// A tree while it grows by some leaves: knows every node that their proofs need.
#[derive(Debug, Clone)]
pub struct Growth {
    frontier: Frontier,
    levels: Vec<Level>,
    tiles: Vec<(u8, u64, Hash)>,
}

/// Neighbouring complete subtrees of one size: at most one of the frontier, and what grew beside it.
#[derive(Debug, Clone, Default)]
struct Level {
    first: u64,
    hashes: Vec<Hash>,
}

impl Growth {
    /// Goes on from `frontier`.
    #[must_use]
    pub fn new(frontier: Frontier) -> Self {
        let mut levels = Vec::with_capacity(40);
        for (node, hash) in frontier.nodes() {
            note(&mut levels, node, hash);
        }
        Self { frontier, levels, tiles: Vec::new() }
    }

    /// Appends a leaf and says at which index.
    pub fn append(&mut self, leaf: Hash) -> u64 {
        let index = self.frontier.size();
        let Self { frontier, levels, tiles } = self;
        frontier.append(leaf, |node, hash| {
            note(levels, node, hash);
            if node.level > 0 && node.level.is_multiple_of(8) {
                tiles.push((node.level / 8, node.index, hash));
            }
        });
        index
    }

    /// The tree's right edge as it is now.
    #[must_use]
    pub fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// The entries of tiles above the leaves that became complete: tile level, place in the level, hash.
    #[must_use]
    pub fn tiles(&self) -> &[(u8, u64, Hash)] {
        &self.tiles
    }

    /// The inclusion proof of a leaf that was appended here (RFC 9162 §2.1.3.1); nothing for an older one.
    #[must_use]
    pub fn inclusion(&self, index: u64) -> Option<Vec<Hash>> {
        let mut path = siblings(index, self.frontier.size())?
            .map(|(start, end)| self.root_of(start, end))
            .collect::<Option<Vec<_>>>()?;
        path.reverse();
        Some(path)
    }

    /// The root over some leaves, the first of which begins a subtree that is as large as they are.
    fn root_of(&self, start: u64, end: u64) -> Option<Hash> {
        let (mut at, mut root) = (end, None);
        // The smallest complete subtree is the last one.
        for level in (0..64).filter(|level| (end - start) >> level & 1 == 1) {
            at -= 1 << level;
            let part = self.levels.get(level)?;
            let place = (at >> level).checked_sub(part.first)?;
            let hash = part.hashes.get(usize::try_from(place).ok()?)?;
            root = Some(root.map_or(*hash, |right| node_hash(hash, &right)));
        }
        root
    }
}

/// Takes a node into its level. What a tree completes in one level are neighbours, from left to right.
fn note(levels: &mut Vec<Level>, node: Node, hash: Hash) {
    let level = usize::from(node.level);
    if levels.len() <= level {
        levels.resize_with(level + 1, Level::default);
    }
    let part = &mut levels[level];
    if part.hashes.is_empty() {
        part.first = node.index;
    }
    part.hashes.push(hash);
}

/// The leaves beside each subtree that holds leaf `index`, from the largest to the smallest; nothing beyond the tree.
fn siblings(index: u64, size: u64) -> Option<impl Iterator<Item = (u64, u64)>> {
    let (mut start, mut end) = (0, size);
    (index < size).then(|| {
        std::iter::from_fn(move || {
            if end - start <= 1 {
                return None;
            }
            let middle = start + split(end - start);
            if index < middle {
                Some((middle, std::mem::replace(&mut end, middle)))
            } else {
                Some((std::mem::replace(&mut start, middle), middle))
            }
        })
    })
}

/// The hashes of a proof, each as the complete subtrees that it is made of, largest first.
pub type Plan = Vec<Vec<Node>>;

/// What the inclusion proof of leaf `index` in a tree of `size` leaves consists of (RFC 9162 §2.1.3.1).
#[must_use]
pub fn inclusion(index: u64, size: u64) -> Option<Plan> {
    let mut plan: Plan = siblings(index, size)?.map(|(start, end)| complete_subtrees(start, end)).collect();
    plan.reverse();
    Some(plan)
}

/// What the proof consists of that a tree of `old` leaves is the beginning of one of `new` leaves (RFC 9162 §2.1.4.1).
#[must_use]
pub fn consistency(old: u64, new: u64) -> Option<Plan> {
    if old > new {
        return None;
    }
    let mut plan = Vec::new();
    if old == 0 || old == new {
        return Some(plan);
    }
    let (mut start, mut end) = (0, new);
    // Whether the old tree is exactly the part looked at, and known to who asks.
    let mut known = true;
    while old < end {
        let middle = start + split(end - start);
        if old <= middle {
            plan.push(complete_subtrees(middle, end));
            end = middle;
        } else {
            plan.push(complete_subtrees(start, middle));
            start = middle;
            known = false;
        }
    }
    if !known {
        plan.push(complete_subtrees(start, end));
    }
    plan.reverse();
    Some(plan)
}

/// What the root of a tree of `size` leaves consists of: a plan with one hash.
#[must_use]
pub fn root(size: u64) -> Plan {
    vec![complete_subtrees(0, size)]
}

/// The hashes of a planned proof, with the nodes that `hash_of` knows; nothing if one is missing.
#[must_use]
pub fn resolve(plan: &Plan, mut hash_of: impl FnMut(Node) -> Option<Hash>) -> Option<Vec<Hash>> {
    plan.iter()
        .map(|part| {
            let hashes: Vec<Hash> = part.iter().map(|node| hash_of(*node)).collect::<Option<_>>()?;
            fold(hashes)
        })
        .collect()
}

/// The root that an inclusion proof leads to (RFC 9162 §2.1.3.2); nothing if the proof is not of that form.
#[must_use]
pub fn root_of_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut root) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            root = node_hash(sibling, &root);
            while at % 2 == 0 && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            root = node_hash(&root, sibling);
        }
        at /= 2;
        last /= 2;
    }
    (last == 0).then_some(root)
}

/// Whether `path` proves that the tree of `old` leaves is the beginning of the other (RFC 9162 §2.1.4.2).
#[must_use]
pub fn proves_consistency(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return path.is_empty() && old_root == new_root;
    }
    if old_size == 0 {
        return path.is_empty() && old_root == empty_root();
    }
    if old_size > new_size {
        return false;
    }
    // A complete old tree is itself the first node of the proof, and is left out of it.
    let first = old_size.is_power_of_two().then_some(old_root);
    let mut path = first.into_iter().chain(path.iter().copied());
    let Some(start) = path.next() else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at % 2 == 1 {
        at /= 2;
        last /= 2;
    }
    let (mut of_old, mut of_new) = (start, start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            of_old = node_hash(&sibling, &of_old);
            of_new = node_hash(&sibling, &of_new);
            while at % 2 == 0 && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            of_new = node_hash(&of_new, &sibling);
        }
        at /= 2;
        last /= 2;
    }
    last == 0 && of_old == old_root && of_new == new_root
}

/// The largest power of two below `size`, which is more than 1.
fn split(size: u64) -> u64 {
    1 << (size - 1).ilog2()
}

/// The complete subtrees that cover the leaves from `start`, which must be aligned to the largest of them, up to `end`.
fn complete_subtrees(mut start: u64, end: u64) -> Vec<Node> {
    let mut nodes = Vec::new();
    while start < end {
        let level = (end - start).ilog2();
        #[expect(clippy::cast_possible_truncation, reason = "a level is below 64")]
        nodes.push(Node { level: level as u8, index: start >> level });
        start += 1 << level;
    }
    nodes
}

/// The root over a power of two of subtrees of one size.
#[must_use]
pub fn root_of_complete(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.append(*hash, |_, _| ());
    }
    frontier.root()
}

/// The hash over complete subtrees, largest first: the smallest two are joined first.
fn fold(hashes: impl IntoIterator<Item = Hash, IntoIter: DoubleEndedIterator>) -> Option<Hash> {
    hashes.into_iter().rev().reduce(|right, left| node_hash(&left, &right))
}

#[cfg(test)]
mod tests;
