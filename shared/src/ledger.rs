//! Owns the ledger's arithmetic: commitments, leaves, the Merkle tree, checkpoints and proofs, the same code in the server, on
//! the command line and in the browser.
//! Refuses I/O, the clock and randomness: salts and keys are given to it.
//!
//! The tree is RFC 6962's (§2.1, SHA-256); what is published has the formats of C2SP: signed-note, tlog-checkpoint, tlog-tiles
//! and tlog-proof, so that existing tools read it.

pub mod audit;
pub mod checkpoint;
pub mod entry;
pub mod note;
pub mod proof;
pub mod tree;
pub mod witness;

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};

pub use audit::AuditEntry;
pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use entry::{Entry, Reason, Salt, Tombstone};
pub use note::{PublicKey, SigningKey};
pub use proof::ReceiptProof;
pub use tree::{Frontier, Growth, Node};

/// The bytes that standard base64 (RFC 4648 §4) writes; nothing, where it would write them otherwise. The library also reads several
/// texts with their padding in a row, so that one checkpoint or proof would have many spellings.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let one = !text.trim_end_matches('=').contains('=');
    BASE64.decode(text.as_bytes()).ok().filter(|_| one)
}

/// A SHA-256: of a leaf, of a node of the tree, or a commitment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// What is not the hash that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256")]
pub struct NotAHash(String);

impl Hash {
    /// In standard base64 (RFC 4648 §4), as checkpoints and proofs write it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        BASE64.encode(&self.0)
    }

    /// From standard base64.
    pub fn from_base64(text: &str) -> Result<Self, NotAHash> {
        from_base64(text).and_then(|bytes| Self::from_slice(&bytes)).ok_or_else(|| NotAHash(text.into()))
    }

    /// From exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Hash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        HEXLOWER
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| Self::from_slice(&bytes))
            .ok_or_else(|| NotAHash(text.into()))
    }
}

impl TryFrom<String> for Hash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_has_one_spelling_in_base64() {
        let hash = Hash([0xa5; 32]);
        assert_eq!(Hash::from_base64(&hash.to_base64()), Ok(hash));
        // The same bytes, padded after the 29th; a fuzzer wrote it so.
        let twice = BASE64.encode(&hash.0[..29]) + &BASE64.encode(&hash.0[29..]);
        assert_eq!((twice.len(), BASE64.decode(twice.as_bytes()).ok()), (44, Some(hash.0.to_vec())));
        assert!(Hash::from_base64(&twice).is_err());
        assert_eq!((from_base64(""), from_base64("=")), (Some(Vec::new()), None));
    }
}
