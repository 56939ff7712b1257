//! Owns the guess whether a sentence says something else, or the same in slightly other words.
//! Refuses to be sure: where it cannot tell, it says yes, and somebody looks.

/// Short words that turn a sentence round, or make it another's.
const HEAVY: [&str; 22] = [
    "all", "any", "ei", "en", "ez", "kun", "ne", "nee", "nei", "nej", "nem", "nie", "nil", "no", "non",
    "not", "nu", "não", "pas", "sin", "us", "we",
];

/// Whether two sentences differ by more than signs, short words and slips of the pen.
pub(super) fn of_substance(before: &str, after: &str) -> bool {
    let (mut gone, mut come) = (words(before), words(after));
    // What both have, in whatever order, is no difference.
    gone.retain(|word| match come.iter().position(|other| other == word) {
        Some(at) => {
            come.remove(at);
            false
        }
        None => true,
    });
    gone.retain(|word| match come.iter().position(|other| is_slip(word, other)) {
        Some(at) => {
            come.remove(at);
            false
        }
        None => true,
    });
    gone.iter().chain(&come).any(|word| is_heavy(word))
}

fn words(text: &str) -> Vec<String> {
    let words = text.to_lowercase();
    words.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is_heavy(word: &str) -> bool {
    word.chars().count() > 3
        || word.chars().any(char::is_numeric)
        || HEAVY.contains(&word)
        // Where words are not spaced, three letters are a sentence.
        || word.chars().any(|c| c > '\u{2e7f}')
}

/// Whether one is the other with one letter changed, added or left out, in a word long enough that this changes no meaning.
fn is_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = if one.len() < other.len() { (&one, &other) } else { (&other, &one) };
    if short.len() < 5 || long.len() - short.len() > 1 || one.iter().chain(&other).any(|c| c.is_numeric()) {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let rest = usize::from(short.len() == long.len());
    short[(same + rest).min(short.len())..] == long[same + 1..]
}

#[cfg(test)]
mod tests {
    use super::of_substance;

    #[test]
    fn small_edits_are_none_of_substance() {
        for (before, after) in [
            ("Counts visits.", "Counts the visits"),
            ("Counts visits.", "counts  visits!"),
            ("Counts visits and pages.", "Counts pages and visits."),
            ("We meassure visits.", "We measure visits."),
            ("Zählt Besuche.", "Zählt die Besuche."),
            ("Measures visits", "Measured visits"),
        ] {
            assert!(!of_substance(before, after), "{before} / {after}");
        }
    }

    #[test]
    fn another_meaning_is() {
        for (before, after) in [
            ("Counts visits.", "Counts visits and shares them."),
            ("Kept for 30 days.", "Kept for 90 days."),
            ("We do not sell it.", "We do sell it."),
            ("Counts visits.", "Shows advertisements."),
            ("统计访问次数", "统计访问次数并分享"),
            ("", "Counts visits."),
        ] {
            assert!(of_substance(before, after), "{before} / {after}");
        }
    }
}
