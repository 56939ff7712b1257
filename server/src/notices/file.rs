//! Owns the notice file: the TOML that an operator writes, and what of it is still missing, all of it at once.
//! Refuses to judge what is there; that is `notices.rs`.

use std::collections::BTreeMap;

use assent_shared::notice::{
    Controller, DeclaredCookie, LegalBasis, Lifetime, Party, Purpose, PurposeTexts, StorageKind,
};
use assent_shared::terms::{DataKind, Location, PurposeType};
use assent_shared::{Appearance, Locale, PurposeId};
use serde::Deserialize;

use crate::adapters::AdapterEntry;

/// A notice file. What a receipt's standard views cannot do without is optional here, so that all that is missing can be
/// said at once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoticeFile {
    /// The vendors' scripts to tell about the choices.
    #[serde(default)]
    pub(super) adapters: BTreeMap<String, AdapterEntry>,
    #[serde(default)]
    pub(super) appearance: Appearance,
    pub(super) authority: Option<Party>,
    #[serde(default)]
    pub(super) controller: ControllerEntry,
    pub(super) default_locale: Locale,
    pub(super) dpo: Option<Party>,
    #[serde(default)]
    pub(super) jurisdictions: Vec<Location>,
    pub(super) privacy_policy: Option<String>,
    /// The languages, each with the built-in texts that it replaces.
    pub(super) texts: BTreeMap<Locale, BTreeMap<String, String>>,
    pub(super) purposes: Vec<PurposeEntry>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ControllerEntry {
    address: Option<String>,
    contact: Option<String>,
    country: Option<Location>,
    email: Option<String>,
    name: Option<String>,
    phone: Option<String>,
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key that an operator writes")]
pub(super) struct PurposeEntry {
    id: PurposeId,
    data: Option<Vec<DataKind>>,
    #[serde(default)]
    essential: bool,
    #[serde(default)]
    gpc: bool,
    legal_basis: Option<LegalBasis>,
    #[serde(default)]
    purpose_types: Vec<PurposeType>,
    recipients: Option<Vec<String>>,
    #[serde(default)]
    reload_on_withdrawal: bool,
    retention: Option<String>,
    #[serde(default)]
    sensitive: bool,
    storage_locations: Option<Vec<Location>>,
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

impl NoticeFile {
    /// What must be said before it can be published: one line for each, with the key as the operator writes it.
    pub(super) fn missing(&self) -> Vec<String> {
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
    pub(super) fn into_purpose(self) -> Result<Purpose, String> {
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
