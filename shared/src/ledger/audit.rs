//! Owns what one entry of the audit log says: who did or saw what, when, on which site, and about what.
//! Refuses what identifies a machine or opens a door: no address, no user agent, no password, key or token has a field here.

use serde::{Deserialize, Serialize};

use crate::id::SiteId;

/// The body of an audit entry. Its fields stand in alphabetical order, so that `serde_json` writes RFC 8785's canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// What it was about, for people: a decision's id, a filter, an operator's e-mail address.
    pub about: String,
    /// What was done: `receipt.view`.
    pub action: String,
    /// Who: an e-mail address, a key's id and label, or `command line`.
    pub actor: String,
    /// Milliseconds since 1970.
    pub at: i64,
    /// The site, where it concerned one.
    pub site: Option<SiteId>,
    /// The body's format; 1.
    pub version: u8,
}

impl AuditEntry {
    /// The bytes that are committed to.
    ///
    /// # Panics
    /// Never: every field is a string or a number.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        serde_json::to_string(self).expect("an audit entry is plain data")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audit_entry_is_written_canonically() {
        for site in [None, Some("shop".parse().unwrap())] {
            let entry = AuditEntry {
                about: "\u{1f600} \"quoted\"\n".to_owned(),
                action: "receipt.view".to_owned(),
                actor: "ann@example.org".to_owned(),
                at: 1_795_219_200_000,
                site,
                version: 1,
            };
            assert_eq!(entry.canonical_json(), serde_json_canonicalizer::to_string(&entry).unwrap());
        }
    }
}
