//! Owns the adapter: how a vendor's own script is told about the visitor's choices, as data that the loader carries out.
//! Refuses to know any vendor, and everything that canonical JSON cannot write the same way everywhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::PurposeId;

/// Stands for the states, each `granted` or `denied`, in a call's arguments.
pub const STATES: &str = "$states";
/// Stands for the optional purposes, each `true` or `false`, in a call's arguments.
pub const CHOICES: &str = "$choices";
/// The furthest whole number that JavaScript counts exactly (ECMA-262 §21.1.2.6), and so RFC 8785 too.
pub const FURTHEST_INTEGER: i64 = 9_007_199_254_740_991;

/// A vendor's script and what it is told. The fields stand in alphabetical order, as the notice's do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adapter {
    /// How the script takes a call.
    pub by: By,
    /// What it is told, and when.
    pub calls: Calls,
    /// Joins the states in the `default` call only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<String, Argument>,
    /// The name of the page's global variable.
    pub global: String,
    /// The adapter's name in the notice file.
    pub name: String,
    /// The purposes that must all be granted before `granted` is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<PurposeId>,
    /// The script's own words for purposes: a state is granted when all of its purposes are. One without any is always denied.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub states: BTreeMap<String, Vec<PurposeId>>,
}

/// How a script takes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// `(window[global] ||= []).push(arguments)`, an `Arguments` object.
    Arguments,
    /// `(window[global] ||= []).push(...args)`
    Items,
    /// `(window[global] ||= []).push(args)`
    Array,
    /// `window[global](...args)`, as soon as the page defines it.
    Function,
    /// `window[global][args[0]](...rest)` where that is a function, else `.push(args)`.
    Method,
}

/// What a script is told, and when; each is the list of a call's arguments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Once, before everything else, with every state denied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Vec<Argument>>,
    /// When not all purposes are granted any longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denied: Option<Vec<Argument>>,
    /// When all purposes are granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted: Option<Vec<Argument>>,
    /// Whenever the choices are known or have changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<Vec<Argument>>,
}

impl Calls {
    /// Every call that there is, with its name.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &[Argument])> {
        let calls = [
            ("default", &self.default),
            ("denied", &self.denied),
            ("granted", &self.granted),
            ("update", &self.update),
        ];
        calls.into_iter().filter_map(|(name, call)| Some((name, call.as_deref()?)))
    }
}

/// A call's argument. There are no fractions: engines write them differently, and the notice's bytes are hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Argument {
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number, at most [`FURTHEST_INTEGER`] either side of zero.
    Integer(i64),
    /// A text, or one of [`STATES`] and [`CHOICES`].
    Text(String),
    /// A list.
    List(Vec<Argument>),
    /// An object.
    Map(BTreeMap<String, Argument>),
}

impl Argument {
    /// Whether `word` stands in it, at any depth.
    #[must_use]
    pub fn says(&self, word: &str) -> bool {
        match self {
            Self::Boolean(_) | Self::Integer(_) => false,
            Self::Text(text) => text == word,
            Self::List(list) => list.iter().any(|item| item.says(word)),
            Self::Map(map) => map.values().any(|value| value.says(word)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_adapter_is_canonical_and_read_back() {
        let text = |text: &str| Argument::Text(text.to_owned());
        let adapter = Adapter {
            by: By::Arguments,
            calls: Calls {
                default: Some(vec![text("consent"), text(STATES)]),
                update: Some(vec![Argument::Map([("event".to_owned(), text("assent"))].into())]),
                ..Calls::default()
            },
            fixed: [
                ("wait_for_update".to_owned(), Argument::Integer(-500)),
                ("on".to_owned(), Argument::Boolean(true)),
            ]
            .into(),
            global: "dataLayer".to_owned(),
            name: "google".to_owned(),
            purposes: vec![],
            states: [("ad_storage".to_owned(), vec!["marketing".parse().unwrap()])].into(),
        };
        let written = serde_json::to_string(&adapter).unwrap();
        assert_eq!(written, serde_json_canonicalizer::to_string(&adapter).unwrap());
        assert_eq!(serde_json::from_str::<Adapter>(&written).unwrap(), adapter);
        assert!(
            written.starts_with(r#"{"by":"arguments","calls":{"default":["consent","$states"],"#),
            "{written}"
        );
    }

    #[test]
    fn a_fraction_is_no_argument() {
        assert!(serde_json::from_str::<Argument>("[0.5]").is_err());
        assert!(serde_json::from_str::<Argument>("null").is_err());
    }

    #[test]
    fn a_word_is_found_at_any_depth() {
        let argument: Argument = serde_json::from_str(r#"[{"choices":["$choices"]},1]"#).unwrap();
        assert!(argument.says(CHOICES) && !argument.says(STATES));
    }
}
