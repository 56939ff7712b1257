//! Owns the notice as the operator writes it (TOML), and publishing it under the site's next number.
//! Refuses a notice that lacks a text in one of its languages, and says which.

use std::collections::BTreeMap;

use assent_shared::notice::{Controller, DeclaredCookie, LegalBasis, Lifetime, PurposeTexts, StorageKind};
use assent_shared::{Appearance, Locale, Notice, PurposeId, SiteId};
use serde::Deserialize;

use crate::adapters::{self, AdapterEntry};
use crate::locales;
use crate::store::{AppendError, Store};

/// A notice file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoticeFile {
    /// The vendors' scripts to tell about the choices.
    #[serde(default)]
    adapters: BTreeMap<String, AdapterEntry>,
    #[serde(default)]
    appearance: Appearance,
    default_locale: Locale,
    privacy_policy: Option<String>,
    controller: Controller,
    /// The languages, each with the built-in texts that it replaces.
    texts: BTreeMap<Locale, BTreeMap<String, String>>,
    purposes: Vec<PurposeEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PurposeEntry {
    id: PurposeId,
    #[serde(default)]
    essential: bool,
    #[serde(default)]
    gpc: bool,
    legal_basis: LegalBasis,
    #[serde(default)]
    recipients: Vec<String>,
    #[serde(default)]
    reload_on_withdrawal: bool,
    retention: Option<String>,
    texts: BTreeMap<Locale, PurposeTexts>,
    #[serde(default)]
    cookies: Vec<CookieEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CookieEntry {
    name: String,
    provider: String,
    #[serde(default)]
    kind: StorageKind,
    lifetime: Lifetime,
    path: Option<String>,
    about: BTreeMap<Locale, String>,
}

/// What became of a notice that was to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is the site's newest now, under this number.
    Number(u32),
    /// It says exactly what the newest says already.
    Unchanged,
}

/// Reads a notice file; the notice has no number and its purposes no `since` yet.
pub fn read(text: &str) -> Result<Notice, String> {
    let file: NoticeFile = toml::from_str(text).map_err(|error| error.to_string())?;
    let mut texts = BTreeMap::new();
    for (locale, replaced) in &file.texts {
        let mut all = locales::built_in(locale).banner.clone();
        for (key, text) in replaced {
            all.get_mut(key)
                .ok_or_else(|| format!("texts.{locale}: there is no text `{key}`."))?
                .clone_from(text);
        }
        texts.insert(locale.clone(), all);
    }
    let purposes: Vec<_> = file.purposes.into_iter().map(PurposeEntry::into_purpose).collect();
    let notice = Notice {
        adapters: adapters::resolve(file.adapters, &purposes)?,
        appearance: file.appearance,
        controller: file.controller,
        default_locale: file.default_locale,
        number: 0,
        privacy_policy: file.privacy_policy,
        purposes,
        texts,
    };
    check(&notice)?;
    Ok(notice)
}

impl PurposeEntry {
    fn into_purpose(self) -> assent_shared::notice::Purpose {
        let cookies = self.cookies.into_iter().map(|cookie| DeclaredCookie {
            about: cookie.about,
            kind: cookie.kind,
            lifetime: cookie.lifetime,
            name: cookie.name,
            path: cookie.path,
            provider: cookie.provider,
        });
        assent_shared::notice::Purpose {
            cookies: cookies.collect(),
            essential: self.essential,
            gpc: self.gpc,
            id: self.id,
            legal_basis: self.legal_basis,
            recipients: self.recipients,
            reload_on_withdrawal: self.reload_on_withdrawal,
            retention: self.retention,
            since: 0,
            texts: self.texts,
        }
    }
}

