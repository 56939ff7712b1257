//! Owns the receipt as ISO/IEC TS 27560 has it, written in the terms of DPV 2.3 as JSON-LD; and reading it back.
//! Refuses terms that DPV does not have: what it has no word for is under `x:`, so that nothing is lost.

mod read;

use serde_json::{Value, json};

pub use read::read;

use super::{Sources, ViewError, indication, purpose_types, time};
use crate::notice::{LegalBasis, Lifetime, Notice, Party, Purpose};
use crate::terms::Location;

/// The profile of a receipt. The guide names others too, which its own vocabulary does not have.
const RECEIPT: &str = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr";
/// The profile of a record.
const RECORD: &str = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr";
/// Where the GDPR is law: the Union's members and the rest of the EEA.
const GDPR: &str =
    "EU AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";

/// The states that a receipt can tell.
const GIVEN: &str = "dpv:ConsentGiven";
const RENEWED: &str = "dpv:RenewedConsentGiven";
const REFUSED: &str = "dpv:ConsentRefused";
const WITHDRAWN: &str = "dpv:ConsentWithdrawn";

/// The receipt in this view: one `dpv:ConsentRecord` for each purpose that was asked, so that every state is plain.
pub fn view(sources: Sources) -> Result<Value, ViewError> {
    let Sources { receipt, notice, .. } = sources;
    sources.check()?;
    if receipt.choices.is_empty() {
        return Err(ViewError::NothingAsked);
    }
    sources.complete(sources.answered().map(|(purpose, _)| purpose), vec![])?;
    let records: Vec<Value> =
        sources.answered().map(|(purpose, granted)| record(sources, purpose, granted)).collect();
    // Strictly necessary storage is no consent: it is told, without a state.
    let essential = notice.purposes.iter().filter(|purpose| purpose.essential);
    let essential: Vec<Value> = essential.map(|purpose| process(sources, purpose)).collect();
    let mut view = json!({
        "@context": context(),
        "@id": format!("urn:uuid:{}", receipt.decision),
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": RECEIPT,
        "dct:created": time::instant(receipt.received_at),
        // The guide says the one in its text and the other in its table.
        "dct:identifier": receipt.decision,
        "dpv:hasIdentifier": receipt.decision,
        "dct:publisher": controller_id(sources),
        "dct:valid": time::instant(receipt.valid_until),
        "dpv:hasProcess": essential,
        "dpv:hasRecordOfActivity": records,
        "x:clockOff": receipt.clock_off,
        "x:decidedAt": receipt.decided_at,
        "x:gpc": receipt.gpc,
        "x:origin": receipt.origin,
        "x:site": receipt.site,
        "x:version": receipt.version,
        "x:widget": receipt.widget,
    });
    if let Some(replaced) = &receipt.replaces {
        view["dct:replaces"] = format!("urn:uuid:{replaced}").into();
    }
    if let Some(log) = sources.log {
        view["x:log"] = json!({"x:index": log.index, "x:origin": log.origin, "x:proof": log.proof});
    }
    Ok(view)
}

/// What the short names mean, and which of their values are names themselves rather than text.
fn context() -> Value {
    let mut context = json!({
        "dct": "http://purl.org/dc/terms/",
        "dpv": "https://w3id.org/dpv#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "legal-eu": "https://w3id.org/dpv/legal/eu#",
        "loc": "https://w3id.org/dpv/loc#",
        "pd": "https://w3id.org/dpv/pd#",
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
        "schema": "https://schema.org/",
        "x": "urn:assent:receipt#",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    });
    for name in [
        "dct:conformsTo",
        "dct:publisher",
        "dct:replaces",
        "dpv:hasApplicableLaw",
        "dpv:hasJurisdiction",
        "dpv:hasLegalBasis",
        "dpv:hasLocation",
        "dpv:hasNecessity",
        "dpv:hasPersonalData",
        "dpv:hasPurpose",
        "dpv:hasRecipient",
        "dpv:isExercisedAt",
        "dpv:isIndicatedBy",
        "schema:url",
    ] {
        context[name] = json!({"@type": "@id"});
    }
    for instant in ["dct:created", "dct:valid", "dpv:isIndicatedAtTime"] {
        context[instant] = json!({"@type": "xsd:dateTime"});
    }
    context
}

