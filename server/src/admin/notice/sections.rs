//! Owns the editor's sections: which keys of the notice file each shows, under which words.
//! Refuses to read or write any of them; `fields.rs` does.

mod keys;

use assent_shared::{Locale, PurposeId};
use toml::{Table, Value};

use super::fields::{Field, get};
use crate::locales;

/// A part of the notice that has a form of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Section {
    Who,
    Looks,
    Language(Locale),
    Purpose(PurposeId),
    /// A purpose's cookie by its place; one behind the last is a new one.
    Cookie(PurposeId, usize),
}

/// Fields that belong together.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) legend: String,
    pub(crate) about: &'static str,
    pub(crate) fields: Vec<Field>,
}

impl Section {
    /// Where its form is, behind the editor's address.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::Who => "/who".to_owned(),
            Self::Looks => "/looks".to_owned(),
            Self::Language(locale) => format!("/languages/{locale}"),
            Self::Purpose(id) => format!("/purposes/{id}"),
            Self::Cookie(id, at) => format!("/purposes/{id}/cookies/{at}"),
        }
    }

    /// Its heading.
    pub(crate) fn title(&self, file: &Table) -> String {
        match self {
            Self::Who => "Who asks".to_owned(),
            Self::Looks => "Looks".to_owned(),
            Self::Language(locale) => format!("Words in {}", language(locale)),
            Self::Purpose(id) => format!("Purpose “{}”", purpose_name(file, id)),
            Self::Cookie(id, at) => match get(file, &format!("purposes.{id}.cookies.{at}.name")) {
                Some(name) => format!("Cookie “{}”", name.as_str().unwrap_or_default()),
                None => format!("New cookie of “{}”", purpose_name(file, id)),
            },
        }
    }

    /// Whether there is such a part in the file.
    pub(crate) fn is_in(&self, file: &Table) -> bool {
        let purpose = |id: &PurposeId| purposes(file).contains(&id.as_str());
        match self {
            Self::Who | Self::Looks => true,
            Self::Language(locale) => languages(file).contains(locale),
            Self::Purpose(id) => purpose(id),
            Self::Cookie(id, at) => purpose(id) && *at <= cookies(file, id).len(),
        }
    }

    /// Its fields.
    pub(crate) fn groups(&self, file: &Table) -> Vec<Group> {
        match self {
            Self::Who => keys::who(),
            Self::Looks => keys::looks(),
            Self::Language(locale) => keys::words(file, locale),
            Self::Purpose(id) => keys::purpose(file, id),
            Self::Cookie(id, at) => keys::cookie(file, id, *at),
        }
    }

    /// The section that holds a key path, so that a finding can lead to it.
    pub(crate) fn of(key: &str) -> Option<Self> {
        let segments: Vec<&str> = key.split('.').collect();
        match segments.as_slice() {
            ["controller" | "authority" | "dpo" | "jurisdictions" | "privacy_policy", ..] => Some(Self::Who),
            ["appearance", ..] => Some(Self::Looks),
            ["texts", locale, ..] => locale.parse().ok().map(Self::Language),
            ["purposes", id, "cookies", at, ..] => match (id.parse(), at.parse()) {
                (Ok(id), Ok(at)) => Some(Self::Cookie(id, at)),
                (Ok(id), Err(_)) => Some(Self::Purpose(id)),
                _ => None,
            },
            ["purposes", id, ..] => id.parse().ok().map(Self::Purpose),
            _ => None,
        }
    }
}

/// A language's own name with its tag.
pub(crate) fn language(locale: &Locale) -> String {
    let built_in = locales::built_in(locale);
    if built_in.tag() == locale.as_str() {
        format!("{} ({locale})", built_in.name)
    } else {
        locale.to_string()
    }
}

/// The file's languages, by their tags.
pub(crate) fn languages(file: &Table) -> Vec<Locale> {
    let texts = file.get("texts").and_then(Value::as_table);
    texts.map(|texts| texts.keys().filter_map(|tag| tag.parse().ok()).collect()).unwrap_or_default()
}

/// The language of visitors whose own the notice does not speak.
pub(crate) fn default_language(file: &Table) -> String {
    file.get("default_locale").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The ids of the file's purposes, in their order.
pub(crate) fn purposes(file: &Table) -> Vec<&str> {
    let list = file.get("purposes").and_then(Value::as_array);
    list.map(|list| list.iter().filter_map(|one| one.get("id")?.as_str()).collect()).unwrap_or_default()
}

/// A purpose's cookies: name, provider and lifetime.
pub(crate) fn cookies<'a>(file: &'a Table, id: &PurposeId) -> Vec<[&'a str; 3]> {
    let list = get(file, &format!("purposes.{id}.cookies")).and_then(Value::as_array);
    let text = |cookie: &'a Value, key| cookie.get(key).and_then(Value::as_str).unwrap_or_default();
    let cookies = list.into_iter().flatten();
    cookies.map(|cookie| ["name", "provider", "lifetime"].map(|key| text(cookie, key))).collect()
}

/// A purpose's name in the notice's first language.
pub(crate) fn purpose_name(file: &Table, id: &PurposeId) -> String {
    text(file, &format!("purposes.{id}.texts.{}.name", default_language(file)))
        .unwrap_or_else(|| id.to_string())
}

fn text(file: &Table, key: &str) -> Option<String> {
    get(file, key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
