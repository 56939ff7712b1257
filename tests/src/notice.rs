//! Owns the shop's notice in other looks and other languages.
//! Refuses to publish it; that is `site.rs`.

use assent_shared::Locale;
use toml::{Table, Value};

use crate::site::NOTICE;

/// The shop's notice with an `[appearance]`, in these languages, of which the first is the default. The banner's words are the
/// built-in ones; the purposes speak English throughout.
///
/// # Panics
/// When `appearance` is no TOML.
#[must_use]
pub fn notice(appearance: &str, locales: &[&str]) -> String {
    let mut notice: Table = NOTICE.parse().expect("the shop's notice is TOML");
    let look: Table = appearance.parse().expect("an appearance is TOML");
    notice.insert("appearance".to_owned(), look.into());
    if let Some(first) = locales.first() {
        notice.insert("default_locale".to_owned(), (*first).into());
    }
    spread(&mut notice["texts"], locales);
    for purpose in notice["purposes"].as_array_mut().into_iter().flatten() {
        spread(&mut purpose["texts"], locales);
        let cookies = purpose.get_mut("cookies").and_then(Value::as_array_mut);
        for cookie in cookies.into_iter().flatten() {
            spread(&mut cookie["about"], locales);
        }
    }
    notice.to_string()
}

/// What is said in English is said in each of these languages, and in English only if that is one of them.
fn spread(texts: &mut Value, locales: &[&str]) {
    let english = texts["en"].clone();
    let each = locales.iter().map(|locale| ((*locale).to_owned(), english.clone()));
    *texts = Value::Table(each.collect());
}

/// Every language that Assent ships, by the names of their files.
///
/// # Panics
/// When the folder of languages cannot be read.
#[must_use]
pub fn shipped_locales() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../server/locales");
    let files = std::fs::read_dir(folder).expect("the languages can be listed");
    let mut locales: Vec<String> = files
        .filter_map(|file| Some(file.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .collect();
    locales.sort();
    assert!(locales.iter().all(|locale| locale.parse::<Locale>().is_ok()), "{locales:?}");
    locales
}

/// The shop's notice, with more keys for one purpose and more tables at its end.
///
/// # Panics
/// When there is no such purpose.
#[must_use]
pub fn notice_with(purpose: &str, keys: &str, tables: &str) -> String {
    let id = format!("id = {purpose:?}\n");
    assert!(NOTICE.contains(&id), "no purpose {purpose}");
    format!("{}\n{tables}\n", NOTICE.replace(&id, &format!("{id}{keys}\n")))
}
