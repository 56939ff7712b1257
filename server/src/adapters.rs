//! Owns adapters as a notice file names them: the built-in ones, what replaces their fields, and the purposes they follow.
//! Refuses to know a vendor: what each wants to be told is data (`adapters.toml`), and the loader tells it.

mod entry;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use assent_shared::PurposeId;
use assent_shared::adapter::{Adapter, Argument, By, Calls, FURTHEST_INTEGER, STATES};
use assent_shared::notice::Purpose;
use toml::Value;

pub(crate) use self::entry::{AdapterEntry, CallName};

static BUILT_IN: LazyLock<BTreeMap<String, AdapterEntry>> =
    LazyLock::new(|| toml::from_str(include_str!("adapters.toml")).expect("a test has read it"));

/// The names of the built-in adapters.
pub(crate) fn built_in_names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.keys().map(String::as_str)
}

/// The adapters that a notice file names, for a notice of these purposes.
pub(crate) fn resolve(
    named: BTreeMap<String, AdapterEntry>,
    purposes: &[Purpose],
) -> Result<Vec<Adapter>, String> {
    let asked = |id: &PurposeId| purposes.iter().any(|purpose| purpose.id == *id && !purpose.essential);
    let resolved = named.into_iter().map(|(name, entry)| {
        adapter(&name, entry, &asked).map_err(|reason| format!("adapters.{name}: {reason}"))
    });
    let mut adapters = resolved.collect::<Result<Vec<_>, _>>()?;
    // What is only an event comes last: a tag that it starts must find the new states.
    adapters.sort_by_key(|adapter| adapter.states.is_empty());
    Ok(adapters)
}

fn adapter(name: &str, entry: AdapterEntry, asked: &impl Fn(&PurposeId) -> bool) -> Result<Adapter, String> {
    let built_in = BUILT_IN.get(name).cloned().unwrap_or_default();
    let missing = |field: &str| {
        let known: Vec<&str> = built_in_names().collect();
        format!("it is not built in ({}), so it needs {field}.", known.join(", "))
    };
    let own = entry.states.iter().flat_map(BTreeMap::values).chain(&entry.purposes).flatten();
    if let Some(unknown) = own.into_iter().find(|id| !asked(id)) {
        return Err(format!("`{unknown}` is not an optional purpose of this notice."));
    }
    // A purpose that only the built-in adapter knows may be missing here: what needs it is never granted.
    let known = |ids: Vec<PurposeId>| if ids.iter().all(asked) { ids } else { vec![] };
    let states = entry.states.or(built_in.states).unwrap_or_default();
    let fixed = entry.fixed.or(built_in.fixed).unwrap_or_default();
    let adapter = Adapter {
        by: entry.by.or(built_in.by).ok_or_else(|| missing("by"))?,
        calls: calls(entry.calls.or(built_in.calls).unwrap_or_default())?,
        fixed: map(fixed).map_err(|reason| format!("fixed: {reason}"))?,
        global: entry.global.or(built_in.global).ok_or_else(|| missing("global"))?,
        name: name.to_owned(),
        purposes: known(entry.purposes.or(built_in.purposes).unwrap_or_default()),
        states: states.into_iter().map(|(state, ids)| (state, known(ids))).collect(),
    };
    check(&adapter)?;
    Ok(adapter)
}

fn calls(written: BTreeMap<CallName, Vec<Value>>) -> Result<Calls, String> {
    let mut calls = Calls::default();
    for (name, arguments) in written {
        let (place, name) = match name {
            CallName::Default => (&mut calls.default, "default"),
            CallName::Denied => (&mut calls.denied, "denied"),
            CallName::Granted => (&mut calls.granted, "granted"),
            CallName::Update => (&mut calls.update, "update"),
        };
        let arguments = arguments.into_iter().map(argument).collect::<Result<Vec<_>, _>>();
        let arguments = arguments.map_err(|reason| format!("calls.{name}: {reason}"))?;
        *place = Some(arguments);
    }
    Ok(calls)
}

