//! The tree against an independent implementation, and against every proof that should not hold.

use std::collections::HashMap;

use ct_merkle::RootHash;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::ledger::entry::leaf_hash;

fn leaf(number: u64) -> Hash {
    leaf_hash(&number.to_be_bytes())
}

/// Every node of a tree, kept as a store would.
fn tree(size: u64) -> (Frontier, HashMap<Node, Hash>) {
    let (mut frontier, mut nodes) = (Frontier::default(), HashMap::new());
    for number in 0..size {
        frontier.append(leaf(number), |node, hash| {
            nodes.insert(node, hash);
        });
    }
    (frontier, nodes)
}

fn oracle(size: u64) -> MemoryBackedTree<Sha256, [u8; 8]> {
    let mut tree = MemoryBackedTree::new();
    for number in 0..size {
        tree.push(number.to_be_bytes());
    }
    tree
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

#[test]
fn rfc_6962s_empty_tree_has_the_hash_of_nothing() {
    assert_eq!(
        Frontier::default().root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
}

proptest! {
    #[test]
    fn roots_and_proofs_are_the_oracles(size in 1_u64..700, at in any::<prop::sample::Index>(), from in any::<prop::sample::Index>()) {
        let (frontier, nodes) = tree(size);
        let oracle_tree = oracle(size);
        let (ours, root): (Hash, RootHash<Sha256>) = (frontier.root(), oracle_tree.root());
        prop_assert_eq!(ours.0.as_slice(), root.as_bytes().as_slice());

        let index = at.index(usize::try_from(size).unwrap()) as u64;
        let path = resolve(&inclusion(index, size).unwrap(), |node| nodes.get(&node).copied()).unwrap();
        let theirs = oracle_tree.prove_inclusion(usize::try_from(index).unwrap());
        prop_assert_eq!(bytes(&path), theirs.as_bytes());
        prop_assert_eq!(root_of_inclusion(leaf(index), index, size, &path), Some(frontier.root()));

        let old = from.index(usize::try_from(size).unwrap()) as u64 + 1;
        let (before, _) = tree(old);
        let path = resolve(&consistency(old, size).unwrap(), |node| nodes.get(&node).copied()).unwrap();
        if old < size {
            let theirs = oracle_tree.prove_consistency(usize::try_from(size - old).unwrap());
            prop_assert_eq!(bytes(&path), theirs.as_bytes());
        }
        prop_assert!(proves_consistency((old, before.root()), (size, frontier.root()), &path));
    }

    #[test]
    fn a_growing_tree_proves_what_it_appended(before in 0_u64..600, more in 1_u64..600) {
        let (frontier, _) = tree(before);
        let mut growth = Growth::new(Frontier::from_bytes(before, &frontier.to_bytes()).unwrap());
        for number in before..before + more {
            prop_assert_eq!(growth.append(leaf(number)), number);
        }
        let (whole, nodes) = tree(before + more);
        prop_assert_eq!(growth.frontier(), &whole);
        for index in before..before + more {
            let path = growth.inclusion(index).unwrap();
            prop_assert_eq!(root_of_inclusion(leaf(index), index, before + more, &path), Some(whole.root()));
        }
        for (level, index, hash) in growth.tiles() {
            prop_assert_eq!(nodes.get(&Node { level: level * 8, index: *index }), Some(hash));
        }
        prop_assert_eq!(growth.tiles().len() as u64, (before + more) / 256 - before / 256);
    }

    #[test]
    fn nothing_but_the_proof_proves(size in 2_u64..300, at in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>()) {
        let (frontier, nodes) = tree(size);
        let index = at.index(usize::try_from(size).unwrap()) as u64;
        let mut path = resolve(&inclusion(index, size).unwrap(), |node| nodes.get(&node).copied()).unwrap();
        prop_assert_ne!(root_of_inclusion(leaf(size), index, size, &path), Some(frontier.root()));
        prop_assert_eq!(root_of_inclusion(leaf(index), size, size, &path), None);
        let byte = flip.index(path.len() * 32);
        path[byte / 32].0[byte % 32] ^= 1;
        prop_assert_ne!(root_of_inclusion(leaf(index), index, size, &path), Some(frontier.root()));
        path.pop();
        prop_assert_ne!(root_of_inclusion(leaf(index), index, size, &path), Some(frontier.root()));
    }
}

#[test]
fn a_tree_of_another_past_is_not_consistent() {
    let (new, nodes) = tree(40);
    for old in 1..40 {
        let path = resolve(&consistency(old, 40).unwrap(), |node| nodes.get(&node).copied()).unwrap();
        let mut other = Frontier::default();
        for number in 0..old {
            other.append(leaf(number + 1), |_, _| ());
        }
        assert!(!proves_consistency((old, other.root()), (40, new.root()), &path), "{old}");
    }
    assert!(proves_consistency((0, empty_root()), (40, new.root()), &[]));
    assert!(!proves_consistency((41, new.root()), (40, new.root()), &[]));
    assert_eq!(consistency(41, 40), None);
    assert_eq!(inclusion(40, 40), None);
}
