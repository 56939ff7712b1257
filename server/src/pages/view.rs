//! Owns a notice as the pages tell it: with what the law asks for beyond the banner, in one language.
//! Refuses to read a request or a decision.

use assent_shared::notice::{LegalBasis, Purpose, StorageKind};
use assent_shared::{Locale, Notice};

use crate::locales::{LocaleTexts, PageTexts};

/// A purpose in one language.
pub(super) struct PurposeSection<'a> {
    pub(super) id: &'a str,
    pub(super) essential: bool,
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    /// What is new about it, in the site's own words.
    pub(super) changed: Option<&'a str>,
    pub(super) legal_basis: &'a str,
    pub(super) recipients: String,
    pub(super) retention: Option<String>,
    pub(super) cookies: Vec<CookieRow<'a>>,
}

/// A declared cookie in one language.
pub(super) struct CookieRow<'a> {
    pub(super) name: &'a str,
    pub(super) kind: &'a str,
    pub(super) provider: &'a str,
    pub(super) about: &'a str,
    pub(super) lifetime: String,
}

impl<'a> PurposeSection<'a> {
    /// The purpose in `locale`, in which the notice was checked to exist.
    pub(super) fn new(purpose: &'a Purpose, locale: &Locale, words: &'a LocaleTexts) -> Self {
        let texts = purpose.texts.get(locale);
        let (name, description) =
            texts.map_or((purpose.id.as_str(), ""), |texts| (&texts.name, &texts.description));
        let cookies = purpose.cookies.iter().map(|cookie| CookieRow {
            name: &cookie.name,
            kind: kind(cookie.kind, &words.pages),
            provider: &cookie.provider,
            about: cookie.about.get(locale).map_or("", String::as_str),
            lifetime: words.lifetime(cookie.lifetime),
        });
        Self {
            id: purpose.id.as_str(),
            essential: purpose.essential,
            name,
            description,
            changed: texts.and_then(|texts| texts.changed.as_deref()),
            legal_basis: legal_basis(purpose.legal_basis, &words.pages),
            recipients: purpose.recipients.join(", "),
            retention: purpose.retention.as_deref().map(|text| retention(text, words)),
            cookies: cookies.collect(),
        }
    }
}

fn kind(kind: StorageKind, words: &PageTexts) -> &str {
    match kind {
        StorageKind::Cookie => &words.cookie,
        StorageKind::LocalStorage => &words.local_storage,
        StorageKind::SessionStorage => &words.session_storage,
    }
}

fn legal_basis(basis: LegalBasis, words: &PageTexts) -> &str {
    match basis {
        LegalBasis::Consent => &words.consent,
        LegalBasis::Contract => &words.contract,
        LegalBasis::LegalObligation => &words.legal_obligation,
        LegalBasis::LegitimateInterest => &words.legitimate_interest,
    }
}

/// How long data is kept: in the language's words if it is a plain span of time, else in the operator's.
fn retention(text: &str, words: &LocaleTexts) -> String {
    text.parse().map_or_else(|_| text.to_owned(), |lifetime| words.lifetime(lifetime))
}

/// Who asks, and where to ask them.
pub(super) struct Who<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) contact: &'a str,
    pub(super) contact_address: Option<String>,
    pub(super) privacy_policy: Option<&'a str>,
}

impl<'a> Who<'a> {
    /// The controller; a privacy policy that is a path of the site is linked only from the site's `own_host`.
    pub(super) fn new(notice: &'a Notice, own_host: bool) -> Self {
        let controller = &notice.controller;
        let contact = controller.contact.trim();
        let contact_address = if contact.starts_with("https://") || contact.starts_with("http://") {
            Some(contact.to_owned())
        } else if contact.contains('@')
            && !contact.contains(|c: char| c.is_whitespace() || "?&:/<>".contains(c))
        {
            Some(format!("mailto:{contact}"))
        } else {
            None
        };
        Self {
            name: &controller.name,
            address: &controller.address,
            contact,
            contact_address,
            privacy_policy: notice
                .privacy_policy
                .as_deref()
                .filter(|link| own_host || !link.starts_with('/')),
        }
    }
}
