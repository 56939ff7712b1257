//! Owns what is declared of cookies: under the purpose that they serve, once, and for no longer than is allowed and said.
//! Refuses to know any cookie by itself; the catalogue does.

use std::collections::BTreeMap;

use assent_shared::notice::{Lifetime, StorageKind, Unit};

use super::{Findings, Rule, words};
use crate::notices::catalogue::{self, Kind, Service};
use crate::notices::file::{CookieEntry, NoticeFile, PurposeEntry};

const DAYS_OF_13_MONTHS: u32 = 397;
/// What browsers keep a cookie for, at most (RFC 6265bis §5.6.1).
const DAYS_OF_BROWSERS: u32 = 400;
const DAYS_OF_24_MONTHS: u32 = 731;
/// So many that nobody reads them.
const MANY: usize = 60;

pub(super) fn check(file: &NoticeFile, found: &mut Findings) {
    for purpose in &file.purposes {
        if purpose.cookies.len() > MANY {
            found.warn(
                Rule::TooManyOptions,
                format!("purposes.{}.cookies", purpose.id),
                format!(
                    "More than {MANY} cookies are read by nobody. A pattern with `*` can stand for many."
                ),
            );
        }
        for cookie in &purpose.cookies {
            let at = format!("purposes.{}.cookies.{}", purpose.id, cookie.name);
            belongs(purpose, cookie, &at, found);
            lives(purpose, cookie, &at, found);
            received(file, purpose, cookie, &at, found);
        }
    }
    twice(file, found);
}

/// Whether it serves what the purpose says.
fn belongs(purpose: &PurposeEntry, cookie: &CookieEntry, at: &str, found: &mut Findings) {
    let own = Kind::of_purpose(purpose.id.as_str(), &purpose.purpose_types);
    let fits = |service: &Service| {
        let kind = service.kind;
        !kind.is_tracking() || (!purpose.essential && own.is_none_or(|own| own == kind))
    };
    let services: Vec<_> = catalogue::by_cookie(&cookie.name, cookie.kind).collect();
    // A name may serve several services, and one of them is enough. A pattern stands for all that it covers.
    if !cookie.name.contains('*') && services.iter().any(|service| fits(service)) {
        return;
    }
    let Some(service) = services.into_iter().find(|service| !fits(service)) else { return };
    let (cookie, name, kind) = (&cookie.name, &service.name, service.kind.words());
    if purpose.essential {
        found.refuse(
            Rule::MislabelledEssential,
            at,
            format!("`{cookie}` is a cookie of {name}, which is {kind} and not strictly necessary. Declare it under a purpose that is asked."),
        );
    } else if let Some(own) = own {
        found.warn(
            Rule::Decontextualising,
            at,
            format!("`{cookie}` is a cookie of {name}, which is {kind}, and stands under {}. Declare it where visitors look for it.", own.words()),
        );
    }
}

/// How long it lives, against the limits and against what the purpose says.
fn lives(purpose: &PurposeEntry, cookie: &CookieEntry, at: &str, found: &mut Findings) {
    let at = format!("{at}.lifetime");
    let lifetime = cookie.lifetime;
    let cookies = cookie.kind == StorageKind::Cookie;
    let kind = Kind::of_purpose(purpose.id.as_str(), &purpose.purpose_types);
    match days(lifetime) {
        None if cookies && lifetime == Lifetime::Persistent => found.refuse(
            Rule::LifetimeOverLimit,
            at.clone(),
            "No cookie is kept for ever: browsers end it after 400 days. Say how long it lives.",
        ),
        Some(days) if cookies && days > DAYS_OF_24_MONTHS => found.refuse(
            Rule::LifetimeOverLimit,
            at.clone(),
            format!("{lifetime} is longer than the 24 months that any regulator allows. Let it end earlier."),
        ),
        Some(days) if kind == Some(Kind::Analytics) && days > DAYS_OF_13_MONTHS => found.warn(
            Rule::LifetimeOverLimit,
            at.clone(),
            format!("{lifetime} is longer than 13 months, the most that regulators recommend for counting visits. Let it end earlier."),
        ),
        Some(days) if cookies && days > DAYS_OF_BROWSERS => found.warn(
            Rule::LifetimeOverLimit,
            at.clone(),
            format!("Browsers end every cookie after 400 days, so {lifetime} is not what happens. Let it end earlier."),
        ),
        _ => {}
    }
    let kept =
        purpose.retention.as_deref().and_then(|words| words.parse().ok().or(Lifetime::from_iso8601(words)));
    if let (Some(lives), Some(kept)) = (days(lifetime), kept.and_then(days))
        && lives > kept
    {
        found.warn(
            Rule::LifetimeOverLimit,
            at,
            format!(
                "It lives for {lifetime}, but the data of `{}` is kept for {}. Say the same in both places.",
                purpose.id,
                purpose.retention.as_deref().unwrap_or_default()
            ),
        );
    }
}

/// A lifetime in days, rounded down; nothing where its end is no time.
fn days(lifetime: Lifetime) -> Option<u32> {
    let Lifetime::For(count, unit) = lifetime else { return None };
    Some(match unit {
        Unit::Minute => count / (24 * 60),
        Unit::Hour => count / 24,
        Unit::Day => count,
        // A third of a day more than 30, so that twelve of them are a year.
        Unit::Month => count.saturating_mul(365) / 12,
        Unit::Year => count.saturating_mul(365),
    })
}

/// Whoever sets a cookie receives data by it.
fn received(file: &NoticeFile, purpose: &PurposeEntry, cookie: &CookieEntry, at: &str, found: &mut Findings) {
    let Some(recipients) = &purpose.recipients else { return };
    let controller = file.controller.name.as_deref().unwrap_or_default();
    let ours = cookie.provider.trim().is_empty() || related(&cookie.provider, controller);
    if recipients.is_empty() && !ours {
        found.warn(
            Rule::ConflictingInformation,
            format!("{at}.provider"),
            format!(
                "`{}` sets it, but the purpose says that nobody receives the data. Name them in recipients.",
                cookie.provider
            ),
        );
    }
}

/// Whether two names have the word in common that makes them the same house's.
fn related(one: &str, other: &str) -> bool {
    let (one, other) = (words::tokens(one), words::tokens(other));
    one.first().is_some_and(|first| other.contains(first))
        || other.first().is_some_and(|first| one.contains(first))
}

/// A cookie under two purposes is asked for and not asked for, or kept and deleted.
fn twice(file: &NoticeFile, found: &mut Findings) {
    let mut seen: BTreeMap<(&str, u8, &str), &PurposeEntry> = BTreeMap::new();
    for purpose in &file.purposes {
        for cookie in &purpose.cookies {
            let path = cookie.path.as_deref().unwrap_or("/");
            let at = format!("purposes.{}.cookies.{}", purpose.id, cookie.name);
            let Some(other) = seen.insert((&cookie.name, cookie.kind as u8, path), purpose) else { continue };
            if other.essential == purpose.essential && other.id == purpose.id {
                found.warn(Rule::ConflictingInformation, at, "It is declared twice here. Declare it once.");
            } else if other.essential == purpose.essential {
                found.warn(
                    Rule::ConflictingInformation,
                    at,
                    format!("`{}` declares it too. Declare it where it belongs: whoever denies one of the two has it deleted.", other.id),
                );
            } else {
                found.refuse(
                    Rule::ConflictingInformation,
                    at,
                    format!(
                        "It is declared as essential and as optional, under `{}` too. It can only be one.",
                        other.id
                    ),
                );
            }
        }
    }
}
