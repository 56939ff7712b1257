//! Owns what the eye meets: enough contrast, words that can be seen, and a way back that stays.
//! Refuses to judge taste.

use super::{Findings, Rule};
use crate::notices::file::NoticeFile;

pub(super) fn check(file: &NoticeFile, found: &mut Findings) {
    for problem in file.appearance.problems() {
        found.refuse(
            Rule::LowContrast,
            format!("appearance.{}.{}", problem.scheme, problem.key),
            format!("{}. Choose colours further apart.", capital(&problem.to_string())),
        );
    }
    if !file.appearance.floating_button {
        found.warn(
            Rule::HiddenInPlainSight,
            "appearance.floating_button",
            "Without the floating button every page needs a link of its own that opens the choices again (`data-assent-open`). Make sure that it is there.",
        );
    }
    let invisible = |text: &str| !text.is_empty() && !text.chars().any(char::is_alphanumeric);
    let message = "There is nothing here that anybody can see or hear. Write words.";
    for (locale, texts) in &file.texts {
        for (key, text) in texts {
            if invisible(text) {
                found.refuse(Rule::HiddenInPlainSight, format!("texts.{locale}.{key}"), message);
            }
        }
    }
    for purpose in &file.purposes {
        for (locale, texts) in &purpose.texts {
            for (key, text) in [("name", &texts.name), ("description", &texts.description)] {
                if invisible(text) {
                    let at = format!("purposes.{}.texts.{locale}.{key}", purpose.id);
                    found.refuse(Rule::HiddenInPlainSight, at, message);
                }
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
