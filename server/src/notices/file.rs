//! Owns the notice file: the TOML that an operator writes, in Rust's types, and what of it is still missing, all at once.
//! Refuses to judge what is there; that is `notices.rs` (what is broken) and `lint.rs` (what is unlawful).

mod of;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use assent_shared::notice::{
    Controller, DeclaredCookie, LegalBasis, Lifetime, Party, Purpose, PurposeTexts, StorageKind,
};
use assent_shared::terms::{DataKind, Location, PurposeType};
use assent_shared::{Appearance, Locale, PurposeId};
use serde::{Deserialize, Serialize};

use crate::adapters::AdapterEntry;

/// A notice file. What a receipt's standard views cannot do without is optional here, so that all that is missing can be
/// said at once, and so that a draft can be kept before it is complete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeFile {
    /// The vendors' scripts to tell about the choices.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) adapters: BTreeMap<String, AdapterEntry>,
    #[serde(default, skip_serializing_if = "write::is_default", serialize_with = "write::appearance")]
    pub(crate) appearance: Appearance,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) authority: Option<Party>,
    #[serde(default, skip_serializing_if = "write::is_default")]
    pub(crate) controller: ControllerEntry,
    pub(crate) default_locale: Locale,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dpo: Option<Party>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) jurisdictions: Vec<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) privacy_policy: Option<String>,
    /// The languages, each with the built-in texts that it replaces.
    pub(crate) texts: BTreeMap<Locale, BTreeMap<String, String>>,
    pub(crate) purposes: Vec<PurposeEntry>,
}

/// Who asks, as far as it is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControllerEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) contact: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<Location>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

/// One reason for processing, as far as it is said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key that an operator writes")]
pub(crate) struct PurposeEntry {
    pub(crate) id: PurposeId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Vec<DataKind>>,
    #[serde(default, skip_serializing_if = "write::is_default")]
    pub(crate) essential: bool,
    #[serde(default, skip_serializing_if = "write::is_default")]
    pub(crate) gpc: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) legal_basis: Option<LegalBasis>,
    /// Why an essential one is strictly necessary.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) necessity: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) purpose_types: Vec<PurposeType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recipients: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "write::is_default")]
    pub(crate) reload_on_withdrawal: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retention: Option<String>,
    #[serde(default, skip_serializing_if = "write::is_default")]
    pub(crate) sensitive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) storage_locations: Option<Vec<Location>>,
    pub(crate) texts: BTreeMap<Locale, PurposeTexts>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) cookies: Vec<CookieEntry>,
}

/// A cookie or storage key that a purpose uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CookieEntry {
    pub(crate) name: String,
    pub(crate) provider: String,
    #[serde(default, skip_serializing_if = "write::is_default")]
    pub(crate) kind: StorageKind,
    pub(crate) lifetime: Lifetime,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    pub(crate) about: BTreeMap<Locale, String>,
}

impl NoticeFile {
    /// Reads a notice file; what it lacks is not said yet.
    pub fn read(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    /// What must be said before it can be published: one line for each, with the key as the operator writes it.
    pub(crate) fn missing(&self) -> Vec<String> {
        let controller = &self.controller;
        let mut missing = vec![];
        for (key, text) in
            [("name", &controller.name), ("address", &controller.address), ("contact", &controller.contact)]
        {
            if text.as_ref().is_none_or(|text| text.trim().is_empty()) {
                missing.push(format!(
                    "The notice does not say `controller.{key}`: visitors must be able to tell who asks."
                ));
            }
        }
        if self.jurisdictions.is_empty() {
            missing.push(
                "The notice does not say `jurisdictions`: whose law applies, such as [\"EU\", \"DE\"]."
                    .to_owned(),
            );
        }
        missing.extend(self.purposes.iter().flat_map(PurposeEntry::missing));
        missing
    }
}

impl PurposeEntry {
    fn missing(&self) -> impl Iterator<Item = String> {
        // What is essential may need no personal data; what is asked for is asked because it does.
        let lacks = |list: Option<bool>| list.is_none_or(|is_empty| is_empty && !self.essential);
        let silent = self.retention.as_ref().is_none_or(|words| words.trim().is_empty());
        let keys = [
            (self.legal_basis.is_none(), "legal_basis", "the ground of GDPR art. 6(1), such as \"consent\""),
            (
                lacks(self.data.as_ref().map(Vec::is_empty)),
                "data",
                "the kinds of personal data, such as [\"pd:BrowsingBehaviour\"] or in words",
            ),
            (self.recipients.is_none(), "recipients", "who else gets the data; [] where nobody else does"),
            (silent, "retention", "how long the data is kept, such as \"13 months\""),
            (
                lacks(self.storage_locations.as_ref().map(Vec::is_empty)),
                "storage_locations",
                "the countries where its data is kept, such as [\"DE\"]",
            ),
        ];
        let id = self.id.clone();
        keys.into_iter()
            .filter(|(missing, ..)| *missing)
            .map(move |(_, key, what)| format!("The purpose `{id}` does not say `{key}`: {what}."))
    }

    /// The purpose, once nothing is [missing](NoticeFile::missing); its `since` is still to be given.
    pub(crate) fn into_purpose(self) -> Result<Purpose, String> {
        let cookies = self.cookies.into_iter().map(|cookie| DeclaredCookie {
            about: cookie.about,
            kind: cookie.kind,
            lifetime: cookie.lifetime,
            name: cookie.name,
            path: cookie.path,
            provider: cookie.provider,
        });
        Ok(Purpose {
            cookies: cookies.collect(),
            data: self.data.unwrap_or_default(),
            essential: self.essential,
            gpc: self.gpc,
            legal_basis: self
                .legal_basis
                .ok_or_else(|| format!("The purpose `{}` does not say `legal_basis`.", self.id))?,
            necessity: self.necessity,
            purpose_types: self.purpose_types,
            recipients: self.recipients.unwrap_or_default(),
            reload_on_withdrawal: self.reload_on_withdrawal,
            retention: self.retention.map(|words| retention(words, &self.id)).transpose()?,
            sensitive: self.sensitive,
            since: 0,
            storage_locations: self.storage_locations.unwrap_or_default(),
            texts: self.texts,
            id: self.id,
        })
    }
}

impl From<ControllerEntry> for Controller {
    /// What is missing is empty, and was refused before.
    fn from(entry: ControllerEntry) -> Self {
        Self {
            address: entry.address.unwrap_or_default(),
            contact: entry.contact.unwrap_or_default(),
            country: entry.country,
            email: entry.email,
            name: entry.name.unwrap_or_default(),
            phone: entry.phone,
            url: entry.url,
        }
    }
}

/// Words, as visitors read them. A duration of ISO 8601 is taken for the words that it means.
fn retention(words: String, id: &PurposeId) -> Result<String, String> {
    let is_duration = words.strip_prefix('P').is_some_and(|rest| {
        rest.starts_with(|next: char| next.is_ascii_digit() || next == 'T') && !rest.contains(' ')
    });
    if !is_duration {
        return Ok(words);
    }
    Lifetime::from_iso8601(&words).map(|lifetime| lifetime.to_string()).ok_or_else(|| {
        format!("The purpose `{id}` has the retention `{words}`: write one number and unit, such as P13M or \"13 months\".")
    })
}
