//! Owns the receipt's body: a decision with what the server adds, as canonical bytes that are stored once and never
//! written again. Refuses to read a clock: the recorder says when.

use serde::{Deserialize, Serialize};

use crate::decision::{Choices, Decision, Method};
use crate::id::{DecisionId, Locale, SiteId, VisitorId};

/// One year in milliseconds: how long a decision is valid, the same for a yes and a no.
pub const VALID_MILLISECONDS: i64 = 31_536_000_000;
/// A visitor's clock that differs from the server's by more than a day is marked.
pub const CLOCK_OFF_MILLISECONDS: i64 = 86_400_000;

/// A receipt's body. Its fields stand in alphabetical order, so that `serde_json` writes RFC 8785's canonical form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Every optional purpose, granted or denied.
    #[cfg_attr(feature = "schema", schema(value_type = std::collections::BTreeMap<crate::id::PurposeId, bool>))]
    pub choices: Choices,
    /// Whether the visitor's clock was more than a day away from the server's.
    pub clock_off: bool,
    /// The visitor's clock, milliseconds since 1970: kept, but not what counts.
    pub decided_at: i64,
    /// The decision's id.
    pub decision: DecisionId,
    /// Whether Global Privacy Control was on, in the page or in the request's `Sec-GPC`.
    pub gpc: bool,
    /// 1 for the banner, 2 for the preferences, 3 for the placeholder of an embed.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3))]
    pub layer: u8,
    /// The language in which the notice was shown.
    pub locale: Locale,
    /// How the decision was made.
    pub method: Method,
    /// The notice that was shown.
    pub notice: NoticeRef,
    /// Scheme, host and port of the page, never its path.
    pub origin: String,
    /// The server's clock, milliseconds since 1970: the time that counts.
    pub received_at: i64,
    /// The decision that this one replaces.
    pub replaces: Option<DecisionId>,
    /// The site.
    pub site: SiteId,
    /// Until when the decision is valid, milliseconds since 1970.
    pub valid_until: i64,
    /// The body's format; 1.
    pub version: u8,
    /// The visitor's pseudonym at this site.
    pub visitor: VisitorId,
    /// The hash of the widget build that the server served.
    pub widget: String,
}

/// A notice's number at its site, and the SHA-256 of its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NoticeRef {
    /// Lower-case hex.
    pub hash: String,
    /// 1 for a site's first notice.
    pub number: u32,
}

impl Receipt {
    /// The receipt of `decision`, received at `received_at`.
    #[must_use]
    pub fn new(
        decision: Decision,
        site: SiteId,
        notice_hash: String,
        origin: String,
        widget: String,
        received_at: i64,
    ) -> Self {
        Self {
            visitor: decision.visitor.visitor_id(&site),
            choices: decision.choices,
            clock_off: (decision.decided_at - received_at).abs() > CLOCK_OFF_MILLISECONDS,
            decided_at: decision.decided_at,
            decision: decision.id,
            gpc: decision.gpc,
            layer: decision.layer,
            locale: decision.locale,
            method: decision.method,
            notice: NoticeRef { hash: notice_hash, number: decision.notice },
            origin,
            received_at,
            replaces: decision.replaces,
            site,
            valid_until: received_at + VALID_MILLISECONDS,
            version: 1,
            widget,
        }
    }

    /// The bytes that are stored and, later, hashed: JSON in the canonical form of RFC 8785.
    ///
    /// # Panics
    /// Never: every field is a string, a number, a boolean, or a map of them.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        // With room for what most of them take: they are written by the thousand.
        let mut bytes = Vec::with_capacity(1024);
        serde_json::to_writer(&mut bytes, self).expect("a receipt is plain data");
        String::from_utf8(bytes).expect("JSON is text")
    }

    /// Whether `other` seals the same decision, whatever the server added at the time.
    #[must_use]
    pub fn seals_same_decision(&self, other: &Self) -> bool {
        let comparable = |receipt: &Self| Self {
            clock_off: false,
            received_at: 0,
            valid_until: 0,
            widget: String::new(),
            ..receipt.clone()
        };
        comparable(self) == comparable(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::notice;
    use proptest::prelude::*;

    fn receipt(decided_at: i64, received_at: i64) -> Receipt {
        let decision = Decision {
            id: "0192f3a4-5b6c-7d8e-9f01-23456789abcd".parse().unwrap(),
            visitor: "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            notice: 1,
            locale: "en".parse().unwrap(),
            choices: [("video".parse().unwrap(), true), ("analytics".parse().unwrap(), false)].into(),
            method: Method::Custom,
            layer: 2,
            gpc: false,
            decided_at,
            replaces: None,
        };
        Receipt::new(
            decision,
            "demo".parse().unwrap(),
            "ab".repeat(32),
            "https://demo.example".to_owned(),
            "w1".to_owned(),
            received_at,
        )
    }

    #[test]
    fn the_servers_time_counts_and_a_wrong_clock_is_marked() {
        let day = CLOCK_OFF_MILLISECONDS;
        assert!(!receipt(0, day).clock_off);
        assert!(receipt(0, day + 1).clock_off);
        assert!(receipt(day + 1, 0).clock_off);
        assert_eq!(receipt(0, 5).valid_until, 5 + VALID_MILLISECONDS);
    }

    #[test]
    fn a_retry_seals_the_same_decision_and_another_choice_does_not() {
        let first = receipt(1, 2);
        assert!(first.seals_same_decision(&receipt(1, 99_999_999_999)));
        let mut other = first.clone();
        other.choices.insert("analytics".parse().unwrap(), true);
        assert!(!first.seals_same_decision(&other));
    }

    #[test]
    fn a_notice_is_written_canonically() {
        let notice = notice();
        let canonical = serde_json_canonicalizer::to_string(&notice).unwrap();
        assert_eq!(notice.canonical_json(), canonical);
    }

    proptest! {
        /// The oracle is an independent implementation of RFC 8785.
        #[test]
        fn a_receipt_is_written_canonically(decided_at in -8_640_000_000_000_000_i64..8_640_000_000_000_000, received_at in 0_i64..4_000_000_000_000, origin in "\\PC{0,20}") {
            let receipt = Receipt { origin, ..receipt(decided_at, received_at) };
            prop_assert_eq!(receipt.canonical_json(), serde_json_canonicalizer::to_string(&receipt).unwrap());
        }
    }
}
