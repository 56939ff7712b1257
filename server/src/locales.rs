//! Owns the built-in texts, one data file a language; a missing or unknown key fails the build (`build.rs`).
//! Refuses to guess a language: what is not built in speaks English until the operator replaces it.

use std::sync::LazyLock;

use assent_shared::notice::Lifetime;
use assent_shared::{Locale, Texts, locale};
use serde::Deserialize;

mod lifetimes;
mod pages;
#[cfg(test)]
mod tests;

use lifetimes::LifetimeTexts;
pub use pages::PageTexts;

/// Lists the languages; each is read from its file when it is first wanted, and then kept.
macro_rules! built_in {
    ($($tag:literal)*) => {
        const TAGS: &[&str] = &[$($tag),*];
        static BUILT_IN: [LazyLock<LocaleTexts>; TAGS.len()] = [$(
            LazyLock::new(|| LocaleTexts::read($tag, include_str!(concat!("../locales/", $tag, ".toml"))))
        ),*];
    };
}

built_in! {
    "ar" "bg" "ca" "cs" "da" "de" "el" "en" "es" "et" "fa" "fi" "fr" "ga" "he" "hi" "hr" "hu" "id" "is" "it" "ja"
    "ko" "lt" "lv" "mt" "nb" "nl" "pl" "pt" "pt-BR" "ro" "ru" "sk" "sl" "sr" "sr-Latn" "sv" "th" "tr" "uk" "vi"
    "zh-Hans" "zh-Hant"
}

/// Everything that Assent says to visitors in one language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocaleTexts {
    #[serde(skip)]
    tag: &'static str,
    /// The language's own name.
    pub name: String,
    /// Where its lines begin.
    pub direction: Direction,
    /// The banner's words.
    pub banner: Texts,
    /// The words of the pages.
    pub pages: PageTexts,
    lifetime: LifetimeTexts,
}

/// Where a language's lines begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// On the left.
    Ltr,
    /// On the right.
    Rtl,
}

impl Direction {
    /// The value of HTML's `dir` attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ltr => "ltr",
            Self::Rtl => "rtl",
        }
    }
}

impl LocaleTexts {
    fn read(tag: &'static str, file: &str) -> Self {
        Self { tag, ..toml::from_str(file).expect("a test has read every file") }
    }

    /// The tag of the language that these texts are in: the `lang` of a page that says them.
    #[must_use]
    pub fn tag(&self) -> &'static str {
        self.tag
    }

    /// How long a declared cookie lives, in this language's words.
    #[must_use]
    pub fn lifetime(&self, lifetime: Lifetime) -> String {
        self.lifetime.say(self.tag, lifetime)
    }
}

/// The tags of the built-in languages.
pub fn tags() -> impl Iterator<Item = &'static str> {
    TAGS.iter().copied()
}

/// The built-in texts that serve a reader of `wanted` best, English if there are none.
///
/// # Panics
/// Never: the files are compiled in, and a test reads every one of them.
#[must_use]
pub fn built_in(wanted: &Locale) -> &'static LocaleTexts {
    let tag = locale::nearest(wanted.as_str(), &TAGS.iter().copied()).unwrap_or("en");
    let at = TAGS.iter().position(|listed| *listed == tag).expect("it comes from this list");
    &BUILT_IN[at]
}
