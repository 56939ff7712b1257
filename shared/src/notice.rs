//! Owns the notice: exactly what a visitor is shown, immutable once published, and its view in one language.
//! Refuses to know how it was written by the operator; that is the server's `notices.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{Locale, PurposeId};
use crate::texts::Texts;

/// A published notice. Its canonical JSON is what is stored, hashed and named in receipts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Who decides why and how data is processed (GDPR art. 4(7)).
    pub controller: Controller,
    /// The language shown when none of the visitor's is there.
    pub default_locale: Locale,
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
    /// Registered name.
    pub name: String,
}

/// One reason for processing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The cookies and storage keys it uses.
    pub cookies: Vec<DeclaredCookie>,
    /// Shown, never asked: strictly necessary for what the visitor asked for (ePrivacy Directive art. 5(3)).
    pub essential: bool,
    /// The name used on the page, in the cookie and in receipts.
    pub id: PurposeId,
    /// The ground on which the processing stands (GDPR art. 6(1)).
    pub legal_basis: LegalBasis,
    /// Who else receives the data.
    pub recipients: Vec<String>,
    /// How long the data is kept, in words, when it is.
    pub retention: Option<String>,
    /// The notice number at which this purpose last changed materially; an older grant no longer holds.
    pub since: u32,
    /// Name and description per locale.
    pub texts: BTreeMap<Locale, PurposeTexts>,
}

/// A purpose in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeTexts {
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

/// How long a declared cookie lives: `session`, `persistent`, or a count and a unit such as `13 months`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Lifetime {
    /// Until the browser is closed.
    Session,
    /// Until somebody deletes it.
    Persistent,
    /// A count of a unit.
    For(u32, Unit),
}

/// Units of a [`Lifetime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Unit {
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl FromStr for Lifetime {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let refuse = || {
            format!(
                "`{text}` is no lifetime: write session, persistent, or a count and a unit such as 13 months"
            )
        };
        match text {
            "session" => return Ok(Self::Session),
            "persistent" => return Ok(Self::Persistent),
            _ => {}
        }
        let (count, unit) = text.split_once(' ').ok_or_else(refuse)?;
        let unit = match unit.strip_suffix('s').unwrap_or(unit) {
            "minute" => Unit::Minute,
            "hour" => Unit::Hour,
            "day" => Unit::Day,
            "month" => Unit::Month,
            "year" => Unit::Year,
            _ => return Err(refuse()),
        };
        match count.parse() {
            Ok(count) if count > 0 => Ok(Self::For(count, unit)),
            _ => Err(refuse()),
        }
    }
}

impl TryFrom<String> for Lifetime {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Persistent => f.write_str("persistent"),
            Self::For(count, unit) => {
                let unit = match unit {
                    Unit::Minute => "minute",
                    Unit::Hour => "hour",
                    Unit::Day => "day",
                    Unit::Month => "month",
                    Unit::Year => "year",
                };
                write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
            }
        }
    }
}

impl From<Lifetime> for String {
    fn from(lifetime: Lifetime) -> Self {
        lifetime.to_string()
    }
}

impl Notice {
    /// The purposes that are asked.
    pub fn optional(&self) -> impl Iterator<Item = &Purpose> {
        self.purposes.iter().filter(|purpose| !purpose.essential)
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

    /// The best of the notice's locales for `wanted`, which lists language tags by preference: exact, then the same
    /// language, then the default.
    #[must_use]
    pub fn best_locale<'a>(&self, wanted: impl IntoIterator<Item = &'a str>) -> &Locale {
        for tag in wanted {
            let language = tag.split('-').next().unwrap_or(tag);
            let same = |locale: &&Locale| locale.as_str().eq_ignore_ascii_case(tag);
            let near = |locale: &&Locale| locale.language().eq_ignore_ascii_case(language);
            if let Some(locale) = self.texts.keys().find(same).or_else(|| self.texts.keys().find(near)) {
                return locale;
            }
        }
        &self.default_locale
    }

    /// What one visitor sees: this notice in one of its locales, or nothing if it has no such locale.
    #[must_use]
    pub fn view(&self, locale: &Locale) -> Option<NoticeView> {
        let texts = self.texts.get(locale)?.clone();
        let purposes = self.purposes.iter().map(|purpose| purpose.view(locale)).collect::<Option<_>>()?;
        Some(NoticeView {
            number: self.number,
            locale: locale.to_string(),
            controller: self.controller.name.clone(),
            privacy_policy: self.privacy_policy.clone(),
            texts,
            purposes,
        })
    }
}

