//! Owns the receipt as the Kantara Initiative's Consent Receipt Specification 1.1 has it.
//! Refuses what that format cannot say: a refusal, a withdrawal. It is for handing on, never for keeping.

use serde_json::{Value, json};

use super::dpv::policy_address;
use super::{Sources, ViewError, indication, purpose_types};
use crate::notice::{Controller, Purpose};
use crate::terms::Location;

/// The specification's own name of its version.
const VERSION: &str = "KI-CR-v1.1.0";

/// The receipt in this view, with the granted purposes alone.
pub fn view(sources: Sources) -> Result<Value, ViewError> {
    let Sources { receipt, notice, .. } = sources;
    sources.check()?;
    let granted: Vec<&Purpose> =
        sources.answered().filter(|(_, granted)| *granted).map(|(purpose, _)| purpose).collect();
    if granted.is_empty() {
        return Err(ViewError::NothingGranted);
    }
    let controller = &notice.controller;
    let (email, phone) = (email(controller), controller.phone.as_deref());
    let policy = policy_address(notice, &receipt.origin);
    let demanded = [
        ("controller.email", email.is_none()),
        ("controller.phone", phone.is_none()),
        ("privacy_policy", policy.is_none()),
    ];
    let open = demanded.into_iter().filter(|(_, open)| *open).map(|(key, _)| key).collect();
    sources.complete(granted.iter().copied(), open)?;

    let sensitive = granted.iter().filter(|purpose| purpose.sensitive);
    let special: Vec<&str> = sensitive.flat_map(|purpose| kinds(purpose)).collect();
    let jurisdictions: Vec<&str> = notice.jurisdictions.iter().map(Location::as_str).collect();
    let purposes: Vec<Value> = granted.iter().map(|granted| purpose(sources, granted)).collect();
    let mut address = json!({"streetAddress": controller.address});
    if let Some(country) = &controller.country {
        address["addressCountry"] = json!(country);
    }
    let mut responsible = json!({
        "address": address,
        "contact": controller.contact,
        "email": email,
        "phone": phone,
        "piiController": controller.name,
    });
    if let Some(url) = &controller.url {
        responsible["piiControllerUrl"] = json!(url);
    }
    Ok(json!({
        "collectionMethod": indication(receipt),
        "consentReceiptID": receipt.decision,
        // In seconds, as the specification's schema wants it.
        "consentTimestamp": receipt.received_at.div_euclid(1000),
        "jurisdiction": jurisdictions.join(", "),
        "language": receipt.locale.language(),
        "piiControllers": [responsible],
        "piiPrincipalId": receipt.visitor,
        "policyUrl": policy,
        "sensitive": !special.is_empty(),
        "services": [{"purposes": purposes, "service": receipt.origin}],
        "spiCat": special,
        "version": VERSION,
    }))
}

fn purpose(sources: Sources, purpose: &Purpose) -> Value {
    let texts = purpose.texts.get(&sources.receipt.locale);
    let categories: Vec<String> =
        purpose_types(purpose).iter().map(|kind| kind.replacen("dpv:", "https://w3id.org/dpv#", 1)).collect();
    let mut value = json!({
        "consentType": "EXPLICIT",
        "piiCategory": kinds(purpose).collect::<Vec<_>>(),
        "primaryPurpose": false,
        "purpose": texts.map_or(purpose.id.as_str(), |texts| &texts.name),
        "purposeCategory": categories,
        "termination": purpose.retention,
        "thirdPartyDisclosure": !purpose.recipients.is_empty(),
    });
    if !purpose.recipients.is_empty() {
        value["thirdPartyName"] = purpose.recipients.join(", ").into();
    }
    value
}

fn kinds(purpose: &Purpose) -> impl Iterator<Item = &str> {
    purpose.data.iter().map(|kind| kind.as_str().trim_start_matches("pd:"))
}

/// The e-mail address; the contact, if that is one.
fn email(controller: &Controller) -> Option<&str> {
    let is_email = |text: &str| text.contains('@') && !text.contains(|c: char| c.is_whitespace() || c == '/');
    controller.email.as_deref().or_else(|| Some(controller.contact.as_str()).filter(|text| is_email(text)))
}
