//! Owns what is asked: purposes that say what happens, few enough to choose among, and essential only if they are.
//! Refuses to judge their cookies; `cookies.rs` does.

use std::collections::BTreeMap;

use assent_shared::notice::LegalBasis;

use super::words::{self, Words};
use super::{Findings, Rule};
use crate::notices::catalogue::Kind;
use crate::notices::file::{NoticeFile, PurposeEntry};

/// Between these, choices are many; beyond, too many.
const MANY: usize = 7;
const TOO_MANY: usize = 12;
/// A description of fewer words hardly says what happens and why.
const FEWEST_WORDS: usize = 4;
const LONGEST_DESCRIPTION: usize = 600;
const LONGEST_NAME: usize = 60;
/// A necessity that is shorter says nothing.
const SHORTEST_NECESSITY: usize = 20;
/// What a list of recipients says instead of naming them.
const ANYBODY: [&str; 9] = [
    "third parties",
    "partners",
    "our partners",
    "others",
    "affiliates",
    "vendors",
    "dritte",
    "partner",
    "tiers",
];

pub(super) fn check(file: &NoticeFile, found: &mut Findings) {
    let optional = file.purposes.iter().filter(|purpose| !purpose.essential).count();
    if optional > MANY {
        let message = format!(
            "There are {optional} purposes to choose among; beyond {MANY} hardly anybody chooses. Put together what serves one end."
        );
        if optional > TOO_MANY {
            found.refuse(Rule::TooManyOptions, "purposes", message);
        } else {
            found.warn(Rule::TooManyOptions, "purposes", message);
        }
    }
    for purpose in &file.purposes {
        texts(purpose, found);
        basis(purpose, found);
        necessity(purpose, found);
        facts(file, purpose, found);
    }
    names(file, found);
}

fn texts(purpose: &PurposeEntry, found: &mut Findings) {
    let id = &purpose.id;
    for (locale, texts) in &purpose.texts {
        let Words { already_on, interest, tracking, vague, .. } = words::of(locale);
        let at = |key: &str| format!("purposes.{id}.texts.{locale}.{key}");
        let said = texts.description.as_str();
        let long = words::count(said);
        if long < 2 || words::same(said, &texts.name) {
            found.refuse(
                Rule::AmbiguousWording,
                at("description"),
                "This does not say what happens and why. Write a sentence or two.",
            );
        } else if let Some(phrase) = words::said(said, vague) {
            let message =
                format!("`{phrase}` says nothing about what happens. Say what is done, and what for.");
            if words::beside(said, vague) < 3 {
                found.refuse(Rule::AmbiguousWording, at("description"), message);
            } else {
                found.warn(Rule::AmbiguousWording, at("description"), message);
            }
        } else if long < FEWEST_WORDS && !purpose.essential {
            found.warn(
                Rule::AmbiguousWording,
                at("description"),
                format!("Fewer than {FEWEST_WORDS} words hardly say what happens and why."),
            );
        }
        for (key, text) in [("name", &texts.name), ("description", &texts.description)] {
            if !purpose.essential
                && let Some(phrase) = words::said(text, already_on)
            {
                found.refuse(
                    Rule::PreTicked,
                    at(key),
                    format!("`{phrase}`: it runs only after a yes, so it is not on before. Leave it out."),
                );
            }
            if let Some(phrase) = words::said(text, interest) {
                found.refuse(
                    Rule::LegitimateInterest,
                    at(key),
                    format!("`{phrase}` is no ground for reading or writing a device, and seems to need a second no. Leave it out."),
                );
            }
            if purpose.essential
                && let Some(word) = words::said(text, tracking)
            {
                found.warn(
                    Rule::MislabelledEssential,
                    at(key),
                    format!("`{word}` is hardly strictly necessary for what visitors asked for. Make it an optional purpose, or say it otherwise."),
                );
            }
        }
        if said.chars().count() > LONGEST_DESCRIPTION {
            found.warn(
                Rule::LackingHierarchy,
                at("description"),
                format!("This is longer than {LONGEST_DESCRIPTION} letters. Say the main thing here, and the rest in the privacy policy."),
            );
        }
        if texts.name.chars().count() > LONGEST_NAME || texts.name.contains('\n') {
            found.warn(
                Rule::LackingHierarchy,
                at("name"),
                "This is a sentence, not a name. Write a word or two, and the rest in the description.",
            );
        }
        if ["http://", "https://", "www."].iter().any(|beginning| said.contains(beginning)) {
            found.warn(
                Rule::PrivacyMaze,
                at("description"),
                "This sends visitors elsewhere, by an address that is no link here. Say it in words.",
            );
        }
    }
}