impl Purpose {
    fn view(&self, locale: &Locale) -> Option<PurposeView> {
        let texts = self.texts.get(locale)?;
        Some(PurposeView {
            id: self.id.to_string(),
            essential: self.essential,
            since: self.since,
            name: texts.name.clone(),
            description: texts.description.clone(),
            cookies: self
                .cookies
                .iter()
                .map(|cookie| {
                    Some(CookieView {
                        name: cookie.name.clone(),
                        provider: cookie.provider.clone(),
                        about: cookie.about.get(locale)?.clone(),
                        lifetime: cookie.lifetime.to_string(),
                    })
                })
                .collect::<Option<_>>()?,
        })
    }
}

/// A notice in one language: the widget's properties, equal on both sides of the hydration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticeView {
    /// The notice's number.
    pub number: u32,
    /// The language of every text in it.
    pub locale: String,
    /// The controller's name.
    pub controller: String,
    /// Where the controller's privacy policy is.
    pub privacy_policy: Option<String>,
    /// The banner's words.
    pub texts: Texts,
    /// The purposes in the order shown.
    pub purposes: Vec<PurposeView>,
}

/// A purpose in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PurposeView {
    /// The purpose's id.
    pub id: String,
    /// Shown, never asked.
    pub essential: bool,
    /// The notice number at which it last changed materially.
    pub since: u32,
    /// A short label.
    pub name: String,
    /// What happens and why.
    pub description: String,
    /// Its declared cookies.
    pub cookies: Vec<CookieView>,
}

/// A declared cookie in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CookieView {
    /// Name or pattern.
    pub name: String,
    /// Who sets it.
    pub provider: String,
    /// What it is for.
    pub about: String,
    /// How long it lives, in words.
    pub lifetime: String,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn notice() -> Notice {
        let en: Locale = "en".parse().unwrap();
        let purpose = |id: &str, essential| Purpose {
            cookies: vec![DeclaredCookie {
                about: [(en.clone(), format!("remembers {id}"))].into(),
                kind: StorageKind::Cookie,
                lifetime: Lifetime::For(1, Unit::Year),
                name: format!("{id}_*"),
                provider: "Demo".to_owned(),
            }],
            essential,
            id: id.parse().unwrap(),
            legal_basis: if essential { LegalBasis::Contract } else { LegalBasis::Consent },
            recipients: vec![],
            retention: None,
            since: 1,
            texts: [(en.clone(), PurposeTexts { description: format!("About {id}"), name: id.to_owned() })]
                .into(),
        };
        Notice {
            controller: Controller {
                address: "1 Demo Street".to_owned(),
                contact: "privacy@demo.example".to_owned(),
                name: "Demo \u{fc}\n\u{1}".to_owned(),
            },
            default_locale: en.clone(),
            number: 1,
            privacy_policy: None,
            purposes: vec![purpose("necessary", true), purpose("analytics", false), purpose("video", false)],
            texts: [(en, Texts::from_keys(str::to_uppercase))].into(),
        }
    }

    #[test]
    fn a_locale_is_chosen_exactly_then_by_language_then_by_default() {
        let mut notice = notice();
        let texts = notice.texts.values().next().unwrap().clone();
        notice.texts.insert("pt-BR".parse().unwrap(), texts);
        assert_eq!(notice.best_locale(["pt-br"]).as_str(), "pt-BR");
        assert_eq!(notice.best_locale(["fr", "pt-PT"]).as_str(), "pt-BR");
        assert_eq!(notice.best_locale(["fr"]).as_str(), "en");
        assert_eq!(notice.best_locale(["", "*", "'"]).as_str(), "en");
        assert!(notice.view(&"pt-BR".parse().unwrap()).is_none(), "its purposes have no texts in it");
        assert_eq!(notice.view(&"en".parse().unwrap()).unwrap().purposes.len(), 3);
    }

    #[test]
    fn lifetimes_are_read_and_written_alike() {
        for text in ["session", "persistent", "1 year", "13 months", "30 days", "24 hours", "1 minute"] {
            assert_eq!(text.parse::<Lifetime>().unwrap().to_string(), text);
        }
        for text in ["", "1", "year", "0 days", "-1 days", "2 fortnights", "1  year"] {
            assert!(text.parse::<Lifetime>().is_err(), "{text}");
        }
    }
}
