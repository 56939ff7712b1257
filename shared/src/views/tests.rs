//! Owns what is expected of both views: the schemas hold them, nothing is lost, and what cannot be said is refused.

use boon::{Compiler, SchemaIndex, Schemas};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::notice::tests::{full_notice, notice};
use crate::receipt::NoticeRef;
use crate::{DecisionId, Method};

const FORM: &str = "https://shop.example/_assent/shop/choices";

/// A receipt that answers `notice`.
fn receipt(notice: &Notice, choices: [bool; 2], method: Method) -> Receipt {
    let [analytics, video] = choices;
    Receipt {
        choices: [("analytics".parse().unwrap(), analytics), ("video".parse().unwrap(), video)].into(),
        clock_off: false,
        decided_at: 1_795_219_199_000,
        decision: id(1),
        gpc: false,
        layer: 1,
        locale: "en".parse().unwrap(),
        method,
        notice: NoticeRef { hash: Notice::hash(&notice.canonical_json()), number: notice.number },
        origin: "https://shop.example".to_owned(),
        received_at: 1_795_219_200_000,
        replaces: None,
        site: "shop".parse().unwrap(),
        valid_until: 1_826_755_200_000,
        version: 1,
        visitor: "v_ksjStLsIgWjoXqosdfeuKQ".parse().unwrap(),
        widget: "w1".to_owned(),
    }
}

fn id(number: u64) -> DecisionId {
    format!("0192f3a4-5b6c-7d8e-9f01-{number:012x}").parse().unwrap()
}

fn sources<'a>(receipt: &'a Receipt, notice: &'a Notice) -> Sources<'a> {
    Sources { receipt, notice, before: None, exercised_at: FORM, log: None }
}