fn basis(purpose: &PurposeEntry, found: &mut Findings) {
    let at = format!("purposes.{}.legal_basis", purpose.id);
    match purpose.legal_basis {
        Some(LegalBasis::LegitimateInterest) if purpose.cookies.is_empty() => found.warn(
            Rule::LegitimateInterest,
            at,
            "Legitimate interest may be a ground for processing, never for reading or writing a device. Make sure that this purpose does neither.",
        ),
        Some(LegalBasis::LegitimateInterest) => found.refuse(
            Rule::LegitimateInterest,
            at,
            "Legitimate interest is no ground for the cookies of this purpose. Ask for consent, or say why they are strictly necessary for the service.",
        ),
        Some(LegalBasis::Consent) if purpose.essential => found.refuse(
            Rule::ConflictingInformation,
            at,
            "It stands on consent, and being essential it is never asked. Make it optional, or name the ground that it has.",
        ),
        _ => {}
    }
}

fn necessity(purpose: &PurposeEntry, found: &mut Findings) {
    let id = &purpose.id;
    let why = purpose.necessity.as_deref().unwrap_or_default().trim();
    match (purpose.essential, why.chars().count()) {
        (true, 0) => found.refuse(
            Rule::MislabelledEssential,
            format!("purposes.{id}.necessity"),
            "Nothing says why this is strictly necessary for what visitors asked for. Write it here, in a sentence.",
        ),
        (true, letters) if letters < SHORTEST_NECESSITY => found.refuse(
            Rule::MislabelledEssential,
            format!("purposes.{id}.necessity"),
            format!("`{why}` does not say why this is strictly necessary. Write a sentence: what fails without it?"),
        ),
        (false, 1..) => found.warn(
            Rule::ConflictingInformation,
            format!("purposes.{id}.necessity"),
            "It is asked for, and called necessary. Leave this out, or make it essential if it is.",
        ),
        _ => {}
    }
    if purpose.essential
        && let Some(kind) = Kind::of_purpose(purpose.id.as_str(), &purpose.purpose_types)
        && kind.is_tracking()
    {
        found.refuse(
            Rule::MislabelledEssential,
            format!("purposes.{id}.essential"),
            format!("This is {}, which is not strictly necessary for what visitors asked for. Make it optional, with consent.", kind.words()),
        );
    }
}

fn facts(file: &NoticeFile, purpose: &PurposeEntry, found: &mut Findings) {
    let id = &purpose.id;
    let recipients = purpose.recipients.as_deref().unwrap_or_default();
    if let Some(anybody) =
        recipients.iter().find(|own| ANYBODY.iter().any(|anybody| words::same(own, anybody)))
    {
        found.refuse(
            Rule::AmbiguousWording,
            format!("purposes.{id}.recipients"),
            format!("`{anybody}` could be anybody. Name who receives the data, or the kind of them, such as `our payment provider`."),
        );
    }
    if let Some(phrase) = purpose
        .retention
        .as_ref()
        .and_then(|text| words::all().find_map(|language| words::said(text, &language.vague)))
    {
        found.warn(
            Rule::AmbiguousWording,
            format!("purposes.{id}.retention"),
            format!("`{phrase}` could be any time. Say how long, or what ends it."),
        );
    }
    let kind = Kind::of_purpose(purpose.id.as_str(), &purpose.purpose_types);
    let american = file.jurisdictions.iter().any(|place| place.country() == "US");
    if kind == Some(Kind::Marketing) && american && !purpose.gpc && !purpose.essential {
        found.refuse(
            Rule::DeceptiveSnugness,
            format!("purposes.{id}.gpc"),
            "In the United States a browser's Global Privacy Control is an opt-out of advertising (CCPA Regulations §7025). Write gpc = true.",
        );
    }
}

/// Two purposes of one name cannot be told apart.
fn names(file: &NoticeFile, found: &mut Findings) {
    let mut taken = BTreeMap::new();
    for purpose in &file.purposes {
        for (locale, texts) in &purpose.texts {
            let name = words::tokens(&texts.name);
            if name.is_empty() {
                continue;
            }
            if let Some(other) = taken.insert((locale, name), &purpose.id) {
                found.refuse(
                    Rule::ConflictingInformation,
                    format!("purposes.{}.texts.{locale}.name", purpose.id),
                    format!("`{}` is the name of `{other}` too, so nobody can tell them apart. Give each its own.", texts.name),
                );
            }
        }
    }
}
