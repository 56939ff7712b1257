//! Owns the decision as the browser sends it, and the rules by which a notice accepts or refuses it.
//! Refuses to decide anything by itself: a missing choice is an error, never a grant.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{DecisionId, Locale, PurposeId, VisitorSecret};
use crate::notice::Notice;

/// Every optional purpose, granted (`true`) or denied (`false`).
pub type Choices = BTreeMap<PurposeId, bool>;

/// The furthest instant that ECMAScript can express, in milliseconds either side of 1970 (ECMA-262 §21.4.1.1).
pub const FURTHEST_MILLISECONDS: i64 = 8_640_000_000_000_000;

/// All choices at one instant, as posted to `/_assent/{site}/decisions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Minted in the browser; the same decision sent twice is recorded once.
    pub id: DecisionId,
    /// The visitor's secret; the server keeps only a hash of it.
    pub visitor: VisitorSecret,
    /// The number of the notice that was shown.
    pub notice: u32,
    /// The language in which it was shown.
    pub locale: Locale,
    /// Every optional purpose of that notice; essential ones are not sent.
    #[serde(deserialize_with = "choices_without_repeats")]
    #[cfg_attr(feature = "schema", schema(value_type = std::collections::BTreeMap<crate::id::PurposeId, bool>))]
    pub choices: Choices,
    /// How the decision was made.
    pub method: Method,
    /// 1 for the banner, 2 for the preferences, 3 for the placeholder of an embed.
    #[cfg_attr(feature = "schema", schema(minimum = 1, maximum = 3))]
    pub layer: u8,
    /// Whether Global Privacy Control was on in the page.
    pub gpc: bool,
    /// The visitor's clock, milliseconds since 1970; it may be wrong by years.
    pub decided_at: i64,
    /// The decision that this one replaces, if the browser knows it.
    pub replaces: Option<DecisionId>,
}

/// How a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Every optional purpose granted by one click.
    AcceptAll,
    /// Every optional purpose denied by one click.
    RejectAll,
    /// Exactly the selection of the preferences.
    Custom,
    /// By a machine-sent preference.
    Signal,
    /// Something that was granted before is denied now.
    Withdraw,
}

impl Method {
    /// The name used in JSON, SQL and exports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AcceptAll => "accept_all",
            Self::RejectAll => "reject_all",
            Self::Custom => "custom",
            Self::Signal => "signal",
            Self::Withdraw => "withdraw",
        }
    }
}

/// Why a notice refuses a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Every purpose of the notice is essential.
    #[error("this notice asks nothing, so there is nothing to decide")]
    NothingAsked,
    /// A purpose that the notice does not have.
    #[error("`{0}` is not a purpose of this notice")]
    UnknownPurpose(PurposeId),
    /// An essential purpose can be neither granted nor denied.
    #[error("`{0}` is essential: it is not asked, so it must not be sent")]
    EssentialPurpose(PurposeId),
    /// An optional purpose without a choice.
    #[error("the choice for `{0}` is missing")]
    MissingPurpose(PurposeId),
    /// A language in which the notice does not exist.
    #[error("this notice has no texts in `{0}`")]
    UnknownLocale(Locale),
    /// The method says something other than the choices.
    #[error("the method `{}` contradicts the choices", .0.as_str())]
    Contradiction(Method),
    /// A layer other than the banner, the preferences and an embed's placeholder.
    #[error("layer {0} does not exist: 1 is the banner, 2 the preferences, 3 the placeholder of an embed")]
    UnknownLayer(u8),
    /// A time that no browser can express.
    #[error("decided_at is beyond what a browser's clock can show")]
    ImpossibleTime,
}

impl Decision {
    /// Checks this decision against the notice it answers.
    pub fn check(&self, notice: &Notice) -> Result<(), DecisionError> {
        for id in self.choices.keys() {
            match notice.purposes.iter().find(|purpose| purpose.id == *id) {
                None => return Err(DecisionError::UnknownPurpose(id.clone())),
                Some(purpose) if purpose.essential => {
                    return Err(DecisionError::EssentialPurpose(id.clone()));
                }
                Some(_) => {}
            }
        }
        if let Some(purpose) = notice.optional().find(|purpose| !self.choices.contains_key(&purpose.id)) {
            return Err(DecisionError::MissingPurpose(purpose.id.clone()));
        }
        if self.choices.is_empty() {
            return Err(DecisionError::NothingAsked);
        }
        if !notice.texts.contains_key(&self.locale) {
            return Err(DecisionError::UnknownLocale(self.locale.clone()));
        }
        let possible = match self.method {
            Method::AcceptAll => self.choices.values().all(|granted| *granted),
            Method::RejectAll => self.choices.values().all(|granted| !granted),
            Method::Withdraw => self.choices.values().any(|granted| !granted),
            Method::Custom | Method::Signal => true,
        };
        if !possible {
            return Err(DecisionError::Contradiction(self.method));
        }
        if !(1..=3).contains(&self.layer) {
            return Err(DecisionError::UnknownLayer(self.layer));
        }
        if !(-FURTHEST_MILLISECONDS..=FURTHEST_MILLISECONDS).contains(&self.decided_at) {
            return Err(DecisionError::ImpossibleTime);
        }
        Ok(())
    }
}

