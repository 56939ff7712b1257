//! Owns the built-in texts, one data file a language; a missing key fails this module's test.
//! Refuses to guess a language: what is not built in speaks English until the operator replaces it.

use assent_shared::{Locale, Texts};

/// The languages, each with its file.
const BUILT_IN: &[(&str, &str)] = &[("en", include_str!("../locales/en.toml"))];

/// The built-in texts of a locale: exactly its own, else its language's, else English.
///
/// # Panics
/// Never: the files are compiled in, and a test reads every one of them.
#[must_use]
pub fn built_in(locale: &Locale) -> Texts {
    let find = |name: &str| BUILT_IN.iter().find(|(of, _)| *of == name);
    let (_, file) = find(locale.as_str()).or_else(|| find(locale.language())).unwrap_or(&BUILT_IN[0]);
    toml::from_str(file).expect("the built-in texts are complete")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_every_text() {
        for (locale, file) in BUILT_IN {
            let texts: Texts = toml::from_str(file).unwrap_or_else(|error| panic!("{locale}: {error}"));
            let mut texts = texts;
            for key in Texts::KEYS {
                assert!(!texts.get_mut(key).unwrap().trim().is_empty(), "{locale}: {key} is empty");
            }
        }
    }
}
