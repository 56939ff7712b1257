//! Owns the way back: the notice file that says what a notice says.
//! Refuses to write what reading adds by itself: numbers, built-in texts, a built-in adapter's fields.

use std::collections::BTreeMap;

use assent_shared::notice::{DeclaredCookie, Notice, Purpose};
use assent_shared::{Locale, Texts};

use super::{ControllerEntry, CookieEntry, NoticeFile, PurposeEntry};
use crate::adapters::AdapterEntry;
use crate::locales;

impl NoticeFile {
    /// The file that reads as `notice`, but for its number and its purposes' `since`. What an older notice does not say is
    /// left out, for the operator to say now.
    #[must_use]
    pub fn of(notice: &Notice) -> Self {
        let adapters = notice.adapters.iter();
        let controller = &notice.controller;
        let said = |text: &String| (!text.is_empty()).then(|| text.clone());
        Self {
            adapters: adapters
                .map(|adapter| (adapter.name.clone(), AdapterEntry::of(adapter, &notice.purposes)))
                .collect(),
            appearance: notice.appearance.clone(),
            authority: notice.authority.clone(),
            controller: ControllerEntry {
                address: said(&controller.address),
                contact: said(&controller.contact),
                country: controller.country.clone(),
                email: controller.email.clone(),
                name: said(&controller.name),
                phone: controller.phone.clone(),
                url: controller.url.clone(),
            },
            default_locale: notice.default_locale.clone(),
            dpo: notice.dpo.clone(),
            jurisdictions: notice.jurisdictions.clone(),
            privacy_policy: notice.privacy_policy.clone(),
            texts: notice
                .texts
                .iter()
                .map(|(locale, texts)| (locale.clone(), replaced(locale, texts)))
                .collect(),
            purposes: notice.purposes.iter().map(PurposeEntry::of).collect(),
        }
    }
}

/// The texts that are not the built-in ones. An empty one is from before the text existed, and is said in the built-in words.
fn replaced(locale: &Locale, texts: &Texts) -> BTreeMap<String, String> {
    let built_in = &locales::built_in(locale).banner;
    Texts::KEYS
        .iter()
        .filter_map(|key| {
            let text = texts.get(key).filter(|text| !text.is_empty() && Some(*text) != built_in.get(key))?;
            Some(((*key).to_owned(), text.to_owned()))
        })
        .collect()
}

impl PurposeEntry {
    fn of(purpose: &Purpose) -> Self {
        let Purpose {
            cookies,
            data,
            essential,
            gpc,
            id,
            legal_basis,
            necessity,
            purpose_types,
            recipients,
            reload_on_withdrawal,
            retention,
            sensitive,
            since: _,
            storage_locations,
            texts,
        } = purpose.clone();
        Self {
            id,
            data: Some(data),
            essential,
            gpc,
            legal_basis: Some(legal_basis),
            necessity,
            purpose_types,
            recipients: Some(recipients),
            reload_on_withdrawal,
            retention,
            sensitive,
            storage_locations: Some(storage_locations),
            texts,
            cookies: cookies.into_iter().map(CookieEntry::of).collect(),
        }
    }
}

impl CookieEntry {
    fn of(cookie: DeclaredCookie) -> Self {
        let DeclaredCookie { about, kind, lifetime, name, path, provider } = cookie;
        Self { name, provider, kind, lifetime, path, about }
    }
}
