//! Owns how a wanted language finds the nearest one on offer, and which languages are written from right to left.
//! Refuses to hold any text, and to choose for nobody: without a match the caller says what stands in.

use std::iter;

use crate::id::Locale;

impl Locale {
    /// Whether this language is written from right to left.
    #[must_use]
    pub fn is_rtl(&self) -> bool {
        is_rtl(self.as_str())
    }
}

/// Whether the language of `tag` is written from right to left. A script in the tag counts for more than the language.
#[must_use]
pub fn is_rtl(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let language = parts.next().unwrap_or(tag);
    match parts.find(|part| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphabetic())) {
        Some(script) => is_one_of(script, &["Arab", "Hebr", "Syrc", "Thaa"]),
        None => is_one_of(current(language), &["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"]),
    }
}

/// The longest tag that RFC 5646 (§4.4.1) asks everybody to take; whoever sends a longer one wants no language of ours.
const LONGEST: usize = 35;

/// The one of `offered` that serves a reader of `tag` best: the same tag, else the same with ever fewer subtags
/// (RFC 4647 §3.4), else another form of the same language.
pub fn nearest<'a>(tag: &str, offered: &(impl Iterator<Item = &'a str> + Clone)) -> Option<&'a str> {
    if tag.len() > LONGEST {
        return None;
    }
    let find = |fits: &dyn Fn(&str) -> bool| offered.clone().find(|locale| fits(locale));
    iter::successors(Some(tag), |range| range.rsplit_once('-').map(|(shorter, _)| shorter))
        .find_map(|range| {
            find(&|locale| locale.eq_ignore_ascii_case(range)).or_else(|| find(&|locale| same(locale, range)))
        })
        .or_else(|| find(&|locale| canonical(locale).0.eq_ignore_ascii_case(canonical(tag).0)))
}

/// Whether two tags name the same written language, under old or new names.
fn same(left: &str, right: &str) -> bool {
    let (left, right) = (canonical(left), canonical(right));
    left.0.eq_ignore_ascii_case(right.0) && left.1.eq_ignore_ascii_case(right.1)
}

/// A tag's language under its present name, and what is said beyond it.
fn canonical(tag: &str) -> (&str, &str) {
    let (language, rest) = tag.split_once('-').unwrap_or((tag, ""));
    let language = current(language);
    let says = |names: &[&str]| rest.split('-').any(|part| is_one_of(part, names));
    if language.eq_ignore_ascii_case("zh") {
        // Chinese is told apart by its script, and a region stands for one.
        let traditional = says(&["hant"]) || (says(&["hk", "mo", "tw"]) && !says(&["hans"]));
        (language, if traditional { "hant" } else { "hans" })
    } else if language.eq_ignore_ascii_case("pt") && rest.eq_ignore_ascii_case("pt") {
        (language, "")
    } else {
        (language, rest)
    }
}

/// Languages that browsers still send under another name; who reads Nynorsk reads Bokmål.
fn current(language: &str) -> &str {
    const NAMES: [(&str, &str); 5] = [("in", "id"), ("iw", "he"), ("ji", "yi"), ("nn", "nb"), ("no", "nb")];
    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(language)).map_or(language, |(_, now)| now)
}

fn is_one_of(part: &str, names: &[&str]) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(tag: &str, offered: &[&'a str]) -> Option<&'a str> {
        nearest(tag, &offered.iter().copied())
    }

    #[test]
    fn the_same_tag_wins_then_a_shorter_one_then_the_same_language() {
        let offered = ["de", "de-CH", "en", "pt", "pt-BR", "sr", "sr-Latn"];
        for (tag, found) in [
            ("de-ch", "de-CH"),
            ("de-AT", "de"),
            ("DE", "de"),
            ("pt-PT", "pt"),
            ("pt-AO", "pt"),
            ("pt-br", "pt-BR"),
            ("sr-Latn-RS", "sr-Latn"),
            ("sr-Cyrl-RS", "sr"),
        ] {
            assert_eq!(find(tag, &offered), Some(found), "{tag}");
        }
        assert_eq!(find("pt-PT", &["en", "pt-BR"]), Some("pt-BR"));
        assert_eq!(find("de", &["en", "de-CH"]), Some("de-CH"));
        let endless = "de-".repeat(1000);
        for tag in ["", "-", "*", "'", "d", "deu", "fr", &endless] {
            assert_eq!(find(tag, &offered), None, "{tag}");
        }
    }

    #[test]
    fn old_and_other_names_of_a_language_are_known() {
        let offered = ["en", "he", "id", "nb", "zh-Hans", "zh-Hant"];
        for (tag, found) in [
            ("iw-IL", "he"),
            ("in", "id"),
            ("no", "nb"),
            ("nn-NO", "nb"),
            ("zh", "zh-Hans"),
            ("zh-CN", "zh-Hans"),
            ("zh-SG", "zh-Hans"),
            ("zh-Hans-HK", "zh-Hans"),
            ("zh-TW", "zh-Hant"),
            ("zh-HK", "zh-Hant"),
            ("zh-MO", "zh-Hant"),
            ("zh-Hant-TW", "zh-Hant"),
        ] {
            assert_eq!(find(tag, &offered), Some(found), "{tag}");
        }
        assert_eq!(find("nb-NO", &["en", "no"]), Some("no"), "a notice may use the old name");
        assert_eq!(find("nn-NO", &["nb", "nn"]), Some("nn"), "its own form comes first");
        assert_eq!(find("zh-TW", &["zh-CN", "zh-HK"]), Some("zh-HK"), "the same script");
    }

    #[test]
    fn direction_follows_the_script_then_the_language() {
        for tag in ["ar", "ar-EG", "he", "iw", "fa-IR", "ur", "ckb", "pa-Arab", "dv"] {
            assert!(is_rtl(tag), "{tag}");
        }
        for tag in ["en", "de-AT", "ar-Latn", "zh-Hant-TW", "pa", "id", ""] {
            assert!(!is_rtl(tag), "{tag}");
        }
    }
}
