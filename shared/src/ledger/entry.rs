//! Owns what stands in a leaf: a commitment for what concerns a visitor, everything else in the clear.
//! Refuses to put anything of a visitor into a leaf: without the salt a commitment cannot be guessed back.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Hash, PublicKey};

/// 32 random bytes that hide what a commitment commits to, until they are erased.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Salt(pub [u8; 32]);

impl Salt {
    /// Commits to the canonical bytes of a receipt.
    #[must_use]
    pub fn commit_receipt(&self, body: &str) -> Hash {
        self.commit(b"assent.receipt.v1\0", body)
    }

    /// Commits to the canonical bytes of a tombstone.
    #[must_use]
    pub fn commit_tombstone(&self, body: &str) -> Hash {
        self.commit(b"assent.tombstone.v1\0", body)
    }

    /// Commits to the canonical bytes of an audit entry.
    #[must_use]
    pub fn commit_audit(&self, body: &str) -> Hash {
        self.commit(b"assent.audit.v1\0", body)
    }

    /// The tag has no other tag as its beginning, and the salt's length is fixed: no two inputs give the same bytes.
    fn commit(&self, tag: &[u8], body: &str) -> Hash {
        Hash(Sha256::new().chain_update(tag).chain_update(self.0).chain_update(body).finalize().into())
    }
}

impl std::fmt::Debug for Salt {
    /// A salt in a log would undo what it hides.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Salt")
    }
}

impl TryFrom<String> for Salt {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = HEXLOWER.decode(text.as_bytes()).map_err(|_| "a salt is 64 hexadecimal digits")?;
        bytes.try_into().map(Self).map_err(|_| "a salt is 64 hexadecimal digits")
    }
}

impl From<Salt> for String {
    fn from(salt: Salt) -> Self {
        HEXLOWER.encode(&salt.0)
    }
}

/// A leaf's content. Its canonical JSON (RFC 8785) is what is hashed and published; fields stand in alphabetical order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "entries are passed on at once, never kept by the million")]
pub enum Entry {
    /// A decision's receipt.
    Receipt {
        /// See [`Salt::commit_receipt`].
        commitment: Hash,
    },
    /// An operator did or saw something; only in the audit log's own ledger.
    Audit {
        /// See [`Salt::commit_audit`].
        commitment: Hash,
    },
    /// Some receipts were erased.
    Tombstone {
        /// See [`Salt::commit_tombstone`].
        commitment: Hash,
    },
    /// A notice was published.
    Notice {
        /// SHA-256 of its canonical bytes.
        hash: Hash,
        /// Its number at the site.
        number: u32,
        /// Milliseconds since 1970.
        published_at: i64,
    },
    /// A build of the widget was served from here on.
    Widget {
        /// The build's name, as receipts give it.
        build: String,
        /// SHA-256 of the WebAssembly. All zeros for a build from before the ledger, whose files nobody has any more.
        code: Hash,
        /// SHA-256 of the script that loads it.
        glue: Hash,
    },
    /// Another key signs from here on. The checkpoint that covers this leaf first is signed by both.
    Key {
        /// The key that signs from now on (signed-note verifier key).
        key: PublicKey,
        /// The one that signed until now.
        previous: PublicKey,
    },
    /// This ledger goes on where another one had to end; its first leaf.
    Link {
        /// The other one's name.
        origin: String,
        /// Its root at `size`.
        root: Hash,
        /// How much of it this installation still has.
        size: u64,
        /// The newest size that was seen published; what lies between is lost here.
        published_size: u64,
    },
}

impl Entry {
    /// The bytes of the leaf.
    ///
    /// # Panics
    /// Never: every field is a string or a number.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        // Nearly all entries are these two, and a verifier writes a million of them.
        match self {
            Self::Receipt { commitment } => {
                return format!(r#"{{"commitment":"{commitment}","type":"receipt"}}"#);
            }
            Self::Tombstone { commitment } => {
                return format!(r#"{{"commitment":"{commitment}","type":"tombstone"}}"#);
            }
            _ => {}
        }
        // Through a sorted map: the tag comes first otherwise.
        let sorted: Option<BTreeMap<String, Value>> =
            serde_json::to_value(self).and_then(serde_json::from_value).ok();
        serde_json::to_string(&sorted.expect("an entry is a map")).expect("an entry is plain data")
    }

    /// The leaf's hash (RFC 6962 §2.1).
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(self.canonical_json().as_bytes())
    }
}

/// The hash of a leaf with these bytes: SHA-256 of 0x00 and them (RFC 6962 §2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// Why receipts were erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The visitor asked for it, with the secret of their browser.
    Visitor,
    /// The operator carried out a request (GDPR art. 17).
    Request,
    /// The site's retention ended.
    Retention,
}

impl Reason {
    /// The name used in SQL and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Request => "request",
            Self::Retention => "retention",
        }
    }
}

/// What a tombstone commits to: which receipts were blanked, and why; nothing about whom. Public would only be its commitment,
/// because leaf indexes that are erased together are one visitor's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Milliseconds since 1970.
    pub erased_at: i64,
    /// First and last leaf index of each run of receipts, ascending.
    pub leaves: Vec<(u64, u64)>,
    /// The number of the ledger that they are in: a receipt may be erased after its ledger has ended.
    pub ledger: u64,
    /// Why.
    pub reason: Reason,
    /// The body's format; 1.
    pub version: u8,
}

impl Tombstone {
    /// The bytes that are committed to.
    ///
    /// # Panics
    /// Never: every field is a number or a word.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        serde_json::to_string(self).expect("a tombstone is plain data")
    }

    /// Joins ascending leaf indexes to runs.
    #[must_use]
    pub fn runs(indexes: &[u64]) -> Vec<(u64, u64)> {
        let mut runs: Vec<(u64, u64)> = Vec::new();
        for &index in indexes {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == index => *last = index,
                _ => runs.push((index, index)),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_canonical_and_come_back() {
        let hash = Hash([7; 32]);
        for entry in [
            Entry::Receipt { commitment: hash },
            Entry::Audit { commitment: hash },
            Entry::Tombstone { commitment: hash },
            Entry::Notice { hash, number: 3, published_at: -5 },
            Entry::Widget { build: "ab".to_owned(), code: hash, glue: hash },
            Entry::Link { origin: "a/b".to_owned(), root: hash, size: 3, published_size: 9 },
        ] {
            let text = entry.canonical_json();
            assert_eq!(text, serde_json_canonicalizer::to_string(&entry).unwrap());
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
        }
        let tombstone = Tombstone {
            erased_at: 1,
            leaves: vec![(1, 3), (9, 9)],
            ledger: 1,
            reason: Reason::Visitor,
            version: 1,
        };
        assert_eq!(tombstone.canonical_json(), serde_json_canonicalizer::to_string(&tombstone).unwrap());
    }

    #[test]
    fn a_commitment_hangs_on_its_kind_its_salt_and_every_byte() {
        let salt = Salt([1; 32]);
        let commitment = salt.commit_receipt("{}");
        assert_ne!(commitment, salt.commit_tombstone("{}"));
        assert_ne!(commitment, salt.commit_audit("{}"));
        assert_ne!(commitment, salt.commit_receipt("{} "));
        assert_ne!(commitment, Salt([2; 32]).commit_receipt("{}"));
        assert_eq!(format!("{salt:?}"), "Salt");
    }

    #[test]
    fn runs_join_neighbours() {
        assert_eq!(Tombstone::runs(&[1, 2, 3, 7, 9, 10]), [(1, 3), (7, 7), (9, 10)]);
        assert!(Tombstone::runs(&[]).is_empty());
    }
}
