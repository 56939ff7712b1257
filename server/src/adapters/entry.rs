//! Owns the adapter as a notice file writes it, both ways: only what differs from the built-in one is written.
//! Refuses to judge it; resolving does.

use std::collections::BTreeMap;

use assent_shared::PurposeId;
use assent_shared::adapter::{Adapter, Argument, By};
use assent_shared::notice::Purpose;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::BUILT_IN;

/// An adapter in a notice file. What is not given is the built-in adapter's of that name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdapterEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<By>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) calls: Option<BTreeMap<CallName, Vec<Value>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fixed: Option<BTreeMap<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) global: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) purposes: Option<Vec<PurposeId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) states: Option<BTreeMap<String, Vec<PurposeId>>>,
}

/// When a script is told something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CallName {
    Default,
    Denied,
    Granted,
    Update,
}

impl CallName {
    fn named(name: &str) -> Self {
        match name {
            "default" => Self::Default,
            "denied" => Self::Denied,
            "granted" => Self::Granted,
            _ => Self::Update,
        }
    }
}

impl AdapterEntry {
    /// The entry that resolves to `adapter` in a notice of these purposes, and says no more than it must.
    pub(crate) fn of(adapter: &Adapter, purposes: &[Purpose]) -> Self {
        let asked = |id: &PurposeId| purposes.iter().any(|purpose| purpose.id == *id && !purpose.essential);
        let known = |ids: &Vec<PurposeId>| if ids.iter().all(asked) { ids.clone() } else { vec![] };
        let built_in = BUILT_IN.get(&adapter.name).cloned().unwrap_or_default();

        let calls: BTreeMap<_, _> = adapter
            .calls
            .all()
            .map(|(name, arguments)| (CallName::named(name), arguments.iter().map(value).collect::<Vec<_>>()))
            .collect();
        let fixed: BTreeMap<_, _> =
            adapter.fixed.iter().map(|(key, argument)| (key.clone(), value(argument))).collect();
        let same_states = built_in
            .states
            .iter()
            .flatten()
            .map(|(state, ids)| (state, known(ids)))
            .eq(adapter.states.iter().map(|(state, ids)| (state, ids.clone())));
        let same_purposes = built_in.purposes.as_ref().map(known).unwrap_or_default() == adapter.purposes;
        Self {
            by: (built_in.by != Some(adapter.by)).then_some(adapter.by),
            calls: (built_in.calls.unwrap_or_default() != calls).then_some(calls),
            fixed: (built_in.fixed.unwrap_or_default() != fixed).then_some(fixed),
            global: (built_in.global.as_ref() != Some(&adapter.global)).then(|| adapter.global.clone()),
            purposes: (!same_purposes).then(|| adapter.purposes.clone()),
            states: (!same_states).then(|| adapter.states.clone()),
        }
    }
}

impl AdapterEntry {
    /// The built-in adapter, made to follow `to` where it would follow `from`, which the notice lacks.
    pub(crate) fn following(name: &str, from: &PurposeId, to: &PurposeId, asked: &[PurposeId]) -> Self {
        let built_in = BUILT_IN.get(name).cloned().unwrap_or_default();
        if from == to || asked.contains(from) {
            return Self::default();
        }
        let renamed = |ids: Vec<PurposeId>| {
            let ids = ids.into_iter().map(|id| if id == *from { to.clone() } else { id });
            // What the notice does not ask stays denied, as it would without a word.
            let ids: Vec<_> = ids.collect();
            if ids.iter().all(|id| asked.contains(id)) { ids } else { vec![] }
        };
        let states = built_in.states.map(|states| {
            states.into_iter().map(|(state, ids)| (state, renamed(ids))).collect::<BTreeMap<_, _>>()
        });
        Self { purposes: built_in.purposes.map(renamed), states, ..Self::default() }
    }
}

fn value(argument: &Argument) -> Value {
    match argument {
        Argument::Boolean(value) => Value::Boolean(*value),
        Argument::Integer(number) => Value::Integer(*number),
        Argument::Text(text) => Value::String(text.clone()),
        Argument::List(list) => Value::Array(list.iter().map(value).collect()),
        Argument::Map(map) => {
            Value::Table(map.iter().map(|(key, argument)| (key.clone(), value(argument))).collect())
        }
    }
}
