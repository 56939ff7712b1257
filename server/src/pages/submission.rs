//! Owns what the form of choices sends, and the decision that it means.
//! Refuses to fill a gap: a purpose without an answer is no choice, and of nothing that is sent twice is one picked.

use assent_shared::decision::{Choices, FURTHEST_MILLISECONDS};
use assent_shared::{Decision, DecisionId, Locale, Method, Notice, PurposeId, StoredDecision, VisitorSecret};
use data_encoding::BASE64URL_NOPAD;

use crate::error::{Error, Result};

/// Milliseconds of a second, the cookie's unit.
const SECOND: i64 = 1000;

/// A form as it was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Submission {
    id: DecisionId,
    notice: u32,
    locale: Locale,
    visitor: Option<VisitorSecret>,
    button: Button,
    answers: Choices,
}

/// The button that was pressed; the Enter key presses the one that saves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Button {
    AcceptAll,
    RejectAll,
    Save,
}

impl Submission {
    /// Reads the form's fields; every one is ours, and there once.
    pub(super) fn read(fields: &[(String, String)]) -> Result<Self> {
        let malformed = |what: &str| Error::MalformedBody(format!("the form cannot be read: {what}"));
        let (mut id, mut notice, mut locale, mut visitor, mut button) = (None, None, None, None, None);
        let mut answers = Choices::new();
        for (name, value) in fields {
            let unreadable = || malformed(&format!("`{name}` has a value that the page never gave it"));
            let twice = match name.as_str() {
                "id" => id.replace(value.parse().map_err(|_| unreadable())?).is_some(),
                "notice" => notice.replace(value.parse().map_err(|_| unreadable())?).is_some(),
                "locale" => locale.replace(value.parse().map_err(|_| unreadable())?).is_some(),
                "visitor" => visitor.replace(value.parse().map_err(|_| unreadable())?).is_some(),
                "method" => {
                    let pressed = match value.as_str() {
                        "accept_all" => Button::AcceptAll,
                        "reject_all" => Button::RejectAll,
                        "custom" => Button::Save,
                        _ => return Err(unreadable()),
                    };
                    button.replace(pressed).is_some()
                }
                other => {
                    let purpose: PurposeId = other
                        .strip_prefix("choice_")
                        .and_then(|purpose| purpose.parse().ok())
                        .ok_or_else(|| malformed("it has a field that is not the page's"))?;
                    let granted = match value.as_str() {
                        "granted" => true,
                        "denied" => false,
                        _ => return Err(unreadable()),
                    };
                    answers.insert(purpose, granted).is_some()
                }
            };
            if twice {
                return Err(malformed(&format!("`{name}` is there twice")));
            }
        }
        Ok(Self {
            id: id.ok_or_else(|| malformed("`id` is missing"))?,
            notice: notice.ok_or_else(|| malformed("`notice` is missing"))?,
            locale: locale.ok_or_else(|| malformed("`locale` is missing"))?,
            visitor,
            button: button.unwrap_or(Button::Save),
            answers,
        })
    }

    /// The number of the notice that was shown.
    pub(super) fn notice(&self) -> u32 {
        self.notice
    }

    /// The answer given for a purpose, if there is one.
    pub(super) fn answer(&self, purpose: &PurposeId) -> Option<bool> {
        self.answers.get(purpose).copied()
    }

    /// The purposes of `notice` that were to be answered one by one, and were not.
    pub(super) fn unanswered(&self, notice: &Notice) -> Vec<PurposeId> {
        let asked = notice.optional().map(|purpose| &purpose.id);
        asked.filter(|id| self.button == Button::Save && !self.answers.contains_key(*id)).cloned().collect()
    }

    /// The decision that the form means, at `now`, after the one that the cookie knows. Its own secret is for a first decision;
    /// `visitor` is the cookie's.
    pub(super) fn into_decision(
        self,
        notice: &Notice,
        stored: Option<&StoredDecision>,
        visitor: Option<VisitorSecret>,
        gpc: bool,
        now: i64,
    ) -> Decision {
        let all = |granted| notice.optional().map(|purpose| (purpose.id.clone(), granted)).collect();
        let (choices, method): (Choices, Method) = match self.button {
            Button::AcceptAll => (all(true), Method::AcceptAll),
            Button::RejectAll => (all(false), Method::RejectAll),
            Button::Save => (self.answers, Method::Custom),
        };
        let withdrawn = notice.optional().any(|purpose| {
            granted(stored, purpose.since, &purpose.id) == Some(true)
                && choices.get(&purpose.id) == Some(&false)
        });
        // Later than what it replaces by the cookie's unit, also where the visitor's clock wrote that and is ahead of ours:
        // the loader believes the later one.
        let later = stored.map_or(now, |stored| {
            stored.decided_at.saturating_add(1).saturating_mul(SECOND).min(FURTHEST_MILLISECONDS)
        });
        Decision {
            id: self.id,
            visitor: visitor.or(self.visitor).unwrap_or_else(mint_secret),
            notice: self.notice,
            locale: self.locale,
            choices,
            method: if withdrawn { Method::Withdraw } else { method },
            layer: 2,
            gpc,
            decided_at: now.max(later),
            // For the store to say.
            replaces: None,
        }
    }
}

/// What the cookie's decision says of a purpose: nothing, if the purpose changed materially after it.
pub(super) fn granted(stored: Option<&StoredDecision>, since: u32, id: &PurposeId) -> Option<bool> {
    stored.filter(|stored| stored.notice >= since).map(|stored| stored.grants.contains(id))
}

/// A new decision's id (`UUIDv7`, RFC 9562 §5.7), minted here because there is no script to do it.
///
/// # Panics
/// Only where the machine has no randomness.
pub(super) fn mint_id(now: i64) -> DecisionId {
    let random = random()[..10].try_into().expect("ten of sixteen");
    let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(now).unwrap_or_default(), &random);
    id.into_uuid().to_string().parse().expect("the form of a UUIDv7")
}

/// A new visitor's secret: 128 random bits.
///
/// # Panics
/// Only where the machine has no randomness.
pub(super) fn mint_secret() -> VisitorSecret {
    BASE64URL_NOPAD.encode(&random()).parse().expect("sixteen bytes in base64url")
}

fn random() -> [u8; 16] {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