fn record(sources: Sources, purpose: &Purpose, granted: bool) -> Value {
    let Sources { receipt, notice, exercised_at, .. } = sources;
    let id = format!("{}#{}", receipt.decision, purpose.id);
    let mut record = json!({
        "@id": format!("urn:uuid:{id}"),
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": RECORD,
        "dct:identifier": id,
        "dpv:hasConsentControl":
            [{"@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"], "dpv:isExercisedAt": exercised_at}],
        "dpv:hasConsentStatus": [status(sources, purpose, granted)],
        "dpv:hasDataController": controller(sources),
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dct:identifier": receipt.visitor},
        "dpv:hasJurisdiction": locations(&notice.jurisdictions),
        "dpv:hasLegalBasis": legal_basis(purpose.legal_basis),
        "dpv:hasNotice": shown(sources),
        "dpv:hasProcess": [process(sources, purpose)],
        "dpv:hasRight": [{"@type": ["dpv:DataSubjectRight", "eu-gdpr:A7-3"], "dpv:isExercisedAt": exercised_at}],
    });
    if notice.jurisdictions.iter().any(under_gdpr) {
        record["dpv:hasApplicableLaw"] = json!(["legal-eu:law-GDPR"]);
    }
    if let Some(authority) = &notice.authority {
        record["dpv:hasAuthority"] = party("dpv:DataProtectionAuthority", authority);
    }
    record
}

/// What became of a purpose. Where the replaced receipt is not known, a withdrawal is believed of all that it denies.
fn status(sources: Sources, purpose: &Purpose, granted: bool) -> Value {
    let receipt = sources.receipt;
    let withdrawn = receipt.method == crate::Method::Withdraw;
    let state = match (granted, sources.said_before(&purpose.id)) {
        (true, Some(true)) => RENEWED,
        (true, _) => GIVEN,
        (false, Some(true)) => WITHDRAWN,
        (false, None) if withdrawn => WITHDRAWN,
        (false, _) => REFUSED,
    };
    let mut types = vec![state];
    if granted {
        types.push("dpv:ExpressedConsent");
    }
    json!({
        "@type": types,
        "dpv:hasDuration": {
            "@type": "dpv:TemporalDuration",
            "rdf:value": time::span(receipt.valid_until.saturating_sub(receipt.received_at)),
        },
        "dpv:hasIndicationMethod": indication(receipt),
        "dpv:isIndicatedAtTime": time::instant(receipt.received_at),
        "dpv:isIndicatedBy": "dpv:DataSubject",
    })
}

fn shown(sources: Sources) -> Value {
    let Sources { receipt, notice, .. } = sources;
    let mut shown = json!({
        "@id": format!("urn:assent:notice:{}", receipt.notice.hash),
        "@type": "dpv:ConsentNotice",
        "dct:language": receipt.locale,
        "x:number": receipt.notice.number,
        "x:sha256": receipt.notice.hash,
    });
    if let Some(policy) = policy_address(notice, &receipt.origin) {
        shown["schema:url"] = policy.into();
    }
    shown
}

/// The privacy policy's whole address; a path is one of the page's host.
pub(super) fn policy_address(notice: &Notice, origin: &str) -> Option<String> {
    let policy = notice.privacy_policy.as_deref()?;
    Some(if policy.starts_with('/') { format!("{origin}{policy}") } else { policy.to_owned() })
}

/// One purpose as it is carried out.
fn process(sources: Sources, purpose: &Purpose) -> Value {
    let Sources { receipt, .. } = sources;
    let texts = purpose.texts.get(&receipt.locale);
    let mut process = json!({
        "@type": "dpv:Process",
        "dct:title": texts.map_or(purpose.id.as_str(), |texts| &texts.name),
        "dpv:hasPersonalData": data(purpose),
        "dpv:hasPurpose": purpose_types(purpose),
        "dpv:hasRecipient": recipients(sources, purpose),
        "dpv:hasStorageCondition": storage(purpose),
        "x:purpose": purpose.id,
    });
    if let Some(texts) = texts {
        process["dct:description"] = texts.description.clone().into();
    }
    if purpose.essential {
        process["dpv:hasLegalBasis"] = legal_basis(purpose.legal_basis).into();
        process["dpv:hasNecessity"] = "dpv:Required".into();
    }
    process
}

