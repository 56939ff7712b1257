//! Owns saying how long a declared cookie lives, in any language's grammar.
//! Refuses to know a grammar itself: which form a count takes is CLDR's to say, the forms are data.

use assent_shared::notice::{Lifetime, Unit};
use icu_locale_core::LanguageIdentifier;
use icu_plurals::{PluralCategory, PluralRules};
use serde::Deserialize;

/// The `[lifetime]` table of a language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LifetimeTexts {
    session: String,
    persistent: String,
    minute: Forms,
    hour: Forms,
    day: Forms,
    month: Forms,
    year: Forms,
}

/// A counted unit in each plural category that the language has for whole numbers; `{}` stands for the count.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forms {
    zero: Option<String>,
    one: Option<String>,
    two: Option<String>,
    few: Option<String>,
    many: Option<String>,
    other: Option<String>,
}

impl LifetimeTexts {
    pub(super) fn say(&self, tag: &str, lifetime: Lifetime) -> String {
        let (count, forms) = match lifetime {
            Lifetime::Session => return self.session.clone(),
            Lifetime::Persistent => return self.persistent.clone(),
            Lifetime::For(count, Unit::Minute) => (count, &self.minute),
            Lifetime::For(count, Unit::Hour) => (count, &self.hour),
            Lifetime::For(count, Unit::Day) => (count, &self.day),
            Lifetime::For(count, Unit::Month) => (count, &self.month),
            Lifetime::For(count, Unit::Year) => (count, &self.year),
        };
        forms.of(plural(tag, count)).replace("{}", &count.to_string())
    }
}

impl Forms {
    fn of(&self, category: PluralCategory) -> &str {
        let form = match category {
            PluralCategory::Zero => &self.zero,
            PluralCategory::One => &self.one,
            PluralCategory::Two => &self.two,
            PluralCategory::Few => &self.few,
            PluralCategory::Many => &self.many,
            PluralCategory::Other => &self.other,
        };
        form.as_deref().expect("a test has held every file against CLDR")
    }
}

/// The plural form that a count takes in a language that is built in.
pub(super) fn plural(tag: &str, count: u32) -> PluralCategory {
    // The language alone: a script does not change the grammar, but ICU would look no further than `sr-Latn`.
    let language = tag.split('-').next().unwrap_or(tag);
    let language = LanguageIdentifier::try_from_str(language).expect("the built-in tags are BCP 47");
    // Made anew each time: it is a look-up in compiled data, and it cannot be shared between threads.
    PluralRules::try_new_cardinal(language.into()).expect("the data is compiled in").category_for(count)
}
