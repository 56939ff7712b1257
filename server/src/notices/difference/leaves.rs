//! Owns a value of a notice as its leaves: every key that holds something, with what it holds.
//! Refuses to know the keys, so that none is ever overlooked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// What one key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Leaf {
    Bool(bool),
    Text(String),
    List(Vec<String>),
}

impl Leaf {
    /// Whether a list has something that the other lacks. What is no list has nothing more.
    pub(super) fn has_more_than(&self, other: &Self) -> bool {
        let (Self::List(own), Self::List(other)) = (self, other) else { return false };
        let other: BTreeSet<_> = other.iter().collect();
        own.iter().any(|item| !other.contains(item))
    }
}

impl fmt::Display for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

/// The leaves of a value, without some of its keys. Lists of tables are told apart by their names.
pub(super) fn leaves(value: &impl Serialize, without: &[&str]) -> BTreeMap<String, Leaf> {
    let mut value = serde_json::to_value(value).expect("a notice is plain data");
    if let Some(table) = value.as_object_mut() {
        table.retain(|key, _| !without.contains(&key.as_str()));
    }
    let mut found = BTreeMap::new();
    collect("", &value, &mut found);
    found
}

fn collect(path: &str, value: &Value, found: &mut BTreeMap<String, Leaf>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    let leaf = match value {
        Value::Null => return,
        Value::Object(table) if !table.is_empty() => {
            for (key, value) in table {
                collect(&join(key), value, found);
            }
            return;
        }
        Value::Object(_) => Leaf::Text(String::new()),
        Value::Array(items) => {
            let named = |item: &Value| item.get("name").and_then(Value::as_str).map(str::to_owned);
            if let Some(names) =
                items.iter().map(named).collect::<Option<Vec<_>>>().filter(|names| !names.is_empty())
            {
                for (name, item) in names.iter().zip(items) {
                    collect(&join(name), item, found);
                }
                return;
            }
            let text = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            Leaf::List(items.iter().map(text).collect())
        }
        Value::Bool(value) => Leaf::Bool(*value),
        Value::String(text) => Leaf::Text(text.clone()),
        Value::Number(number) => Leaf::Text(number.to_string()),
    };
    found.insert(path.to_owned(), leaf);
}