fn data(purpose: &Purpose) -> Vec<Value> {
    let class = if purpose.sensitive { "dpv:SensitivePersonalData" } else { "dpv:PersonalData" };
    let kind = |kind: &crate::terms::DataKind| match (kind.is_term(), purpose.sensitive) {
        (true, false) => json!(kind),
        (true, true) => json!({"@id": kind, "@type": class}),
        (false, _) => json!({"@type": class, "dct:title": kind}),
    };
    purpose.data.iter().map(kind).collect()
}

fn recipients(sources: Sources, purpose: &Purpose) -> Vec<Value> {
    let others = purpose.recipients.iter().map(|name| json!({"@type": "dpv:Recipient", "dpv:hasName": name}));
    std::iter::once(json!(controller_id(sources))).chain(others).collect()
}

fn storage(purpose: &Purpose) -> Vec<Value> {
    let mut conditions = vec![];
    if let Some(words) = &purpose.retention {
        conditions.push(json!({"@type": "dpv:StorageDuration", "dpv:hasDuration": duration(words)}));
    }
    if !purpose.storage_locations.is_empty() {
        let locations = locations(&purpose.storage_locations);
        conditions.push(json!({"@type": "dpv:StorageLocation", "dpv:hasLocation": locations}));
    }
    conditions
}

/// A duration of ISO 8601 where the operator's words are one; else the words.
fn duration(words: &str) -> Value {
    let lifetime = words.parse::<Lifetime>().ok();
    let class = match lifetime {
        Some(Lifetime::Session) => "dpv:UntilEventDuration",
        Some(Lifetime::Persistent) => "dpv:EndlessDuration",
        Some(Lifetime::For(..)) | None => "dpv:Duration",
    };
    match lifetime.and_then(Lifetime::iso8601) {
        Some(iso) => iso.into(),
        None => json!({"@type": class, "dct:description": words}),
    }
}

fn controller(sources: Sources) -> Value {
    let controller = &sources.notice.controller;
    let mut value = json!({
        "@id": controller_id(sources),
        "@type": "dpv:DataController",
        "dpv:hasAddress": controller.address,
        "dpv:hasContact": controller.contact,
        "dpv:hasName": controller.name,
    });
    let more = [
        ("schema:email", &controller.email),
        ("schema:telephone", &controller.phone),
        ("schema:url", &controller.url),
    ];
    for (name, text) in more {
        if let Some(text) = text {
            value[name] = text.clone().into();
        }
    }
    if let Some(country) = &controller.country {
        value["dpv:hasLocation"] = json!([format!("loc:{country}")]);
    }
    if let Some(dpo) = &sources.notice.dpo {
        value["dpv:hasDataProtectionOfficer"] = party("dpv:DataProtectionOfficer", dpo);
    }
    value
}

/// The controller's name among machines: its web page, or one that holds for the site.
fn controller_id(sources: Sources) -> String {
    match &sources.notice.controller.url {
        Some(url) if url.contains('#') => url.clone(),
        Some(url) => format!("{url}#controller"),
        None => format!("urn:assent:site:{}#controller", sources.receipt.site),
    }
}

fn party(class: &str, party: &Party) -> Value {
    json!({"@type": class, "dpv:hasContact": party.contact, "dpv:hasName": party.name})
}

fn locations(locations: &[Location]) -> Vec<String> {
    locations.iter().map(|location| format!("loc:{location}")).collect()
}

fn under_gdpr(location: &Location) -> bool {
    GDPR.split(' ').any(|country| country == location.country())
}

fn legal_basis(basis: LegalBasis) -> &'static str {
    match basis {
        LegalBasis::Consent => "eu-gdpr:A6-1-a",
        LegalBasis::Contract => "eu-gdpr:A6-1-b",
        LegalBasis::LegalObligation => "eu-gdpr:A6-1-c",
        LegalBasis::LegitimateInterest => "eu-gdpr:A6-1-f",
    }
}
