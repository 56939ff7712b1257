//! Owns the notice: exactly what a visitor is shown, immutable once published.
//! Refuses to know how it was written by the operator; that is the server's `notices.rs`.

mod view;

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::adapter::Adapter;
use crate::appearance::{Appearance, EssentialOnly};
use crate::id::{Locale, PurposeId};
use crate::locale;
use crate::terms::{DataKind, Location, PurposeType};
use crate::texts::Texts;

pub use self::view::{AppearanceView, CookieView, NoticeView, PurposeView};
pub use crate::lifetime::{Lifetime, Unit};

/// A published notice. Its canonical JSON is what is stored, hashed and named in receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The vendors' scripts that are told about the choices, in the order in which they are told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub adapters: Vec<Adapter>,
    /// How it looks. Notices from before there was a choice look as it was then.
    #[serde(default)]
    pub appearance: Appearance,
    /// Who hears complaints (GDPR art. 77).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<Party>,
    /// Who decides why and how data is processed (GDPR art. 4(7)).
    pub controller: Controller,
    /// The language shown when none of the visitor's is there.
    pub default_locale: Locale,
    /// The controller's data protection officer (GDPR art. 37).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpo: Option<Party>,
    /// Whose law applies. Only notices from before it was asked have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub jurisdictions: Vec<Location>,
    /// 1 for a site's first notice, then counted up.
    pub number: u32,
    /// Where the controller's privacy policy is.
    pub privacy_policy: Option<String>,
    /// What the visitor is told about, in the order shown.
    pub purposes: Vec<Purpose>,
    /// Every word of the banner, per locale.
    pub texts: BTreeMap<Locale, Texts>,
}

/// Who decides why and how data is processed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Controller {
    /// Postal address.
    pub address: String,
    /// E-mail address or web page for questions about privacy.
    pub contact: String,
    /// Where the address is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Location>,
    /// E-mail address, where `contact` is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Registered name.
    pub name: String,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Web page; it names the controller in views.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Somebody beside the controller whom a visitor can ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// E-mail address or web page.
    pub contact: String,
    /// Its name.
    pub name: String,
}

/// One reason for processing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a yes or no of its own, and named in the notice's bytes"
)]
pub struct Purpose {
    /// The cookies and storage keys it uses.
    pub cookies: Vec<DeclaredCookie>,
    /// Which personal data it processes. Only notices from before it was asked leave it open for an optional purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataKind>,
    /// Shown, never asked: strictly necessary for what the visitor asked for (ePrivacy Directive art. 5(3)).
    pub essential: bool,
    /// Whether Global Privacy Control denies it until the visitor grants it by name.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gpc: bool,
    /// The name used on the page, in the cookie and in receipts.
    pub id: PurposeId,
    /// The ground on which the processing stands (GDPR art. 6(1)).
    pub legal_basis: LegalBasis,
    /// Why an essential one is strictly necessary for what the visitor asked for, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub necessity: Option<String>,
    /// What it is in DPV's terms; where nothing is said, a view concludes it from the id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purpose_types: Vec<PurposeType>,
    /// Who else receives the data.
    pub recipients: Vec<String>,
    /// Whether a script of it that ran cannot be stopped, so that a withdrawal loads the page anew.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reload_on_withdrawal: bool,
    /// How long the data is kept, in words, when it is.
    pub retention: Option<String>,
    /// Whether its data is of a kind that the law protects more (GDPR art. 9).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// The notice number at which this purpose last changed materially; an older grant no longer holds.
    pub since: u32,
    /// Where the data is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub storage_locations: Vec<Location>,
    /// Name and description per locale.
    pub texts: BTreeMap<Locale, PurposeTexts>,
}

/// A purpose in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeTexts {
    /// What is new about it, in the site's own words, for those whose answer is older than its `since`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<String>,
    /// What happens and why, in one or two sentences.
    pub description: String,
    /// A short label.
    pub name: String,
}

/// The grounds of GDPR art. 6(1) that a purpose can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalBasis {
    /// Art. 6(1)(a).
    Consent,
    /// Art. 6(1)(b).
    Contract,
    /// Art. 6(1)(c).
    LegalObligation,
    /// Art. 6(1)(f); never a ground for reading or writing a device (ePrivacy Directive art. 5(3)).
    LegitimateInterest,
}

/// A cookie or storage key that a purpose uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredCookie {
    /// What it is for, per locale.
    pub about: BTreeMap<Locale, String>,
    /// Where it is kept.
    pub kind: StorageKind,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Its name; `*` stands for any run of characters.
    pub name: String,
    /// The path that a cookie is set for, where it is not `/`: needed to erase it (RFC 6265bis §5.7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Who sets it.
    pub provider: String,
}

/// Where a declared cookie is kept in the browser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageKind {
    /// A cookie (RFC 6265bis).
    #[default]
    Cookie,
    /// `localStorage`.
    LocalStorage,
    /// `sessionStorage`.
    SessionStorage,
}

impl Notice {
    /// The purposes that are asked.
    pub fn optional(&self) -> impl Iterator<Item = &Purpose> {
        self.purposes.iter().filter(|purpose| !purpose.essential)
    }

    /// Whether it asks anything: what is strictly necessary is only told.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.optional().next().is_some()
    }

    /// Whether a bar says that nothing is asked.
    #[must_use]
    pub fn informs(&self) -> bool {
        !self.asks() && self.appearance.essential_only == EssentialOnly::Bar
    }

    /// Whether it asks something that an answer to the notice of that number cannot have meant.
    #[must_use]
    pub fn outdates(&self, answered: u32) -> bool {
        self.optional().any(|purpose| purpose.since > answered)
    }

    /// The bytes that are stored and hashed: JSON in the order of RFC 8785.
    ///
    /// # Panics
    /// Never: every field is a string, a number, a boolean, or a list or map of them.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        serde_json::to_string(self).expect("a notice is plain data")
    }

    /// The name of `canonical` bytes of a notice: their SHA-256 in lower-case hex.
    #[must_use]
    pub fn hash(canonical: &str) -> String {
        HEXLOWER.encode(&Sha256::digest(canonical))
    }

    /// The best of the notice's locales for `wanted`, which lists language tags by preference; without any, the default.
    #[must_use]
    pub fn best_locale<'a>(&self, wanted: impl IntoIterator<Item = &'a str>) -> &Locale {
        let offered = self.texts.keys().map(Locale::as_str);
        wanted
            .into_iter()
            .find_map(|tag| locale::nearest(tag, &offered))
            .and_then(|best| self.texts.keys().find(|locale| locale.as_str() == best))
            .unwrap_or(&self.default_locale)
    }

    /// The banner's words in one of the notice's locales. Where the notice lacks a text, because it is older than the text,
    /// `built_in` says it.
    #[must_use]
    pub fn words(&self, locale: &Locale, built_in: &Texts) -> Option<Texts> {
        Some(self.texts.get(locale)?.or(built_in))
    }
}

#[cfg(test)]
pub(crate) mod tests;
