//! Owns one notice in several languages: each says all of it, and all of them say the same.
//! Refuses to translate; that two languages use the same words is what it sees.

use std::collections::BTreeSet;

use assent_shared::{Locale, Texts};

use super::{Findings, Rule, words};
use crate::locales;
use crate::notices::file::NoticeFile;

/// Languages in which a whole sentence may be written alike.
const ALIKE: [(&str, &str); 4] = [("da", "nb"), ("hr", "sr"), ("id", "ms"), ("bg", "mk")];

/// What a visitor reads before answering.
const FIRST_LAYER: [&str; 5] = ["accept", "body", "manage", "reject", "title"];

pub(super) fn check(file: &NoticeFile, found: &mut Findings) {
    built_in_words(file, found);
    replaced_in_some(file, found);
    for purpose in &file.purposes {
        let id = &purpose.id;
        let texts = || purpose.texts.iter().map(|(locale, texts)| (locale, texts.description.as_str()));
        for (locale, from) in untranslated(file, texts()) {
            found.refuse(
                Rule::LanguageDiscontinuity,
                format!("purposes.{id}.texts.{locale}.description"),
                format!("In `{locale}` this says what `{from}` says, word for word. Translate it."),
            );
        }
        for cookie in &purpose.cookies {
            let texts = cookie.about.iter().map(|(locale, text)| (locale, text.as_str()));
            for (locale, from) in untranslated(file, texts) {
                found.warn(
                    Rule::LanguageDiscontinuity,
                    format!("purposes.{id}.cookies.{}.about.{locale}", cookie.name),
                    format!("In `{locale}` this says what `{from}` says, word for word. Translate it."),
                );
            }
        }
    }
}

/// The languages in which a sentence is another language's, and which: the default one where it is among them.
fn untranslated<'a>(
    file: &NoticeFile,
    texts: impl Iterator<Item = (&'a Locale, &'a str)>,
) -> Vec<(&'a Locale, &'a Locale)> {
    let mut texts: Vec<_> = texts.filter(|(_, text)| words::count(text) > 1).collect();
    texts.sort_by_key(|(locale, _)| **locale != file.default_locale);
    let mut same = Vec::new();
    for (at, (locale, text)) in texts.iter().enumerate() {
        let first = texts[..at].iter().find(|(other, earlier)| {
            !alike(locale.language(), other.language()) && words::same(text, earlier)
        });
        same.extend(first.map(|(other, _)| (*locale, *other)));
    }
    same
}

fn alike(one: &str, other: &str) -> bool {
    let pair = (one.min(other), one.max(other));
    one == other || ALIKE.contains(&pair)
}

/// A language that is not built in speaks English until its words are replaced.
fn built_in_words(file: &NoticeFile, found: &mut Findings) {
    for (locale, own) in &file.texts {
        let built_in = locales::built_in(locale).tag();
        if built_in != "en" || locale.language() == "en" {
            continue;
        }
        let lacks = |key: &&&str| own.get(**key).is_none_or(|text| text.trim().is_empty());
        let first: Vec<_> = FIRST_LAYER.iter().filter(lacks).copied().collect();
        let all = Texts::KEYS.iter().filter(lacks).count();
        if !first.is_empty() {
            found.refuse(
                Rule::LanguageDiscontinuity,
                format!("texts.{locale}"),
                format!(
                    "`{locale}` is not built in, so these would be in English before visitors can answer: {}. Write them.",
                    first.join(", ")
                ),
            );
        } else if all > 0 {
            found.warn(
                Rule::LanguageDiscontinuity,
                format!("texts.{locale}"),
                format!("`{locale}` is not built in, so {all} texts after the first layer are in English."),
            );
        }
    }
}

/// What one language says in the operator's words, the others should too.
fn replaced_in_some(file: &NoticeFile, found: &mut Findings) {
    let keys: BTreeSet<&String> = file.texts.values().flat_map(|texts| texts.keys()).collect();
    for (locale, own) in &file.texts {
        let lacking: Vec<&str> =
            keys.iter().filter(|key| !own.contains_key(**key)).map(|key| key.as_str()).collect();
        if !lacking.is_empty() {
            found.warn(
                Rule::InconsistentInterface,
                format!("texts.{locale}"),
                format!(
                    "Another language replaces these texts, and `{locale}` keeps the built-in ones: {}. Say the same in both.",
                    lacking.join(", ")
                ),
            );
        }
    }
}
