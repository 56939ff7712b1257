//! Owns the proof of one receipt as a file (C2SP tlog-proof): what it takes to check it without anybody's help.
//! Refuses to believe its own extra data: it counts only as far as the leaf that it gives is in the tree.

use std::fmt;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::note::{NoteError, PublicKey};
use super::{Checkpoint, Entry, Hash, Salt, SignedCheckpoint, from_base64, tree};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// That a receipt stands in a ledger under a signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptProof {
    /// The receipt's leaf index.
    pub index: u64,
    /// From the leaf's sibling up to the root's child.
    pub path: Vec<Hash>,
    /// The checkpoint that the path leads to.
    pub checkpoint: SignedCheckpoint,
    /// What the leaf commits to; in the file's extra data. A proof without it shows that a leaf is there, not of what.
    pub opening: Option<Opening>,
}

/// What a receipt's leaf commits to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// The receipt's stored bytes.
    pub receipt: Box<RawValue>,
    /// The salt.
    pub salt: Salt,
}

impl PartialEq for Opening {
    fn eq(&self, other: &Self) -> bool {
        self.receipt.get() == other.receipt.get() && self.salt == other.salt
    }
}

impl Eq for Opening {}

impl Opening {
    /// The hash of the leaf that commits to this.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        Entry::Receipt { commitment: self.salt.commit_receipt(self.receipt.get()) }.leaf_hash()
    }
}

/// Why a proof does not prove.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// It has not the form of a proof.
    #[error("it is not a tlog-proof file: {0}")]
    Malformed(&'static str),
    /// The checkpoint is not signed as it should be.
    #[error("the checkpoint cannot be believed: {0}")]
    Note(#[from] NoteError),
    /// The receipt or its salt is missing.
    #[error("the proof shows that a leaf is there, but it holds no receipt")]
    NoOpening,
    /// The receipt, its salt, its place or the path was changed.
    #[error("the receipt is not the one that was recorded at leaf {0}")]
    NotIncluded(u64),
}

impl ReceiptProof {
    /// Checks the opening, the path and the signature of `key`; returns what the checkpoint says.
    pub fn verify(&self, key: &PublicKey) -> Result<&Checkpoint, ProofError> {
        let checkpoint = self.checkpoint.verify(key)?;
        let leaf = self.opening.as_ref().ok_or(ProofError::NoOpening)?.leaf_hash();
        match tree::root_of_inclusion(leaf, self.index, checkpoint.size, &self.path) {
            Some(root) if root == checkpoint.root => Ok(checkpoint),
            _ => Err(ProofError::NotIncluded(self.index)),
        }
    }

    /// Reads a proof; nothing of it is checked yet.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let malformed = ProofError::Malformed;
        let (head, note) = text.split_once("\n\n").ok_or(malformed("no checkpoint follows"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(malformed("it does not begin with c2sp.org/tlog-proof@v1"));
        }
        let opening = lines
            .next_if(|line| line.starts_with("extra "))
            .map(|line| {
                let bytes = from_base64(&line["extra ".len()..])?;
                serde_json::from_slice(&bytes).ok()
            })
            .map(|opening| opening.ok_or(malformed("its extra data is no receipt with its salt")))
            .transpose()?;
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .filter(|index| *index == "0" || index.starts_with(|c: char| ('1'..='9').contains(&c)))
            .and_then(|index| index.parse().ok())
            .ok_or(malformed("it has no index"))?;
        let path = lines
            .map(Hash::from_base64)
            .collect::<Result<_, _>>()
            .map_err(|_| malformed("a hash is none"))?;
        Ok(Self { index, path, checkpoint: SignedCheckpoint::parse(note)?, opening })
    }
}

impl fmt::Display for ReceiptProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(opening) = &self.opening {
            let extra = serde_json::to_string(opening).map_err(|_| fmt::Error)?;
            writeln!(f, "extra {}", BASE64.encode(extra.as_bytes()))?;
        }
        writeln!(f, "index {}", self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", BASE64.encode_display(&hash.0))?;
        }
        write!(f, "\n{}", self.checkpoint.note())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Frontier, Growth, SigningKey};

    fn proof() -> (ReceiptProof, PublicKey) {
        let opening =
            Opening { receipt: RawValue::from_string(r#"{"a":1}"#.to_owned()).unwrap(), salt: Salt([4; 32]) };
        let mut growth = Growth::new(Frontier::default());
        growth.append(Hash([1; 32]));
        let index = growth.append(opening.leaf_hash());
        growth.append(Hash([2; 32]));
        let key = SigningKey::from_seed(&[5; 32]);
        let (origin, root) = ("shop.example/_assent/shop".to_owned(), growth.frontier().root());
        let public = key.public(&origin);
        let checkpoint = Checkpoint { origin, size: 3, root }.sign(&[&key]);
        let path = growth.inclusion(index).unwrap();
        (ReceiptProof { index, path, checkpoint, opening: Some(opening) }, public)
    }

    #[test]
    fn a_proof_is_written_read_and_proves() {
        let (proof, key) = proof();
        let text = proof.to_string();
        assert_eq!(ReceiptProof::parse(&text), Ok(proof.clone()));
        assert_eq!(proof.verify(&key).unwrap().size, 3);
        let bare = ReceiptProof { opening: None, ..proof.clone() };
        assert_eq!(ReceiptProof::parse(&bare.to_string()), Ok(bare.clone()));
        assert_eq!(bare.verify(&key), Err(ProofError::NoOpening));
    }

    #[test]
    fn whatever_is_changed_is_seen() {
        let (good, key) = proof();
        let not_included = Err(ProofError::NotIncluded(1));
        let mut bad = good.clone();
        bad.opening.as_mut().unwrap().receipt = RawValue::from_string(r#"{"a":2}"#.to_owned()).unwrap();
        assert_eq!(bad.verify(&key), not_included);
        let mut bad = good.clone();
        bad.opening.as_mut().unwrap().salt.0[0] ^= 1;
        assert_eq!(bad.verify(&key), not_included);
        let mut bad = good.clone();
        bad.path[0].0[31] ^= 1;
        assert_eq!(bad.verify(&key), not_included);
        let bad = ReceiptProof { index: 2, ..good.clone() };
        assert_eq!(bad.verify(&key), Err(ProofError::NotIncluded(2)));
        let other = SigningKey::from_seed(&[6; 32]).public(key.name());
        assert!(matches!(good.verify(&other), Err(ProofError::Note(_))));
        for (from, to) in
            [("index 1", "index 01"), ("index 1", "index -1"), ("extra ", "extra !"), ("@v1", "@v2")]
        {
            assert!(ReceiptProof::parse(&good.to_string().replace(from, to)).is_err(), "{to}");
        }
    }
}
