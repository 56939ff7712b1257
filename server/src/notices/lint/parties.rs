//! Owns who asks and where more is said: a controller that can be told and reached, and ways that lead somewhere.
//! Refuses to look anything up; an address is judged by its form.

use super::{Findings, Rule, words};
use crate::notices::file::NoticeFile;

/// What stands in a form until somebody fills it in.
const PLACEHOLDERS: [&str; 10] = [
    "company",
    "company name",
    "my company",
    "your company",
    "example",
    "name",
    "todo",
    "tbd",
    "test",
    "xxx",
];

pub(super) fn check(file: &NoticeFile, found: &mut Findings) {
    let controller = &file.controller;
    for (key, text, what) in [
        ("name", &controller.name, "who asks, by its registered name"),
        ("address", &controller.address, "where it is, as a postal address"),
        ("contact", &controller.contact, "an e-mail address or a web page for questions about privacy"),
    ] {
        let text = text.as_deref().unwrap_or_default();
        let at = format!("controller.{key}");
        if words::tokens(text).is_empty() {
            found.refuse(Rule::MissingController, at, format!("Nothing says {what}. Write it here."));
        } else if PLACEHOLDERS.iter().any(|placeholder| words::same(text, placeholder)) {
            found.refuse(Rule::MissingController, at, format!("`{text}` is a placeholder. Say {what}."));
        } else if key == "contact" {
            reachable(found, &at, text);
        } else if key == "address" && words::count(text) < 3 {
            found.warn(
                Rule::MissingController,
                at,
                format!("`{text}` is hardly a postal address. Write street, town and country."),
            );
        }
    }
    for (key, party) in [("authority", &file.authority), ("dpo", &file.dpo)] {
        if let Some(party) = party {
            reachable(found, &format!("{key}.contact"), &party.contact);
        }
    }
    match file.privacy_policy.as_deref().map(str::trim) {
        None | Some("") => found.warn(
            Rule::PrivacyMaze,
            "privacy_policy",
            "No privacy policy is named, so visitors must search for what the banner leaves out. Write its address.",
        ),
        Some(link) if link == "/" || link.contains('#') && link.split('#').next() == Some("/") => found.warn(
            Rule::DeadEnd,
            "privacy_policy",
            "This leads to the first page, not to a privacy policy. Write the policy's own address.",
        ),
        Some(_) => {}
    }
}

/// Whether somebody can be reached there.
fn reachable(found: &mut Findings, at: &str, contact: &str) {
    let contact = contact.trim();
    let name = contact.trim_start_matches("mailto:").to_lowercase();
    let silent = ["noreply@", "no-reply@", "donotreply@", "do-not-reply@"];
    if silent.iter().any(|beginning| name.starts_with(beginning)) {
        found.refuse(
            Rule::DeadEnd,
            at,
            format!("Nobody reads what is sent to `{contact}`. Write an address that is answered."),
        );
    } else if !contact.contains('@') && !contact.contains("://") && !contact.starts_with('/') {
        found.refuse(
            Rule::DeadEnd,
            at,
            format!(
                "`{contact}` is neither an e-mail address nor a web page, so nobody can ask there. Write one."
            ),
        );
    }
}
