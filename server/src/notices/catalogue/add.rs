//! Owns adding a service to a notice: what it keeps, who receives the data, and its adapter, under the purpose it serves.
//! Refuses to touch what is there, and to say what only the operator knows.

use assent_shared::notice::{LegalBasis, PurposeTexts};
use assent_shared::{Locale, PurposeId};

use super::{Service, ServiceCookie};
use crate::adapters::AdapterEntry;
use crate::notices::file::{CookieEntry, NoticeFile, PurposeEntry};

/// Adds a service to a purpose, which is made if it is not there. Answers with the keys of what was added; nothing where all of
/// it was there. Its words are English in every language of the notice, for the operator to translate.
pub fn add(file: &mut NoticeFile, service: &Service, purpose: &PurposeId) -> Vec<String> {
    let mut added = Vec::new();
    let mut locales: Vec<Locale> = file.texts.keys().cloned().collect();
    if locales.is_empty() {
        locales.push(file.default_locale.clone());
    }
    let at = file.purposes.iter().position(|own| own.id == *purpose).unwrap_or_else(|| {
        file.purposes.push(new_purpose(service, purpose, &locales));
        added.push(format!("purposes.{purpose}"));
        file.purposes.len() - 1
    });
    let own = &mut file.purposes[at];

    for cookie in &service.cookies {
        let is_there = |entry: &CookieEntry| entry.name == cookie.name && entry.kind == cookie.kind;
        if !own.cookies.iter().any(is_there) {
            own.cookies.push(entry(service, cookie, &locales));
            added.push(format!("purposes.{purpose}.cookies.{}", cookie.name));
        }
    }
    let recipients = own.recipients.get_or_insert_default();
    if !recipients.contains(&service.provider.name) {
        recipients.push(service.provider.name.clone());
        added.push(format!("purposes.{purpose}.recipients"));
    }

    // What is never asked is never told either.
    let essential = own.essential;
    if let Some(name) =
        service.adapter.as_ref().filter(|name| !essential && !file.adapters.contains_key(*name))
    {
        let asked: Vec<PurposeId> =
            file.purposes.iter().filter(|own| !own.essential).map(|own| own.id.clone()).collect();
        file.adapters.insert(name.clone(), AdapterEntry::following(name, &service.purpose, purpose, &asked));
        added.push(format!("adapters.{name}"));
    }
    added
}

fn new_purpose(service: &Service, id: &PurposeId, locales: &[Locale]) -> PurposeEntry {
    let name = id.as_str().replace('_', " ");
    let name = name[..1].to_uppercase() + &name[1..];
    let texts = PurposeTexts { changed: None, description: service.about.clone(), name };
    PurposeEntry {
        id: id.clone(),
        data: None,
        essential: service.essential,
        gpc: false,
        legal_basis: Some(if service.essential { LegalBasis::Contract } else { LegalBasis::Consent }),
        necessity: service.essential.then(|| service.why.clone()),
        purpose_types: service.purpose_types.clone(),
        recipients: None,
        reload_on_withdrawal: false,
        retention: None,
        sensitive: false,
        storage_locations: None,
        texts: locales.iter().map(|locale| (locale.clone(), texts.clone())).collect(),
        cookies: vec![],
    }
}

fn entry(service: &Service, cookie: &ServiceCookie, locales: &[Locale]) -> CookieEntry {
    CookieEntry {
        name: cookie.name.clone(),
        provider: service.provider.name.clone(),
        kind: cookie.kind,
        lifetime: cookie.lifetime,
        path: None,
        about: locales.iter().map(|locale| (locale.clone(), cookie.about.clone())).collect(),
    }
}