fn check(notice: &Notice) -> Result<(), String> {
    let Controller { address, contact, name } = &notice.controller;
    for (field, text) in [("name", name), ("address", address), ("contact", contact)] {
        if text.trim().is_empty() {
            return Err(format!("controller.{field} is empty: visitors must be able to tell who asks."));
        }
    }
    if !notice.texts.contains_key(&notice.default_locale) {
        return Err(format!("default_locale is `{0}`, but there is no [texts.{0}].", notice.default_locale));
    }
    if let Some(link) = &notice.privacy_policy
        && !(link.starts_with("https://") || link.starts_with("http://") || link.starts_with('/'))
    {
        return Err(format!("privacy_policy: `{link}` is neither an https address nor a path of the site."));
    }
    notice.appearance.check().map_err(|reason| format!("appearance.{reason}."))?;
    if notice.purposes.is_empty() {
        return Err(
            "There are no [[purposes]]: a notice says at least what is strictly necessary.".to_owned()
        );
    }
    for (at, purpose) in notice.purposes.iter().enumerate() {
        let id = &purpose.id;
        if notice.purposes[..at].iter().any(|other| other.id == *id) {
            return Err(format!("The purpose `{id}` is there twice."));
        }
        if !purpose.essential && purpose.legal_basis != LegalBasis::Consent {
            return Err(format!(
                "The purpose `{id}` is asked, so its legal_basis is consent; or it is essential = true."
            ));
        }
        for (key, wanted) in [("gpc", purpose.gpc), ("reload_on_withdrawal", purpose.reload_on_withdrawal)] {
            if wanted && purpose.essential {
                return Err(format!(
                    "The purpose `{id}` is essential, never asked, so it cannot have {key} = true."
                ));
            }
        }
        for cookie in &purpose.cookies {
            check_path(cookie)
                .map_err(|reason| format!("The cookie `{}` of `{id}` {reason}", cookie.name))?;
        }
        for locale in notice.texts.keys() {
            match purpose.texts.get(locale) {
                None => return Err(format!("The purpose `{id}` has no [purposes.texts.{locale}].")),
                Some(texts) if texts.name.trim().is_empty() || texts.description.trim().is_empty() => {
                    return Err(format!(
                        "The purpose `{id}` has an empty name or description in `{locale}`."
                    ));
                }
                Some(_) => {}
            }
            if let Some(cookie) = purpose.cookies.iter().find(|cookie| !cookie.about.contains_key(locale)) {
                return Err(format!(
                    "The cookie `{}` of `{id}` does not say what it is about in `{locale}`.",
                    cookie.name
                ));
            }
        }
    }
    Ok(())
}

fn check_path(cookie: &DeclaredCookie) -> Result<(), &'static str> {
    match &cookie.path {
        Some(_) if cookie.kind != StorageKind::Cookie => Err("is kept in web storage, which has no path."),
        Some(path) if !path.starts_with('/') => Err("has a path that does not begin with `/`."),
        // It goes into the line that erases the cookie, and would end it there (RFC 6265bis §5.6).
        Some(path) if path.contains(|c: char| c == ';' || c.is_control()) => {
            Err("has a path with a `;` or a control character, which no cookie's path has.")
        }
        Some(_) | None => Ok(()),
    }
}

/// Publishes a notice file as a site's newest notice. A purpose that is new, or named in `material`, is asked again.
pub async fn publish(
    store: &Store,
    site: &SiteId,
    text: &str,
    material: &[PurposeId],
    now: i64,
) -> Result<Published, String> {
    let notice = read(text)?;
    if let Some(unknown) = material.iter().find(|id| notice.optional().all(|purpose| purpose.id != **id)) {
        return Err(format!(
            "`{unknown}` cannot be asked again: it is not an optional purpose of this notice."
        ));
    }
    let mut problem = None;
    let number = store
        .publish_notice(site, now, |number, newest| {
            let newest = match newest.map(|row| serde_json::from_str::<Notice>(&row.body)).transpose() {
                Ok(newest) => newest,
                Err(error) => {
                    problem = Some(format!("The notice before this one cannot be read: {error}."));
                    return None;
                }
            };
            let next = numbered(notice, u32::try_from(number).unwrap_or(u32::MAX), newest.as_ref(), material);
            let unchanged =
                newest.is_some_and(|newest| newest == Notice { number: newest.number, ..next.clone() });
            let body = next.canonical_json();
            (!unchanged).then(|| (Notice::hash(&body), body))
        })
        .await
        .map_err(|error| match error {
            AppendError::Store(sqlx::Error::RowNotFound) => {
                format!("There is no site `{site}`. Add it with `assent site add`.")
            }
            other => other.to_string(),
        })?;
    match (problem, number) {
        (Some(problem), _) => Err(problem),
        (None, Some(number)) => Ok(Published::Number(u32::try_from(number).unwrap_or(u32::MAX))),
        (None, None) => Ok(Published::Unchanged),
    }
}