/// JSON lets a key appear twice and most readers silently keep the last, which could turn a refusal round.
fn choices_without_repeats<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Choices, D::Error> {
    struct Once;
    impl<'de> Visitor<'de> for Once {
        type Value = Choices;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map from purpose to true or false")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Choices, A::Error> {
            let mut choices = Choices::new();
            while let Some((id, granted)) = map.next_entry::<PurposeId, bool>()? {
                if choices.insert(id.clone(), granted).is_some() {
                    return Err(serde::de::Error::custom(format!("the choice for `{id}` is given twice")));
                }
            }
            Ok(choices)
        }
    }
    deserializer.deserialize_map(Once)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::tests::notice;

    fn decision(choices: &str, method: Method) -> Decision {
        serde_json::from_str(&format!(
            r#"{{"id":"0192f3a4-5b6c-7d8e-9f01-23456789abcd","visitor":"AAAAAAAAAAAAAAAAAAAAAA","notice":1,"locale":"en",
                "choices":{choices},"method":"{}","layer":1,"gpc":false,"decided_at":1760000000000,"replaces":null}}"#,
            method.as_str()
        ))
        .unwrap()
    }

    #[test]
    fn a_decision_names_every_optional_purpose_and_no_other() {
        let notice = notice();
        let check =
            |choices, method| decision(choices, method).check(&notice).map_err(|error| error.to_string());
        assert_eq!(check(r#"{"analytics":true,"video":true}"#, Method::AcceptAll), Ok(()));
        assert_eq!(check(r#"{"analytics":true,"video":false}"#, Method::Custom), Ok(()));
        assert_eq!(
            check(r#"{"analytics":true}"#, Method::Custom),
            Err("the choice for `video` is missing".to_owned())
        );
        assert_eq!(
            check(r#"{"analytics":true,"video":true,"ads":true}"#, Method::Custom),
            Err("`ads` is not a purpose of this notice".to_owned())
        );
        assert_eq!(
            check(r#"{"analytics":true,"video":true,"necessary":false}"#, Method::Custom),
            Err("`necessary` is essential: it is not asked, so it must not be sent".to_owned())
        );
    }

    #[test]
    fn where_nothing_is_asked_nothing_is_decided() {
        let mut notice = notice();
        notice.purposes.truncate(1);
        for method in [Method::AcceptAll, Method::RejectAll, Method::Custom] {
            assert_eq!(decision("{}", method).check(&notice), Err(DecisionError::NothingAsked));
        }
    }

    #[test]
    fn a_method_cannot_contradict_the_choices() {
        let notice = notice();
        for (choices, method) in [
            (r#"{"analytics":true,"video":false}"#, Method::AcceptAll),
            (r#"{"analytics":true,"video":false}"#, Method::RejectAll),
            (r#"{"analytics":true,"video":true}"#, Method::Withdraw),
        ] {
            assert_eq!(decision(choices, method).check(&notice), Err(DecisionError::Contradiction(method)));
        }
    }

    #[test]
    fn a_choice_given_twice_is_refused() {
        let twice = r#"{"analytics":false,"analytics":true}"#;
        let error = choices_without_repeats(&mut serde_json::Deserializer::from_str(twice)).unwrap_err();
        assert!(error.to_string().starts_with("the choice for `analytics` is given twice"), "{error}");
    }

    #[test]
    fn layers_locales_and_times_are_bounded() {
        let good = decision(r#"{"analytics":true,"video":true}"#, Method::AcceptAll);
        let refused = |change: fn(&mut Decision)| {
            let mut bad = good.clone();
            change(&mut bad);
            bad.check(&notice()).unwrap_err()
        };
        for layer in 1..=3 {
            assert_eq!(Decision { layer, ..good.clone() }.check(&notice()), Ok(()), "{layer}");
        }
        assert_eq!(refused(|bad| bad.layer = 0), DecisionError::UnknownLayer(0));
        assert_eq!(refused(|bad| bad.layer = 4), DecisionError::UnknownLayer(4));
        assert_eq!(refused(|bad| bad.decided_at = i64::MIN), DecisionError::ImpossibleTime);
        assert!(matches!(refused(|bad| bad.locale = "fr".parse().unwrap()), DecisionError::UnknownLocale(_)));
    }
}