/// A published schema, ready to judge.
struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn of(text: &str) -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", serde_json::from_str(text).unwrap()).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap();
        Self(schemas, index)
    }

    fn dpv() -> Self {
        Self::of(include_str!("../../../docs/schemas/receipt.dpv.schema.json"))
    }

    fn kantara() -> Self {
        Self::of(include_str!("../../../docs/schemas/receipt.kantara.schema.json"))
    }

    fn judge(&self, view: &Value) -> Result<(), String> {
        self.0.validate(view, self.1).map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn the_view_says_each_purpose_with_its_state_and_what_was_told() {
    let notice = full_notice();
    let receipt = receipt(&notice, [true, false], Method::Custom);
    let view = dpv::view(sources(&receipt, &notice)).unwrap();
    Schema::dpv().judge(&view).unwrap();
    let records = view["dpv:hasRecordOfActivity"].as_array().unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(
        records[0]["dpv:hasConsentStatus"],
        json!([{
            "@type": ["dpv:ConsentGiven", "dpv:ExpressedConsent"],
            "dpv:hasDuration": {"@type": "dpv:TemporalDuration", "rdf:value": "P365D"},
            "dpv:hasIndicationMethod": "banner/custom",
            "dpv:isIndicatedAtTime": "2026-11-21T00:00:00.000Z",
            "dpv:isIndicatedBy": "dpv:DataSubject",
        }])
    );
    assert_eq!(
        records[0]["dpv:hasProcess"],
        json!([{
            "@type": "dpv:Process",
            "dct:description": "About analytics",
            "dct:title": "analytics",
            "dpv:hasPersonalData": ["pd:BrowsingBehaviour", {"@type": "dpv:PersonalData", "dct:title": "films seen"}],
            "dpv:hasPurpose": ["dpv:ServiceUsageAnalytics"],
            "dpv:hasRecipient":
                ["https://demo.example#controller", {"@type": "dpv:Recipient", "dpv:hasName": "Counting Ltd"}],
            "dpv:hasStorageCondition": [
                {"@type": "dpv:StorageDuration", "dpv:hasDuration": "P13M"},
                {"@type": "dpv:StorageLocation", "dpv:hasLocation": ["loc:IE"]},
            ],
            "x:purpose": "analytics",
        }])
    );
    assert_eq!(records[0]["dpv:hasJurisdiction"], json!(["loc:EU", "loc:DE-BY"]));
    assert_eq!(records[0]["dpv:hasApplicableLaw"], json!(["legal-eu:law-GDPR"]));
    assert_eq!(records[0]["dpv:hasNotice"]["schema:url"], "https://shop.example/privacy");
    assert_eq!(records[1]["dpv:hasConsentStatus"][0]["@type"], json!(["dpv:ConsentRefused"]));
    let video = &records[1]["dpv:hasProcess"][0];
    assert_eq!(video["dpv:hasPurpose"], json!(["dpv:ServicePersonalisation"]));
    assert_eq!(video["dpv:hasPersonalData"][0]["@type"], "dpv:SensitivePersonalData");
    assert_eq!(
        video["dpv:hasStorageCondition"][0]["dpv:hasDuration"],
        json!({"@type": "dpv:Duration", "dct:description": "until you close your account"})
    );
    let essential = view["dpv:hasProcess"].as_array().unwrap();
    assert_eq!(essential.len(), 1);
    assert_eq!(essential[0]["dpv:hasNecessity"], "dpv:Required");
    assert_eq!(essential[0]["dpv:hasLegalBasis"], "eu-gdpr:A6-1-b");
}

/// The state that the view tells of `analytics`.
fn state(receipt: &Receipt, before: Option<&Receipt>, notice: &Notice) -> String {
    let view = dpv::view(Sources { before, ..sources(receipt, notice) }).unwrap();
    Schema::dpv().judge(&view).unwrap();
    assert_eq!(dpv::read(&view).as_ref(), Ok(receipt), "the state changes nothing of what is read back");
    view["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0]["@type"][0].as_str().unwrap().to_owned()
}

#[test]
fn a_state_says_no_more_than_the_receipts_tell() {
    let notice = full_notice();
    let said = |granted, method| receipt(&notice, [granted, false], method);
    assert_eq!(state(&said(false, Method::Signal), None, &notice), "dpv:ConsentRefused");
    assert_eq!(state(&said(false, Method::Withdraw), None, &notice), "dpv:ConsentWithdrawn");
    assert_eq!(state(&said(true, Method::Withdraw), None, &notice), "dpv:ConsentGiven");

    let before = |granted| said(granted, Method::Custom);
    let after = |granted, method| Receipt { decision: id(2), replaces: Some(id(1)), ..said(granted, method) };
    for (was, now, method, expected) in [
        (true, true, Method::Custom, "dpv:RenewedConsentGiven"),
        (false, true, Method::AcceptAll, "dpv:ConsentGiven"),
        (true, false, Method::RejectAll, "dpv:ConsentWithdrawn"),
        (false, false, Method::Withdraw, "dpv:ConsentRefused"),
    ] {
        assert_eq!(state(&after(now, method), Some(&before(was)), &notice), expected, "{was} {now}");
    }
    let stranger = Receipt { visitor: "v_AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(), ..before(true) };
    assert_eq!(state(&after(true, Method::Custom), Some(&stranger), &notice), "dpv:ConsentGiven");
    let another = Receipt { decision: id(3), ..before(true) };
    assert_eq!(state(&after(true, Method::Custom), Some(&another), &notice), "dpv:ConsentGiven");
}

#[test]
fn a_purposes_type_is_what_the_operator_says_and_else_no_guess() {
    let mut purpose = notice().purposes[1].clone();
    for (id, expected) in [
        ("analytics", "dpv:ServiceUsageAnalytics"),
        ("ads", "dpv:Advertising"),
        ("marketing", "dpv:Marketing"),
        ("preferences", "dpv:ServicePersonalisation"),
        ("video", "dpv:ServiceProvision"),
        ("chat", "dpv:Purpose"),
    ] {
        purpose.id = id.parse().unwrap();
        assert_eq!(purpose_types(&purpose), [expected]);
    }
    purpose.purpose_types = vec!["dpv:CommunicationManagement".parse().unwrap()];
    assert_eq!(purpose_types(&purpose), ["dpv:CommunicationManagement"]);
}

#[test]
fn the_place_in_a_log_is_told_and_not_part_of_the_receipt() {
    let notice = full_notice();
    let receipt = receipt(&notice, [true, true], Method::AcceptAll);
    let log = LogPlace {
        origin: "shop.example/log".to_owned(),
        index: 7,
        proof: "https://shop.example/p".to_owned(),
    };
    let view = dpv::view(Sources { log: Some(&log), ..sources(&receipt, &notice) }).unwrap();
    Schema::dpv().judge(&view).unwrap();
    assert_eq!(view["x:log"]["x:index"], 7);
    assert_eq!(dpv::read(&view), Ok(receipt));
}

#[test]
fn a_notice_that_leaves_something_open_is_named_with_its_keys() {
    let (full, bare) = (full_notice(), notice());
    let of_bare = receipt(&bare, [true, false], Method::Custom);
    assert_eq!(dpv::view(sources(&of_bare, &full)), Err(ViewError::AnotherNotice));
    let error = dpv::view(sources(&of_bare, &bare)).unwrap_err().to_string();
    assert_eq!(
        error,
        "notice 1 does not say what this view must: jurisdictions, data of the purpose `analytics`, retention of the \
         purpose `analytics`, storage_locations of the purpose `analytics`, data of the purpose `video`, retention of the \
         purpose `video`, storage_locations of the purpose `video`"
    );
    let mut without = full;
    without.controller.phone = None;
    without.privacy_policy = None;
    let of_it = receipt(&without, [true, false], Method::Custom);
    assert!(
        dpv::view(sources(&of_it, &without)).is_ok(),
        "what only Kantara wants fails only Kantara's view"
    );
    assert_eq!(
        kantara::view(sources(&of_it, &without)).unwrap_err().to_string(),
        "notice 1 does not say what this view must: controller.phone, privacy_policy"
    );
    let unasked = Receipt { choices: [].into(), ..of_it };
    assert_eq!(dpv::view(sources(&unasked, &without)), Err(ViewError::NothingAsked));
}

#[test]
fn kantara_hears_of_grants_alone() {
    let notice = full_notice();
    let refused = receipt(&notice, [false, false], Method::RejectAll);
    assert_eq!(kantara::view(sources(&refused, &notice)), Err(ViewError::NothingGranted));
    let some = receipt(&notice, [true, false], Method::Custom);
    let view = kantara::view(sources(&some, &notice)).unwrap();
    Schema::kantara().judge(&view).unwrap();
    assert_eq!(
        view["services"],
        json!([{"service": "https://shop.example", "purposes": [{
            "consentType": "EXPLICIT", "piiCategory": ["BrowsingBehaviour", "films seen"], "primaryPurpose": false,
            "purpose": "analytics", "purposeCategory": ["https://w3id.org/dpv#ServiceUsageAnalytics"],
            "termination": "13 months", "thirdPartyDisclosure": true, "thirdPartyName": "Counting Ltd",
        }]}])
    );
    assert_eq!((&view["consentTimestamp"], &view["sensitive"]), (&json!(1_795_219_200), &json!(false)));
    let all = receipt(&notice, [true, true], Method::AcceptAll);
    let view = kantara::view(sources(&all, &notice)).unwrap();
    Schema::kantara().judge(&view).unwrap();
    assert_eq!((&view["sensitive"], &view["spiCat"][1]), (&json!(true), &json!("films seen")));
}

#[test]
fn a_schema_refuses_what_lacks_a_mandatory_field() {
    let notice = full_notice();
    let receipt = receipt(&notice, [true, true], Method::AcceptAll);
    let without = |view: &Value, at: &str, key: &str| {
        let mut view = view.clone();
        assert!(view.pointer_mut(at).unwrap().as_object_mut().unwrap().remove(key).is_some(), "{at} {key}");
        view
    };
    let (view, schema) = (dpv::view(sources(&receipt, &notice)).unwrap(), Schema::dpv());
    let record = "/dpv:hasRecordOfActivity/0";
    for key in
        ["dct:created", "dpv:hasRecordOfActivity", "dct:identifier", "dpv:hasIdentifier", "dct:conformsTo"]
    {
        assert!(schema.judge(&without(&view, "", key)).is_err(), "{key}");
    }
    for key in [
        "dpv:hasDataSubject",
        "dpv:hasJurisdiction",
        "dpv:hasConsentControl",
        "dpv:hasNotice",
        "dct:identifier",
    ] {
        assert!(schema.judge(&without(&view, record, key)).is_err(), "{key}");
    }
    for key in ["dpv:hasName", "dpv:hasAddress", "dpv:hasContact", "@id"] {
        assert!(
            schema.judge(&without(&view, &format!("{record}/dpv:hasDataController"), key)).is_err(),
            "{key}"
        );
    }
    for key in ["dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasRecipient", "dpv:hasStorageCondition"] {
        assert!(schema.judge(&without(&view, &format!("{record}/dpv:hasProcess/0"), key)).is_err(), "{key}");
    }
    let mut unknown = view.clone();
    unknown["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0]["@type"] =
        json!(["dpv:ConsentTerminated"]);
    assert!(schema.judge(&unknown).is_err(), "a state that DPV does not have");
    let (view, schema) = (kantara::view(sources(&receipt, &notice)).unwrap(), Schema::kantara());
    for key in view.as_object().unwrap().keys().filter(|key| *key != "language") {
        assert!(schema.judge(&without(&view, "", key)).is_err(), "{key}");
    }
}

#[test]
fn a_view_that_contradicts_itself_is_not_read() {
    let notice = full_notice();
    let receipt = receipt(&notice, [true, false], Method::Custom);
    let view = dpv::view(sources(&receipt, &notice)).unwrap();
    let changed = |at: &str, value: Value| {
        let mut view = view.clone();
        *view.pointer_mut(at).unwrap() = value;
        dpv::read(&view).unwrap_err().to_string()
    };
    let record = "/dpv:hasRecordOfActivity/1";
    let purpose = format!("{record}/dpv:hasProcess/0/x:purpose");
    assert!(changed(&purpose, json!("analytics")).contains("answers `analytics` twice"));
    let visitor = format!("{record}/dpv:hasDataSubject/dct:identifier");
    assert!(changed(&visitor, json!("v_AAAAAAAAAAAAAAAAAAAAAA")).contains("differ in /dpv:hasDataSubject"));
    let state = format!("{record}/dpv:hasConsentStatus/0/@type");
    assert!(changed(&state, json!(["dpv:ConsentUnknown"])).contains("neither a yes nor a no"));
    assert!(
        changed(&state, json!(["dpv:ConsentGiven", "dpv:ConsentRefused"])).contains("neither a yes nor a no")
    );
    assert!(changed("/dct:created", json!("yesterday")).contains("`yesterday` is no time"));
    assert!(changed("/dpv:hasRecordOfActivity", json!([])).contains("no dpv:hasRecordOfActivity"));
}

prop_compose! {
    /// Every receipt that a server can have sealed.
    fn sealed(notice: Notice)(
        choices in any::<[bool; 2]>(),
        flags in any::<[bool; 2]>(),
        method in prop::sample::select(vec![Method::AcceptAll, Method::RejectAll, Method::Custom, Method::Signal, Method::Withdraw]),
        layer in 1_u8..=3,
        decided_at in -8_640_000_000_000_000_i64..=8_640_000_000_000_000,
        received_at in -62_135_596_800_000_i64..4_000_000_000_000,
        valid in 0_i64..100_000_000_000,
        decision in any::<u64>(),
        replaces in prop::option::of(0_u64..1000),
        origin in "https?://\\PC{0,20}",
        widget in "\\PC{0,20}",
        locale in prop::sample::select(vec!["en", "pt-BR", "zh-Hant"]),
        version in any::<u8>(),
    ) -> Receipt {
        Receipt {
            clock_off: flags[0],
            decided_at,
            decision: id(decision & 0xffff_ffff_ffff),
            gpc: flags[1],
            layer,
            locale: locale.parse().unwrap(),
            origin,
            received_at,
            replaces: replaces.map(id),
            valid_until: received_at + valid,
            version,
            widget,
            ..receipt(&notice, choices, method)
        }
    }
}

proptest! {
    #[test]
    fn nothing_is_lost_in_dpvs_terms(receipt in sealed(full_notice())) {
        let notice = full_notice();
        let view = dpv::view(sources(&receipt, &notice)).unwrap();
        // Through text, as it travels.
        let view: Value = serde_json::from_str(&view.to_string()).unwrap();
        let read = dpv::read(&view).unwrap();
        prop_assert_eq!(read.canonical_json(), receipt.canonical_json());
        prop_assert_eq!(read, receipt);
    }
}
