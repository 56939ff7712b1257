//! Owns what the answers say: Accept and Reject as plain, as short and as loud as each other, and nothing that pushes.
//! Refuses to judge their looks, which are one pair of colours for both.

use std::collections::BTreeMap;

use assent_shared::{Locale, Texts};

use super::words::{self, Words};
use super::{Findings, Rule};
use crate::locales;
use crate::notices::file::NoticeFile;

/// From here on a paragraph is read by nobody.
const LONGEST_BODY: usize = 700;

pub(super) fn check(file: &NoticeFile, found: &mut Findings) {
    for (locale, own) in &file.texts {
        let said =
            Said { locale, own, built_in: &locales::built_in(locale).banner, words: words::of(locale) };
        said.meaning(found);
        said.equality(found);
        said.feelings(found);
        said.again(found);
        said.length(found);
    }
}

/// What the banner says in one language.
struct Said<'a> {
    locale: &'a Locale,
    own: &'a BTreeMap<String, String>,
    built_in: &'a Texts,
    words: &'static Words,
}

impl Said<'_> {
    fn text(&self, key: &str) -> &str {
        let own = self.own.get(key).map(String::as_str).filter(|text| !text.is_empty());
        own.or_else(|| self.built_in.get(key)).unwrap_or_default()
    }

    fn at(&self, key: &str) -> String {
        format!("texts.{}.{key}", self.locale)
    }

    /// Of two texts the one that the operator replaced: the other one cannot be at fault.
    fn replaced<'k>(&self, key: &'k str, other: &'k str) -> &'k str {
        if self.own.contains_key(key) { key } else { other }
    }

    fn says(&self, key: &str, phrases: &[String]) -> Option<String> {
        words::said(self.text(key), phrases)
    }

    fn meaning(&self, found: &mut Findings) {
        let Words { grant, refuse, shrug, .. } = self.words;
        let reject = self.text("reject");
        let plain = self.built_in.get("reject").unwrap_or_default();
        if words::same(reject, self.text("accept")) {
            found.refuse(
                Rule::MisleadingAction,
                self.at(self.replaced("reject", "accept")),
                format!("Accept and Reject both say `{reject}`, so nobody can tell them apart. Let Reject say what it does, such as `{plain}`."),
            );
        } else if let Some(other) =
            ["manage", "save", "close"].into_iter().find(|key| words::same(reject, self.text(key)))
        {
            found.refuse(
                Rule::NoReject,
                self.at(self.replaced("reject", other)),
                format!("Reject says what `{other}` says, `{reject}`, so the first layer has no word that refuses. Say `{plain}`."),
            );
        } else if !refuse.is_empty() && self.says("reject", refuse).is_none() {
            if self.says("reject", grant).is_some() {
                found.refuse(
                    Rule::MisleadingAction,
                    self.at("reject"),
                    format!(
                        "`{reject}` sounds like a yes, and it denies everything optional. Say `{plain}`."
                    ),
                );
            } else {
                found.refuse(
                    Rule::NoReject,
                    self.at("reject"),
                    format!("`{reject}` does not say that it refuses. Use a plain word, such as `{plain}`."),
                );
            }
        }
        if let Some(no) = self.says("accept", refuse) {
            found.refuse(
                Rule::MisleadingAction,
                self.at("accept"),
                format!("Accept grants everything, and says `{no}`. Say only that it accepts."),
            );
        } else if let Some(neither) = self.says("accept", shrug)
            && self.says("accept", grant).is_none()
        {
            found.warn(
                Rule::AmbiguousWording,
                self.at("accept"),
                format!(
                    "`{neither}` does not say that everything is accepted. Say `{}`.",
                    self.built_in.accept
                ),
            );
        }
        for (key, does) in
            [("manage", "opens the choices and grants nothing"), ("close", "closes them and grants nothing")]
        {
            let yes = if key == "manage" {
                words::begins(self.text(key), grant)
            } else {
                self.says(key, grant).is_some()
            };
            if yes && self.says(key, refuse).is_none() {
                found.refuse(
                    Rule::MisleadingAction,
                    self.at(key),
                    format!(
                        "This button {does}, but `{}` says yes. Let it say what it does.",
                        self.text(key)
                    ),
                );
            }
        }
        if words::same(self.text("save"), self.text("accept")) {
            found.refuse(
                Rule::MisleadingAction,
                self.at(self.replaced("save", "accept")),
                "This button stores the selection as it is, but it says what Accept says. Let it say that it saves.",
            );
        }
    }

    fn equality(&self, found: &mut Findings) {
        let (accept, reject) = (self.text("accept"), self.text("reject"));
        let at = self.at(self.replaced("accept", "reject"));
        if is_loud(accept) && !is_loud(reject) {
            found.refuse(
                Rule::UnequalButtons,
                at,
                "Accept is written in capitals and Reject is not. Write both alike.",
            );
        } else if ornaments(accept) != ornaments(reject) {
            found.refuse(
                Rule::UnequalButtons,
                at,
                "One answer has a sign that the other lacks, and stands out by it. Write both with words alone.",
            );
        } else if length(accept) > 2 * length(reject).max(12) {
            found.warn(
                Rule::UnequalButtons,
                self.at("accept"),
                "Accept is more than twice as long as Reject, so it is the larger button. Say it as shortly.",
            );
        }
        for key in ["accept", "save"] {
            if let Some(praise) = self.says(key, &self.words.recommend) {
                found.refuse(
                    Rule::DeceptiveSnugness,
                    self.at(key),
                    format!("`{praise}` praises the answer that shares most. Leave it out."),
                );
            }
        }
    }

    fn feelings(&self, found: &mut Findings) {
        for key in ["accept", "reject"] {
            if let Some(feeling) = self.says(key, &self.words.steer) {
                found.refuse(
                    Rule::EmotionalSteering,
                    self.at(key),
                    format!("`{feeling}` plays on feelings. An answer only says yes or no."),
                );
            }
        }
        for key in ["body", "close", "manage", "preferences_body", "title"] {
            if let Some(feeling) = self.says(key, &self.words.steer) {
                found.warn(
                    Rule::EmotionalSteering,
                    self.at(key),
                    format!("`{feeling}` plays on feelings. Say what happens, and leave the judgement to visitors."),
                );
            }
        }
        for key in ["accept", "body", "reject", "title"] {
            if let Some(bait) = self.says(key, &self.words.bait) {
                found.refuse(
                    Rule::LookOverThere,
                    self.at(key),
                    format!("`{bait}` leads away from the question. Ask only what is asked."),
                );
            } else if ["body", "title"].contains(&key) && self.text(key).chars().any(is_picture) {
                found.warn(
                    Rule::LookOverThere,
                    self.at(key),
                    "A picture among the words takes the attention from the question. Leave it out.",
                );
            }
        }
        for key in ["body", "preferences_body", "title"] {
            if let Some(silence) = self.says(key, &self.words.already_on) {
                found.refuse(
                    Rule::PreTicked,
                    self.at(key),
                    format!("`{silence}`: going on, or saying nothing, is no yes. Nothing optional runs before one."),
                );
            }
        }
    }

    fn again(&self, found: &mut Findings) {
        for key in ["close", "reject", "saved", "signal", "signal_overruled"] {
            if self.text(key).contains(['?', '？', '؟']) {
                found.refuse(
                    Rule::ContinuousPrompting,
                    self.at(key),
                    "Whoever gives or has given an answer is asked again here. Say it without a question.",
                );
            }
        }
    }

    fn length(&self, found: &mut Findings) {
        if length(self.text("reject")) > 2 * length(self.text("accept")).max(12) {
            found.refuse(
                Rule::LongerThanNecessary,
                self.at(self.replaced("reject", "accept")),
                "Reject is more than twice as long as Accept: saying no takes longer than saying yes. Say it as shortly.",
            );
        }
        if length(self.text("body")) > LONGEST_BODY {
            found.warn(
                Rule::LongerThanNecessary,
                self.at("body"),
                format!("This is longer than {LONGEST_BODY} letters. Say it shortly, and the rest in the purposes and in the privacy policy."),
            );
        }
    }
}

fn length(text: &str) -> usize {
    text.trim().chars().count()
}

/// Whether it is written in capitals throughout.
fn is_loud(text: &str) -> bool {
    text.chars().filter(|c| c.is_uppercase()).count() > 3 && !text.chars().any(char::is_lowercase)
}

/// The signs in a text that are neither words nor what holds words together.
fn ornaments(text: &str) -> usize {
    let plain = |c: char| c.is_alphanumeric() || c.is_whitespace() || ",.:'’\"“”„«»()-–&/".contains(c);
    // Marks that belong to letters, in Thai and Hindi for example, are no signs.
    text.chars().filter(|c| !plain(*c) && (c.is_ascii() || is_picture(*c) || is_arrow(*c))).count()
}

fn is_arrow(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2713}'..='\u{2718}' | '！' | '¡')
}

fn is_picture(c: char) -> bool {
    matches!(c, '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}')
}
