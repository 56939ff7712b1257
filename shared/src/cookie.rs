//! Owns the `assent` cookie: the newest decision in as few bytes as answer "may this purpose run?".
//! Refuses to guess: whatever does not parse is no decision, and no decision grants nothing.
//!
//! The loader has its twin in JavaScript (`widget/loader.js`); a browser scenario holds the two together.

use std::collections::BTreeSet;

use crate::decision::Decision;
use crate::id::PurposeId;

/// The cookie's name.
pub const COOKIE: &str = "assent";
/// The name of the cookie that keeps the visitor's secret.
pub const ID_COOKIE: &str = "assent_id";
/// One year, the same for a yes and a no; below the 400 days that browsers allow (RFC 6265bis §5.5).
pub const MAX_AGE_SECONDS: u32 = 31_536_000;

/// The newest decision as the cookie keeps it: `1~NOTICE_NUMBER~DECIDED_AT~GRANTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredDecision {
    /// The number of the notice that was answered.
    pub notice: u32,
    /// The visitor's clock in whole seconds since 1970, written in base 36.
    pub decided_at: i64,
    /// The optional purposes that were granted; all others are denied.
    pub grants: BTreeSet<PurposeId>,
}

impl StoredDecision {
    /// Reads a cookie's value; `None` for anything that is not exactly of this form.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let [version, notice, decided_at, grants] = value.split('~').collect::<Vec<_>>().try_into().ok()?;
        if version != "1" || notice.starts_with('+') {
            return None;
        }
        Some(Self {
            notice: notice.parse().ok()?,
            decided_at: parse_base36(decided_at)?,
            grants: if grants.is_empty() {
                BTreeSet::new()
            } else {
                grants.split('.').map(|grant| grant.parse().ok()).collect::<Option<_>>()?
            },
        })
    }

    /// The cookie's value.
    #[must_use]
    pub fn value(&self) -> String {
        let grants: Vec<&str> = self.grants.iter().map(PurposeId::as_str).collect();
        format!("1~{}~{}~{}", self.notice, base36(self.decided_at), grants.join("."))
    }
}

impl From<&Decision> for StoredDecision {
    fn from(decision: &Decision) -> Self {
        Self {
            notice: decision.notice,
            decided_at: decision.decided_at.div_euclid(1000),
            grants: decision
                .choices
                .iter()
                .filter(|(_, granted)| **granted)
                .map(|(id, _)| id.clone())
                .collect(),
        }
    }
}

fn base36(number: i64) -> String {
    let mut digits = Vec::new();
    let mut rest = number.unsigned_abs();
    loop {
        let digit = u32::try_from(rest % 36).unwrap_or_default();
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        rest /= 36;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

fn parse_base36(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical =
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase());
    if canonical { i64::from_str_radix(text, 36).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cookie_is_short_and_readable() {
        let stored = StoredDecision::parse("1~3~t9k2bw~analytics.video").unwrap();
        assert_eq!(stored.notice, 3);
        assert_eq!(stored.grants.len(), 2);
        assert_eq!(StoredDecision::parse("1~3~t9k2bw~").unwrap().grants.len(), 0);
    }

    #[test]
    fn anything_else_is_no_decision() {
        for bad in [
            "",
            "1",
            "1~",
            "2~1~t9k2bw~",
            "1~1~t9k2bw",
            "1~1~t9k2bw~~",
            "1~-1~t9k2bw~",
            "1~+1~t9k2bw~",
            "1~1~T9K2BW~",
            "1~1~t9k2bw~a..b",
            "1~1~t9k2bw~Analytics",
            "1~1~~analytics",
            "1~1~zzzzzzzzzzzzzzzz~",
            "1~99999999999~t9k2bw~",
            "true",
            "{}",
            "1~1~t9k2bw~analytics~",
        ] {
            assert_eq!(StoredDecision::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(notice: u32, decided_at in -8_640_000_000_000_i64..8_640_000_000_000,
                                        grants in proptest::collection::btree_set("[a-z][a-z0-9_]{0,9}", 0..5)) {
            let grants = grants.iter().map(|id| id.parse().unwrap()).collect();
            let stored = StoredDecision { notice, decided_at, grants };
            prop_assert_eq!(StoredDecision::parse(&stored.value()), Some(stored));
        }

        #[test]
        fn no_text_is_misread(text in "\\PC{0,40}") {
            if let Some(stored) = StoredDecision::parse(&text) {
                prop_assert_eq!(StoredDecision::parse(&stored.value()), Some(stored));
            }
        }
    }
}
