//! Owns what the linter listens for in each language, and how it is found in a text.
//! Refuses to judge what was found.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use assent_shared::Locale;
use serde::Deserialize;

/// The phrases of one language; `words.toml` says what each list is for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    pub(super) already_on: Vec<String>,
    pub(super) bait: Vec<String>,
    pub(super) grant: Vec<String>,
    pub(super) interest: Vec<String>,
    pub(super) recommend: Vec<String>,
    pub(super) refuse: Vec<String>,
    pub(super) shrug: Vec<String>,
    pub(super) steer: Vec<String>,
    pub(super) tracking: Vec<String>,
    pub(super) vague: Vec<String>,
}

static WORDS: LazyLock<BTreeMap<String, Words>> =
    LazyLock::new(|| toml::from_str(include_str!("words.toml")).expect("a test has read it"));
static NONE: LazyLock<Words> = LazyLock::new(Words::default);

/// The phrases of a language; nothing is ever found by those of a language that has none.
pub(super) fn of(locale: &Locale) -> &'static Words {
    let language = match locale.language() {
        "no" | "nn" => "nb",
        language => language,
    };
    WORDS.get(language).unwrap_or(&NONE)
}

/// The phrases of every language that has some.
pub(super) fn all() -> impl Iterator<Item = &'static Words> {
    WORDS.values()
}

/// The words of a text in small letters.
pub(super) fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Where one of the phrases stands in a text: the first of its words, and how many they are.
fn place(words: &[String], phrases: &[String]) -> Option<(usize, usize)> {
    phrases.iter().find_map(|phrase| {
        let phrase: Vec<&str> = phrase
            .split(|c: char| !c.is_alphanumeric() && c != '*')
            .filter(|part| !part.is_empty())
            .collect();
        let fits = |run: &[String]| {
            run.iter().zip(&phrase).all(|(word, part)| match part.strip_suffix('*') {
                Some(beginning) => word.starts_with(beginning),
                None => word == part,
            })
        };
        words.windows(phrase.len().max(1)).position(fits).map(|at| (at, phrase.len()))
    })
}

/// What of the phrases a text says, in its own words.
pub(super) fn said(text: &str, phrases: &[String]) -> Option<String> {
    let words = tokens(text);
    place(&words, phrases).map(|(at, length)| words[at..at + length].join(" "))
}

/// Whether a text begins with one of the phrases.
pub(super) fn begins(text: &str, phrases: &[String]) -> bool {
    let words = tokens(text);
    phrases.iter().any(|phrase| place(&words, std::slice::from_ref(phrase)).is_some_and(|(at, _)| at == 0))
}

/// How many words of some length a text has beside the phrases, which it may repeat.
pub(super) fn beside(text: &str, phrases: &[String]) -> usize {
    let mut words = tokens(text);
    while let Some((at, length)) = place(&words, phrases) {
        words.drain(at..at + length);
    }
    words.iter().filter(|word| word.chars().count() > 3).count()
}

/// Whether two texts are the same to a reader.
pub(super) fn same(one: &str, other: &str) -> bool {
    let (one, other) = (tokens(one), tokens(other));
    !one.is_empty() && one == other
}

/// How many words a text has. Where words are not spaced, two letters count as one.
pub(super) fn count(text: &str) -> usize {
    let spaced = |c: char| !matches!(c, '\u{0e00}'..='\u{0eff}' | '\u{1100}'..='\u{11ff}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}');
    let unspaced = text.chars().filter(|c| !spaced(*c)).count();
    tokens(text).iter().filter(|word| word.chars().all(spaced)).count() + unspaced.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(list: &[&str]) -> Vec<String> {
        list.iter().map(|phrase| (*phrase).to_owned()).collect()
    }

    #[test]
    fn phrases_are_found_as_whole_words() {
        let list = phrases(&["no", "improv* your experience", "don't care"]);
        assert_eq!(said("No, thanks", &list).as_deref(), Some("no"));
        assert_eq!(said("Improving your Experience!", &list).as_deref(), Some("improving your experience"));
        assert_eq!(said("I DON’T care", &list).as_deref(), Some("don t care"));
        for text in ["nothing", "note", "improve their experience", "your experience", ""] {
            assert_eq!(said(text, &list), None, "{text}");
        }
        assert!(begins("No way", &list) && !begins("Say no", &list));
    }

    #[test]
    fn what_is_said_beside_a_phrase_is_counted() {
        let list = phrases(&["improv* your experience"]);
        assert_eq!(beside("To improve your experience", &list), 0);
        assert_eq!(beside("Counts the visits of each page to improve your experience", &list), 4);
    }

    #[test]
    fn words_are_counted_where_none_are_spaced_too() {
        assert_eq!(count("Counts visits."), 2);
        assert_eq!(count("统计访问次数"), 3);
        assert!(count("방문 횟수를 셉니다") >= 3);
        assert_eq!(count(" … "), 0);
    }

    #[test]
    fn no_list_is_empty() {
        assert_eq!(WORDS.len(), 13);
        for (language, words) in WORDS.iter() {
            let lists = [
                &words.already_on,
                &words.bait,
                &words.grant,
                &words.interest,
                &words.recommend,
                &words.refuse,
                &words.shrug,
                &words.steer,
                &words.tracking,
                &words.vague,
            ];
            assert!(lists.iter().all(|list| !list.is_empty()), "{language}");
        }
    }
}
