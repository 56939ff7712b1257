//! Owns what two notices say differently, key by key, and which of it is proposed as material: to be asked again.
//! Refuses to decide; the operator does.

mod edits;
mod leaves;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use assent_shared::notice::{Lifetime, Purpose, StorageKind, Unit};
use assent_shared::{Notice, PurposeId};
use serde::Serialize;
use utoipa::ToSchema;

use self::leaves::{Leaf, leaves};

/// One difference between two notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Change {
    /// The purpose that it is about, if it is about one.
    pub purpose: Option<PurposeId>,
    /// The key as in the file, purposes by their ids and cookies by their names: `purposes.analytics.recipients`.
    pub at: String,
    /// What the older notice says there, if it says something.
    pub before: Option<String>,
    /// What the newer one says there, if it says something.
    pub after: Option<String>,
    /// Whether it is proposed to ask again.
    pub material: bool,
    /// Why it is proposed, or why not.
    pub why: &'static str,
}

const LESS: &str = "It asks for less.";
const NEVER_ASKED: &str = "It is essential, so it is told and never asked.";
const SETTING: &str = "It changes how it is shown or carried out, not what is asked.";
const WORDING: &str = "Only the wording differs.";

/// Every difference between two notices but their numbers: first what is of the whole notice, then each purpose as the newer
/// one has them, then what is asked no longer.
#[must_use]
pub fn differences(old: &Notice, new: &Notice) -> Vec<Change> {
    let mut changes = of_the_whole(old, new);
    for purpose in &new.purposes {
        match find(old, &purpose.id) {
            Some(before) => changes.extend(of_purpose(before, purpose)),
            None => changes.push(Change {
                purpose: Some(purpose.id.clone()),
                at: format!("purposes.{}", purpose.id),
                before: None,
                after: Some(name(new, purpose)),
                material: !purpose.essential,
                why: if purpose.essential { NEVER_ASKED } else { "The purpose is new, so nobody was asked." },
            }),
        }
    }
    for purpose in old.purposes.iter().filter(|purpose| find(new, &purpose.id).is_none()) {
        changes.push(Change {
            purpose: Some(purpose.id.clone()),
            at: format!("purposes.{}", purpose.id),
            before: Some(name(old, purpose)),
            after: None,
            material: false,
            why: LESS,
        });
    }
    changes
}

fn find<'a>(notice: &'a Notice, id: &PurposeId) -> Option<&'a Purpose> {
    notice.purposes.iter().find(|purpose| purpose.id == *id)
}

fn name(notice: &Notice, purpose: &Purpose) -> String {
    let texts = purpose.texts.get(&notice.default_locale).or_else(|| purpose.texts.values().next());
    texts.map_or_else(|| purpose.id.to_string(), |texts| texts.name.clone())
}

fn of_the_whole(old: &Notice, new: &Notice) -> Vec<Change> {
    let change = |at: String, before: Option<String>, after: Option<String>| {
        let why = match at.split('.').next() {
            Some("texts") => WORDING,
            Some("controller") => {
                "If another house asks now, nobody has answered it: ask every purpose again."
            }
            Some("purposes") => "Only the order differs.",
            _ => SETTING,
        };
        Change { purpose: None, at, before, after, material: false, why }
    };
    let whole = |notice: &Notice| leaves(notice, &["number", "purposes"]);
    let mut changes: Vec<Change> = differing(&whole(old), &whole(new))
        .map(|(at, before, after)| change(at, before.map(Leaf::to_string), after.map(Leaf::to_string)))
        .collect();
    let kept = |notice: &Notice, other: &Notice| -> Vec<String> {
        let ids = notice.purposes.iter().map(|purpose| &purpose.id);
        ids.filter(|id| find(other, id).is_some()).map(ToString::to_string).collect()
    };
    let (before, after) = (kept(old, new), kept(new, old));
    if before != after {
        changes.push(change("purposes".to_owned(), Some(before.join(", ")), Some(after.join(", "))));
    }
    changes
}

type Leaves = BTreeMap<String, Leaf>;

/// The keys at which two sides differ, with what each says.
fn differing<'a>(
    old: &'a Leaves,
    new: &'a Leaves,
) -> impl Iterator<Item = (String, Option<&'a Leaf>, Option<&'a Leaf>)> {
    let only_old = old.iter().filter(|(at, _)| !new.contains_key(*at));
    let gone = only_old.map(|(at, before)| (at.clone(), Some(before), None));
    let here = new.iter().filter_map(|(at, after)| {
        let before = old.get(at);
        (before != Some(after)).then(|| (at.clone(), before, Some(after)))
    });
    here.chain(gone)
}

