//! Owns the notice as the operator writes it (TOML), and publishing it under the site's next number.
//! Refuses a notice that lacks a text in one of its languages, or what the law and a receipt's views need, and says which.

pub mod catalogue;
pub mod difference;
pub mod file;
pub mod lint;

use std::collections::BTreeMap;

use assent_shared::notice::{Controller, DeclaredCookie, LegalBasis, Purpose, StorageKind};
use assent_shared::{Notice, PurposeId, SiteId};

use crate::adapters;
use crate::error::Error;
use crate::locales;
use crate::store::{AppendError, NewPublication, Origin, Publishing, Store};
use file::{NoticeFile, PurposeEntry};

/// What became of a notice that was to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is the site's newest now, under this number.
    Number(u32),
    /// It says exactly what the newest says already.
    Unchanged,
    /// Where it should have come from it is no more: a draft with another revision, or a plan that was taken back.
    Gone,
}

/// Reads a notice file; the notice has no number and its purposes no `since` yet.
pub fn read(text: &str) -> Result<Notice, String> {
    notice(NoticeFile::read(text)?)
}

/// The notice that a notice file describes; without a number, and its purposes without `since`.
pub fn notice(file: NoticeFile) -> Result<Notice, String> {
    let missing = file.missing();
    if !missing.is_empty() {
        return Err(format!("This must be said first:\n{}", missing.join("\n")));
    }
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
    let purposes: Vec<_> =
        file.purposes.into_iter().map(PurposeEntry::into_purpose).collect::<Result<_, _>>()?;
    let notice = Notice {
        adapters: adapters::resolve(file.adapters, &purposes)?,
        appearance: file.appearance,
        authority: file.authority,
        controller: file.controller.into(),
        default_locale: file.default_locale,
        dpo: file.dpo,
        jurisdictions: file.jurisdictions,
        number: 0,
        privacy_policy: file.privacy_policy,
        purposes,
        texts,
    };
    check(&notice)?;
    Ok(notice)
}

fn check(notice: &Notice) -> Result<(), String> {
    check_controller(&notice.controller)?;
    for (key, party) in [("authority", &notice.authority), ("dpo", &notice.dpo)] {
        if party.as_ref().is_some_and(|party| party.name.trim().is_empty() || party.contact.trim().is_empty())
        {
            return Err(format!("{key}.name or {key}.contact is empty: say both, or leave [{key}] out."));
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
    for (locale, texts) in &notice.texts {
        if !texts.news.contains("{purposes}") {
            return Err(format!(
                "texts.{locale}.news does not say `{{purposes}}`, where the names of what is new stand."
            ));
        }
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
                Some(texts) if texts.changed.as_ref().is_some_and(|words| words.trim().is_empty()) => {
                    return Err(format!(
                        "The purpose `{id}` has an empty `changed` in `{locale}`: leave it out."
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

fn check_controller(controller: &Controller) -> Result<(), String> {
    let Controller { email, phone, url, .. } = controller;
    if let Some(email) = email.as_deref().filter(|text| {
        let parts = text.split_once('@');
        parts.is_none_or(|(name, host)| name.is_empty() || host.is_empty())
            || text.contains(char::is_whitespace)
    }) {
        return Err(format!("controller.email: `{email}` is no e-mail address."));
    }
    if let Some(phone) = phone.as_deref().filter(|text| {
        !text.bytes().any(|b| b.is_ascii_digit())
            || !text.bytes().all(|b| b.is_ascii_digit() || b"+-(). ".contains(&b))
    }) {
        return Err(format!("controller.phone: `{phone}` is no telephone number."));
    }
    if let Some(url) = url.as_deref().filter(|text| {
        !(text.starts_with("https://") || text.starts_with("http://")) || url::Url::parse(text).is_err()
    }) {
        return Err(format!("controller.url: `{url}` is no https address."));
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

/// Publishes a notice file as a site's newest notice, on the command line's word. A purpose that is new, or named in
/// `material`, is asked again.
pub async fn publish(
    store: &Store,
    site: &SiteId,
    text: &str,
    material: &[PurposeId],
    now: i64,
) -> Result<Published, String> {
    let notice = read(text)?;
    check_material(&notice, material)?;
    let listed = serde_json::to_string(material).map_err(|error| error.to_string())?;
    let publication = NewPublication {
        origin: Origin::File,
        published_by: "command line",
        material: &listed,
        overrides: "[]",
        note: None,
    };
    publish_as(store, site, notice, material, &publication, now).await.map_err(|error| match error {
        Error::NotFound => format!("There is no site `{site}`. Add it with `assent site add`."),
        other => other.cause().unwrap_or_else(|| other.to_string()),
    })
}

/// What is asked again is asked.
pub(crate) fn check_material(notice: &Notice, material: &[PurposeId]) -> Result<(), String> {
    match material.iter().find(|id| notice.optional().all(|purpose| purpose.id != **id)) {
        Some(unknown) => {
            Err(format!("`{unknown}` cannot be asked again: it is not an optional purpose of this notice."))
        }
        None => Ok(()),
    }
}

/// Publishes a notice that was read and judged, under the site's next number.
pub(crate) async fn publish_as(
    store: &Store,
    site: &SiteId,
    notice: Notice,
    material: &[PurposeId],
    publication: &NewPublication<'_>,
    now: i64,
) -> Result<Published, Error> {
    let mut problem = None;
    let published = store
        .publish_notice(site, now, publication, |number, newest| {
            let newest = match newest.map(|row| serde_json::from_str::<Notice>(&row.body)).transpose() {
                Ok(newest) => newest,
                Err(error) => {
                    problem = Some(format!("the notice before this one cannot be read: {error}"));
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
            AppendError::Store(sqlx::Error::RowNotFound) => Error::NotFound,
            other => other.into(),
        })?;
    match (problem, published) {
        (Some(problem), _) => Err(Error::Internal(problem)),
        (None, Publishing::Number(number)) => {
            Ok(Published::Number(u32::try_from(number).unwrap_or(u32::MAX)))
        }
        (None, Publishing::Unchanged) => Ok(Published::Unchanged),
        (None, Publishing::Gone) => Ok(Published::Gone),
    }
}

/// Gives a notice its number, and each purpose the number at which it last changed materially.
pub(crate) fn numbered(
    notice: Notice,
    number: u32,
    newest: Option<&Notice>,
    material: &[PurposeId],
) -> Notice {
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
        .map(|purpose| Purpose { since: since(&purpose.id, purpose.essential), ..purpose })
        .collect();
    Notice { number, purposes, ..notice }
}

#[cfg(test)]
mod tests;
