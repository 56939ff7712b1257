//! Owns a line of `ledger/`: one leaf with what opens it, written and read in one place.
//! Refuses to parse a receipt: the bytes that are hashed are the bytes in the file.

use std::borrow::Cow;
use std::fmt;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::ledger::entry::leaf_hash;
use crate::ledger::{Entry, Hash, Salt};

/// One leaf of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its place in the ledger.
    pub index: u64,
    /// What stands there.
    pub content: Content<'a>,
    /// In a part of a ledger: the inclusion proof under the bundle's checkpoint.
    pub path: Option<Vec<Hash>>,
}

/// What stands in a leaf, and as much of what it commits to as is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content<'a> {
    /// A public leaf: its canonical bytes.
    Public(Cow<'a, str>),
    /// A receipt with its salt.
    Receipt {
        /// The stored bytes.
        body: Cow<'a, str>,
        /// The salt.
        salt: Salt,
    },
    /// A receipt that was erased: its commitment is left.
    Erased(Hash),
    /// A receipt whose processing is restricted (GDPR art. 18): it is there, and not shown.
    Withheld(Hash),
    /// A tombstone with its salt.
    Tombstone {
        /// The stored bytes.
        body: Cow<'a, str>,
        /// The salt.
        salt: Salt,
    },
}

impl Content<'_> {
    /// The hash of the leaf.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        match self {
            Self::Public(entry) => leaf_hash(entry.as_bytes()),
            Self::Receipt { body, salt } => {
                Entry::Receipt { commitment: salt.commit_receipt(body) }.leaf_hash()
            }
            Self::Erased(commitment) | Self::Withheld(commitment) => {
                Entry::Receipt { commitment: *commitment }.leaf_hash()
            }
            Self::Tombstone { body, salt } => {
                Entry::Tombstone { commitment: salt.commit_tombstone(body) }.leaf_hash()
            }
        }
    }
}

impl fmt::Display for Line<'_> {
    /// The line, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{\"index\":{},", self.index)?;
        match &self.content {
            Content::Public(entry) => write!(f, "\"entry\":{entry}")?,
            Content::Receipt { body, salt } => {
                write!(f, "\"receipt\":{body},\"salt\":\"{}\"", HEXLOWER.encode(&salt.0))?;
            }
            Content::Erased(commitment) => write!(f, "\"erased\":\"{commitment}\"")?,
            Content::Withheld(commitment) => write!(f, "\"withheld\":\"{commitment}\"")?,
            Content::Tombstone { body, salt } => {
                write!(f, "\"tombstone\":{body},\"salt\":\"{}\"", HEXLOWER.encode(&salt.0))?;
            }
        }
        if let Some(path) = &self.path {
            f.write_str(",\"path\":[")?;
            for (at, hash) in path.iter().enumerate() {
                write!(f, "{}\"{}\"", if at == 0 { "" } else { "," }, hash.to_base64())?;
            }
            f.write_str("]")?;
        }
        f.write_str("}")
    }
}

/// The line as JSON has it. Everything is borrowed: there are millions.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    index: u64,
    #[serde(borrow)]
    entry: Option<&'a RawValue>,
    #[serde(borrow)]
    receipt: Option<&'a RawValue>,
    #[serde(borrow)]
    tombstone: Option<&'a RawValue>,
    salt: Option<&'a str>,
    erased: Option<&'a str>,
    withheld: Option<&'a str>,
    #[serde(borrow)]
    path: Option<Vec<&'a str>>,
}

impl<'a> Line<'a> {
    /// Reads a line; says what is wrong with one that cannot be read.
    pub fn parse(line: &'a str) -> Result<Self, String> {
        let raw: Raw<'a> = serde_json::from_str(line).map_err(|error| error.to_string())?;
        let Raw { index, entry, receipt, tombstone, salt, erased, withheld, path } = raw;
        let salt = salt.map(|salt| bytes_of(salt).map(Salt).ok_or("its salt is not 64 hexadecimal digits"));
        let salt = salt.transpose()?;
        let hash = |text: &str| bytes_of(text).map(Hash).ok_or("its commitment is not a SHA-256");
        let raw = |value: &'a RawValue| Cow::Borrowed(value.get());
        let content = match (entry, receipt, tombstone, salt, erased, withheld) {
            (Some(entry), None, None, None, None, None) => Content::Public(raw(entry)),
            (None, Some(body), None, Some(salt), None, None) => Content::Receipt { body: raw(body), salt },
            (None, None, Some(body), Some(salt), None, None) => Content::Tombstone { body: raw(body), salt },
            (None, None, None, None, Some(erased), None) => Content::Erased(hash(erased)?),
            (None, None, None, None, None, Some(withheld)) => Content::Withheld(hash(withheld)?),
            _ => return Err("it has not exactly one content".to_owned()),
        };
        let path = path.map(|path| path.into_iter().map(Hash::from_base64).collect::<Result<Vec<_>, _>>());
        let path = path.transpose().map_err(|error| error.to_string())?;
        Ok(Self { index, content, path })
    }
}

fn bytes_of(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    let sound = hex.len() == 64 && HEXLOWER.decode_mut(hex.as_bytes(), &mut bytes).is_ok();
    sound.then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_written_and_come_back() {
        let (hash, salt) = (Hash([7; 32]), Salt([9; 32]));
        for content in [
            Content::Public("{\"type\":\"x\"}".into()),
            Content::Receipt { body: "{\"a\":[1,\"b\"]}".into(), salt },
            Content::Erased(hash),
            Content::Withheld(hash),
            Content::Tombstone { body: "{}".into(), salt },
        ] {
            for path in [None, Some(vec![]), Some(vec![hash, Hash([8; 32])])] {
                let line = Line { index: 12, content: content.clone(), path };
                assert_eq!(Line::parse(&line.to_string()), Ok(line.clone()), "{line}");
            }
        }
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let commitment = Hash([7; 32]).to_string();
        for bad in [
            "{\"index\":1}".to_owned(),
            "{\"index\":1,\"receipt\":{}}".to_owned(),
            "{\"index\":1,\"entry\":{},\"more\":1}".to_owned(),
            format!("{{\"index\":1,\"erased\":\"{}\"}}", commitment.to_uppercase().replace('7', "A")),
            format!("{{\"index\":1,\"erased\":\"{commitment}\",\"withheld\":\"{commitment}\"}}"),
            format!("{{\"index\":1,\"index\":1,\"erased\":\"{commitment}\"}}"),
            format!("{{\"index\":-1,\"erased\":\"{commitment}\"}}"),
        ] {
            assert!(Line::parse(&bad).is_err(), "{bad}");
        }
    }
}
