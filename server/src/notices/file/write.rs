//! Owns the notice file as text: TOML as a person would lay it out, in one fixed order, without what is said by default.
//! Refuses to know the keys it writes, so none is ever left out; it knows only which of them come first.

use std::fmt::Write;

use assent_shared::Appearance;
use serde::{Serialize, Serializer};
use toml::{Table, Value};

use super::NoticeFile;

/// The keys that come before the others, which follow by the alphabet. A table's own values come before its tables.
const FIRST: [&str; 30] = [
    "default_locale",
    "privacy_policy",
    "jurisdictions",
    "id",
    "name",
    "provider",
    "kind",
    "lifetime",
    "path",
    "about",
    "address",
    "contact",
    "essential",
    "legal_basis",
    "necessity",
    "data",
    "recipients",
    "retention",
    "storage_locations",
    "description",
    "controller",
    "authority",
    "dpo",
    "appearance",
    "light",
    "dark",
    "adapters",
    "texts",
    "cookies",
    "purposes",
];

/// Tables so small that a line is enough for them.
const IN_ONE_LINE: [&str; 3] = ["about", "fixed", "states"];

impl NoticeFile {
    /// The file as text, which reads as this file again.
    ///
    /// # Panics
    /// Never: every key is a string, and every value one that TOML has.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let table = Table::try_from(self).expect("a notice file is plain data");
        let mut text = String::new();
        write_table(&mut text, &table, "");
        text.trim_start().to_owned()
    }
}

fn write_table(text: &mut String, table: &Table, path: &str) {
    let mut entries: Vec<(&str, &Value)> = table.iter().map(|(key, value)| (key.as_str(), value)).collect();
    entries.sort_by_key(|(key, value)| {
        let rank = FIRST.iter().position(|first| first == key).unwrap_or(FIRST.len());
        (below(key, value), rank)
    });
    for (name, value) in entries {
        let (line, path) = (key(name), join(path, &key(name)));
        match value {
            Value::Table(inner) if below(name, value) => {
                // A table of tables alone needs no line of its own.
                if inner.is_empty() || inner.iter().any(|(key, value)| !below(key, value)) {
                    let _ = write!(text, "\n[{path}]\n");
                }
                write_table(text, inner, &path);
            }
            Value::Array(items) if below(name, value) => {
                for item in items.iter().filter_map(Value::as_table) {
                    let _ = write!(text, "\n[[{path}]]\n");
                    write_table(text, item, &path);
                }
            }
            value => {
                let _ = writeln!(text, "{line} = {value}");
            }
        }
    }
}

/// Whether a value has lines of its own below, under its name in brackets.
fn below(key: &str, value: &Value) -> bool {
    match value {
        Value::Table(_) => !IN_ONE_LINE.contains(&key),
        Value::Array(items) => ["purposes", "cookies"].contains(&key) && items.iter().any(Value::is_table),
        _ => false,
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// A key, in quotes where it needs them. JSON's escapes are TOML's too, but for DEL, which TOML wants escaped.
fn key(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !key.is_empty() && key.bytes().all(bare) {
        key.to_owned()
    } else {
        let quoted = serde_json::to_string(key).expect("a string is JSON");
        quoted.replace('\u{7f}', "\\u007f")
    }
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Writes an appearance without what looks so by default.
pub(super) fn appearance<S: Serializer>(appearance: &Appearance, to: S) -> Result<S::Ok, S::Error> {
    let table = |appearance: &Appearance| Table::try_from(appearance).map_err(serde::ser::Error::custom);
    let mut own = table(appearance)?;
    remove(&mut own, &table(&Appearance::default())?);
    own.serialize(to)
}

fn remove(own: &mut Table, default: &Table) {
    own.retain(|key, value| match (value, default.get(key)) {
        (Value::Table(inner), Some(Value::Table(default))) => {
            remove(inner, default);
            !inner.is_empty()
        }
        (value, default) => Some(&*value) != default,
    });
}