/// An argument that every JSON writer writes alike, because the notice's bytes are hashed.
fn argument(value: Value) -> Result<Argument, String> {
    Ok(match value {
        Value::Boolean(value) => Argument::Boolean(value),
        Value::Integer(number) if number.unsigned_abs() > FURTHEST_INTEGER.unsigned_abs() => {
            return Err(format!(
                "{number} is more than JavaScript counts exactly. Write it as text, in quotes."
            ));
        }
        Value::Integer(number) => Argument::Integer(number),
        Value::String(text) => Argument::Text(text),
        Value::Array(list) => Argument::List(list.into_iter().map(argument).collect::<Result<_, _>>()?),
        Value::Table(table) => Argument::Map(map(table)?),
        Value::Float(number) => {
            return Err(format!(
                "{number} is not a whole number, and a notice holds no other. Write it as text, in quotes."
            ));
        }
        Value::Datetime(time) => {
            return Err(format!(
                "{time} is a time, which a notice does not hold. Write it as text, in quotes."
            ));
        }
    })
}

fn map(table: impl IntoIterator<Item = (String, Value)>) -> Result<BTreeMap<String, Argument>, String> {
    table.into_iter().map(|(key, value)| Ok((ascii(key)?, argument(value)?))).collect()
}

/// Of ASCII alone, every way to sort keys is the same (RFC 8785 §3.2.3).
fn ascii(key: String) -> Result<String, String> {
    if key.is_ascii() {
        Ok(key)
    } else {
        Err(format!("the key `{key}` has letters other than those of ASCII."))
    }
}

fn check(adapter: &Adapter) -> Result<(), String> {
    let Adapter { by, calls, fixed, global, purposes, states, .. } = adapter;
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
    if !global.starts_with(first) || !global.chars().all(|c| first(c) || c.is_ascii_digit()) {
        return Err(format!("global: `{global}` is no name of a global variable."));
    }
    if calls.all().next().is_none() {
        return Err("it needs at least one of calls.default, calls.update, calls.granted and calls.denied."
            .to_owned());
    }
    for (name, arguments) in calls.all() {
        if arguments.is_empty() {
            return Err(format!("calls.{name} is empty: write what the script is told."));
        }
        if *by == By::Method && !matches!(arguments[0], Argument::Text(_)) {
            return Err(format!("calls.{name} begins with the method's name, as by = \"method\" has it."));
        }
    }
    states.keys().try_for_each(|state| {
        ascii(state.clone()).map(|_| ()).map_err(|reason| format!("states: {reason}"))
    })?;

    let says_states = |arguments: &[Argument]| arguments.iter().any(|argument| argument.says(STATES));
    let told = calls.all().any(|(_, arguments)| says_states(arguments));
    let switched = calls.granted.is_some() || calls.denied.is_some();
    let no_states = states.values().all(Vec::is_empty);
    if (told || switched) && no_states && purposes.is_empty() {
        let which = if told { "states = { … }" } else { "purposes = [ … ]" };
        return Err(format!("none of the purposes it knows is in this notice. Say which: {which}."));
    }
    if told && no_states {
        return Err("a call says $states, and there are none. Say which: states = { … }.".to_owned());
    }
    if switched && purposes.is_empty() {
        return Err("calls.granted and calls.denied follow purposes. Say which: purposes = [ … ].".to_owned());
    }
    if !told && !states.is_empty() {
        return Err("states are there, and no call says $states.".to_owned());
    }
    if !fixed.is_empty() && !calls.default.as_deref().is_some_and(says_states) {
        return Err("fixed joins the $states of calls.default, which does not say them.".to_owned());
    }
    // A fixed value counts in the first call, before anything is granted.
    if let Some(both) = fixed.keys().find(|key| states.contains_key(*key)) {
        return Err(format!("`{both}` is a state, so it cannot be fixed too."));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