/// Gives a notice its number, and each purpose the number at which it last changed materially.
fn numbered(notice: Notice, number: u32, newest: Option<&Notice>, material: &[PurposeId]) -> Notice {
    let since = |id: &PurposeId, essential: bool| {
        let before = newest.and_then(|newest| newest.purposes.iter().find(|purpose| purpose.id == *id));
        match before {
            Some(before) if before.essential == essential && !material.contains(id) => before.since,
            _ => number,
        }
    };
    let purposes = notice
        .purposes
        .into_iter()
        .map(|purpose| assent_shared::notice::Purpose {
            since: since(&purpose.id, purpose.essential),
            ..purpose
        })
        .collect();
    Notice { number, purposes, ..notice }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMO: &str = include_str!("../../examples/demo/notice.toml");

    #[test]
    fn only_what_changed_materially_is_asked_again() {
        let first = numbered(read(DEMO).unwrap(), 1, None, &[]);
        assert!(first.purposes.iter().all(|purpose| purpose.since == 1));
        let analytics = "analytics".parse().unwrap();
        let second = numbered(read(DEMO).unwrap(), 2, Some(&first), std::slice::from_ref(&analytics));
        let changed: Vec<_> =
            second.purposes.iter().filter(|purpose| purpose.since == 2).map(|purpose| &purpose.id).collect();
        assert_eq!(changed, [&analytics]);
        let third = numbered(read(DEMO).unwrap(), 3, Some(&second), &[]);
        assert_eq!(third.purposes, second.purposes);
    }

    #[test]
    fn what_is_wrong_is_said_plainly() {
        let refused = |from: &str, to: &str| {
            assert!(DEMO.contains(from), "{from}");
            read(&DEMO.replace(from, to)).unwrap_err()
        };
        assert_eq!(
            refused("id = \"video\"", "id = \"analytics\""),
            "The purpose `analytics` is there twice."
        );
        assert_eq!(
            refused("default_locale = \"en\"", "default_locale = \"fr\""),
            "default_locale is `fr`, but there is no [texts.fr]."
        );
        assert!(refused("default_locale", "default_local").contains("default_local"));
        assert_eq!(
            refused("[controller]", "[appearance.dark]\naccent = \"#2b2b2b\"\n\n[controller]"),
            "appearance.dark: the buttons' text #0c1524 on #2b2b2b has a contrast of 1.2:1, at least 4.5:1 is needed."
        );
        assert!(read("").unwrap_err().contains("missing field"));
        for key in ["gpc", "reload_on_withdrawal"] {
            assert_eq!(
                refused("essential = true", &format!("essential = true\n{key} = true")),
                format!("The purpose `necessary` is essential, never asked, so it cannot have {key} = true.")
            );
        }
        let path = |path: &str| refused("name = \"_ex\"", &format!("name = \"_ex\"\npath = \"{path}\""));
        assert_eq!(path("shop"), "The cookie `_ex` of `analytics` has a path that does not begin with `/`.");
        assert!(path("/shop; domain=evil.example").contains("which no cookie's path has"));
        assert_eq!(
            refused("kind = \"local_storage\"", "kind = \"local_storage\"\npath = \"/\""),
            "The cookie `player_*` of `video` is kept in web storage, which has no path."
        );
    }

    #[test]
    fn what_the_page_obeys_is_read() {
        let with = DEMO
            .replace("id = \"analytics\"", "id = \"analytics\"\ngpc = true\nreload_on_withdrawal = true")
            .replace("name = \"_ex\"", "name = \"_ex\"\npath = \"/shop\"");
        let notice = read(&with).unwrap();
        let analytics = &notice.purposes[1];
        assert!(analytics.gpc && analytics.reload_on_withdrawal);
        assert_eq!(analytics.cookies[0].path.as_deref(), Some("/shop"));
        assert!(!notice.purposes[2].gpc && !notice.purposes[2].reload_on_withdrawal);
    }
}