fn of_purpose(old: &Purpose, new: &Purpose) -> Vec<Change> {
    let id = &new.id;
    let change = |at: &str, before: Option<String>, after: Option<String>, (material, why)| Change {
        purpose: Some(id.clone()),
        at: format!("purposes.{id}.{at}"),
        before,
        after,
        // Whoever is not asked is not asked again.
        material: material && !new.essential,
        why: if material && new.essential { NEVER_ASKED } else { why },
    };
    let own = |purpose: &Purpose| leaves(purpose, &["cookies", "id", "since"]);
    let mut changes: Vec<Change> = differing(&own(old), &own(new))
        .map(|(at, before, after)| {
            let said = judged(&at, before, after);
            change(&at, before.map(Leaf::to_string), after.map(Leaf::to_string), said)
        })
        .collect();

    let (before, after) = (cookies(old), cookies(new));
    for (key, cookie) in &after {
        let at = format!("cookies.{key}");
        match before.get(key) {
            None => changes.push(change(
                &at,
                None,
                Some(said(cookie)),
                (true, "Something more is kept in the browser."),
            )),
            Some(earlier) => {
                for (field, before, after) in differing(earlier, cookie) {
                    let why = judged(&field, before, after);
                    let at = format!("{at}.{field}");
                    changes.push(change(&at, before.map(Leaf::to_string), after.map(Leaf::to_string), why));
                }
            }
        }
    }
    for (key, cookie) in before.iter().filter(|(key, _)| !after.contains_key(*key)) {
        changes.push(change(&format!("cookies.{key}"), Some(said(cookie)), None, (false, LESS)));
    }
    changes
}

/// What a purpose keeps in the browser, by name; by kind too where that is no cookie, as one name may stand for both.
fn cookies(purpose: &Purpose) -> BTreeMap<String, Leaves> {
    let all = purpose.cookies.iter().map(|cookie| {
        let own = leaves(cookie, &["name", "kind"]);
        let key = match cookie.kind {
            StorageKind::Cookie => cookie.name.clone(),
            StorageKind::LocalStorage => format!("{} (local_storage)", cookie.name),
            StorageKind::SessionStorage => format!("{} (session_storage)", cookie.name),
        };
        (key, own)
    });
    all.collect()
}

fn said(cookie: &Leaves) -> String {
    let fields = ["provider", "lifetime"].into_iter().filter_map(|key| cookie.get(key));
    fields.map(Leaf::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether a difference at a key of a purpose or of a cookie is proposed as material, and why.
fn judged(at: &str, before: Option<&Leaf>, after: Option<&Leaf>) -> (bool, &'static str) {
    let last = at.rsplit('.').next().unwrap_or(at);
    let more = before.is_none_or(|before| after.is_some_and(|after| after.has_more_than(before)));
    let text = |leaf: Option<&Leaf>| leaf.map(Leaf::to_string).unwrap_or_default();
    match (at, last) {
        ("recipients", _) if more => (true, "Somebody else receives the data."),
        ("data", _) if more => (true, "Another kind of data is used."),
        ("storage_locations", _) if more => (true, "The data is kept in another place."),
        ("purpose_types", _) if before.is_some() && more => (true, "It serves another end."),
        ("legal_basis", _) => (true, "It stands on another ground."),
        ("sensitive", _) if after == Some(&Leaf::Bool(true)) => {
            (true, "The data is of a kind that the law protects more.")
        }
        ("recipients" | "data" | "storage_locations" | "sensitive", _) => (false, LESS),
        ("essential", _) if after != Some(&Leaf::Bool(true)) => {
            (true, "It is asked now, and was not before.")
        }
        ("retention", _) => longer(&text(before), &text(after), "The data is kept for longer."),
        ("lifetime", _) => longer(&text(before), &text(after), "It lives for longer."),
        ("provider", _) if edits::of_substance(&text(before), &text(after)) => {
            (true, "Somebody else sets it.")
        }
        (_, "description") if before.is_none() || after.is_none() => (false, "A language came or went."),
        (_, "description") if edits::of_substance(&text(before), &text(after)) => {
            (true, "The description says something else.")
        }
        (_, "description" | "name") | ("necessity" | "provider", _) => (false, WORDING),
        _ if at.starts_with("texts.") || at.starts_with("about.") => (false, WORDING),
        _ => (false, SETTING),
    }
}

/// Whether a time is longer than another. Of words that are no time nobody can tell, so they are taken for longer.
fn longer(before: &str, after: &str, why: &'static str) -> (bool, &'static str) {
    let minutes = |text: &str| {
        let lifetime: Lifetime = text.parse().ok()?;
        Some(match lifetime {
            Lifetime::Session => 0,
            Lifetime::Persistent => u64::MAX,
            Lifetime::For(count, unit) => {
                u64::from(count)
                    * match unit {
                        Unit::Minute => 1,
                        Unit::Hour => 60,
                        Unit::Day => 24 * 60,
                        // Twelve of them are a year.
                        Unit::Month => 365 * 24 * 60 / 12,
                        Unit::Year => 365 * 24 * 60,
                    }
            }
        })
    };
    match (minutes(before), minutes(after)) {
        (Some(before), Some(after)) if before < after => (true, why),
        (Some(_), Some(_)) => (false, LESS),
        _ if edits::of_substance(before, after) => (true, "It may be longer: nobody can tell by the words."),
        _ => (false, WORDING),
    }
}
