//! Owns holding the data files against each other, against CLDR and against what is fair to ask.
//! Refuses to judge a translation: that takes somebody who speaks the language.

use std::collections::BTreeMap;
use std::path::Path;

use icu_plurals::PluralCategory;
use toml::{Table, Value};

use super::lifetimes::plural;
use super::*;

/// Every file in `server/locales/`, by name without its ending.
fn files() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("locales");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            let tag = name.strip_suffix(".toml").unwrap_or_else(|| panic!("{name} is not a .toml file"));
            (tag.to_owned(), std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

/// Fails with everything that `check` finds wrong in any file, and with every key that is missing or unknown.
fn in_every_file(check: impl Fn(&str, &Table, &mut dyn FnMut(String))) {
    let mut faults = Vec::new();
    for (tag, text) in files() {
        match toml::from_str::<LocaleTexts>(&text).and_then(|_| toml::from_str(&text)) {
            Ok(table) => check(&tag, &table, &mut |fault| faults.push(format!("{tag}.toml: {fault}"))),
            Err(error) => faults.push(format!("{tag}.toml: {error}")),
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn text<'a>(table: &'a Table, path: &[&str]) -> &'a str {
    let (last, way) = path.split_last().unwrap();
    way.iter().fold(table, |table, key| table[*key].as_table().unwrap())[*last].as_str().unwrap()
}

#[test]
fn every_file_is_a_language_and_every_language_a_file() {
    // A listed file that is not there fails the build already.
    for tag in files().keys() {
        assert!(TAGS.contains(&tag.as_str()), "{tag}.toml is not listed in locales.rs");
    }
    assert!(TAGS.is_sorted(), "the list in locales.rs is in alphabetical order");
}

/// A text that English lacks reads as empty, because old notices lack it too; and every language has English's keys.
#[test]
fn english_says_everything_that_the_banner_knows() {
    let mut english = built_in(&"en".parse().unwrap()).banner.clone();
    for key in Texts::KEYS {
        assert!(english.get_mut(key).is_some_and(|text| !text.is_empty()), "en.toml does not say {key}");
    }
}

#[test]
fn every_text_is_there_and_says_something() {
    fn blank(path: &str, value: &Value, report: &mut dyn FnMut(String)) {
        match value {
            Value::String(text) if text.trim().is_empty() => report(format!("{path} is empty")),
            Value::String(text) if text.trim() != text => report(format!("{path} has spaces around it")),
            Value::Table(table) => {
                for (key, value) in table {
                    blank(&format!("{path}.{key}"), value, report);
                }
            }
            _ => {}
        }
    }
    in_every_file(|_, table, report| {
        for (key, value) in table {
            blank(key, value, report);
        }
    });
}

#[test]
fn the_direction_is_the_one_that_the_banner_gets() {
    in_every_file(|tag, table, report| {
        let direction = if locale::is_rtl(tag) { "rtl" } else { "ltr" };
        if text(table, &["direction"]) != direction {
            report(format!("direction is not {direction}"));
        }
    });
}

#[test]
fn yes_and_no_are_alike() {
    in_every_file(|_, table, report| {
        let [accept, reject] = ["accept", "reject"].map(|key| text(table, &["banner", key]));
        let [shorter, longer] = {
            let mut lengths = [accept, reject].map(|label| label.chars().count());
            lengths.sort_unstable();
            lengths
        };
        if accept == reject {
            report("banner.accept and banner.reject say the same".to_owned());
        }
        if longer > 2 * shorter {
            report(format!(
                "banner.accept `{accept}` and banner.reject `{reject}` differ too much in length"
            ));
        }
        if text(table, &["pages", "allow"]) == text(table, &["pages", "do_not_allow"]) {
            report("pages.allow and pages.do_not_allow say the same".to_owned());
        }
    });
}

#[test]
fn the_plural_forms_are_those_of_cldr() {
    let name = |form| match form {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    };
    // CLDR tells whole numbers apart by their last two digits and, in Romance languages, by whole millions.
    let counts: Vec<u32> = (0..=300).chain([1_000, 1_000_000, 2_000_000, 1_000_001]).collect();
    in_every_file(|tag, table, report| {
        let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
        for count in &counts {
            *expected.entry(name(plural(tag, *count))).or_default() += 1;
        }
        for unit in ["minute", "hour", "day", "month", "year"] {
            let forms = table["lifetime"][unit].as_table().unwrap();
            for missing in expected.keys().filter(|name| !forms.contains_key(**name)) {
                report(format!("lifetime.{unit} lacks the form `{missing}`"));
            }
            for (form, said) in forms {
                let placeholders = said.as_str().unwrap().matches("{}").count();
                match expected.get(form.as_str()) {
                    None => report(format!("lifetime.{unit} has a form `{form}` that no whole number takes")),
                    // A form of one single number, such as a dual, may say that number as a word.
                    Some(1) if placeholders == 0 => {}
                    Some(_) if placeholders == 1 => {}
                    Some(_) => report(format!("lifetime.{unit}.{form} does not have {{}} exactly once")),
                }
            }
        }
    });
}

#[test]
fn a_language_is_found_under_all_its_names() {
    for (wanted, found) in [
        ("de", "de"),
        ("de-CH", "de"),
        ("zh-TW", "zh-Hant"),
        ("zh-CN", "zh-Hans"),
        ("pt-PT", "pt"),
        ("pt-BR", "pt-BR"),
        ("no", "nb"),
        ("nn", "nb"),
        ("iw", "he"),
        ("in", "id"),
        ("sr-Latn", "sr-Latn"),
        ("cy", "en"),
    ] {
        assert_eq!(built_in(&wanted.parse().unwrap()).tag(), found, "{wanted}");
    }
    for tag in TAGS {
        assert_eq!(built_in(&tag.parse().unwrap()).tag(), *tag);
    }
}

#[test]
fn a_lifetime_follows_the_grammar_of_its_language() {
    for (tag, lifetime, said) in [
        ("en", "1 year", "1 year"),
        ("en", "13 months", "13 months"),
        ("de", "session", "Bis der Browser geschlossen wird"),
        ("de", "30 minutes", "30 Minuten"),
        ("pl", "2 years", "2 lata"),
        ("pl", "13 months", "13 miesięcy"),
        ("ru", "21 days", "21 день"),
        ("lv", "11 months", "11 mēnešu"),
        ("sl", "2 months", "2 meseca"),
        ("ar", "2 years", "سنتان"),
        ("ar", "13 months", "13 شهرًا"),
        ("he", "1 day", "יום אחד"),
        ("ga", "7 hours", "7 n-uaire"),
        ("fr", "1000000 minutes", "1000000 de minutes"),
        ("ja", "1 year", "1年"),
    ] {
        let texts = built_in(&tag.parse().unwrap());
        assert_eq!(texts.lifetime(lifetime.parse().unwrap()), said, "{tag}: {lifetime}");
    }
}
