//! Owns the way back: from the view in DPV's terms to the receipt that was sealed, byte for byte.
//! Refuses a view whose records contradict each other; it never chooses between two answers.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::{LAYERS, ViewError, time};
use super::{GIVEN, REFUSED, RENEWED, WITHDRAWN};
use crate::decision::Choices;
use crate::id::PurposeId;
use crate::receipt::{NoticeRef, Receipt};

/// The receipt of which `view` is one.
pub fn read(view: &Value) -> Result<Receipt, ViewError> {
    let records = view["dpv:hasRecordOfActivity"].as_array().map(Vec::as_slice).unwrap_or_default();
    let first = records.first().ok_or_else(|| wrong("it has no dpv:hasRecordOfActivity"))?;
    let mut choices = Choices::new();
    for record in records {
        for same in
            ["/dpv:hasDataSubject", "/dpv:hasNotice", "/dpv:hasConsentStatus/0/dpv:hasIndicationMethod"]
        {
            if record.pointer(same) != first.pointer(same) {
                return Err(wrong(&format!("its records differ in {same}")));
            }
        }
        let purpose: PurposeId = value(record, "/dpv:hasProcess/0/x:purpose")?;
        if choices.insert(purpose.clone(), granted(record)?).is_some() {
            return Err(wrong(&format!("it answers `{purpose}` twice")));
        }
    }
    let indication: String = value(first, "/dpv:hasConsentStatus/0/dpv:hasIndicationMethod")?;
    let (layer, method) = indication.split_once('/').ok_or_else(|| wrong("its method is unknown"))?;
    let layer = LAYERS.iter().position(|name| *name == layer).ok_or_else(|| wrong("its layer is unknown"))?;
    let replaces = match view.get("dct:replaces") {
        None => None,
        Some(name) => {
            let name = name.as_str().and_then(|name| name.strip_prefix("urn:uuid:"));
            let id = name.and_then(|id| id.parse().ok());
            Some(id.ok_or_else(|| wrong("dct:replaces names no receipt"))?)
        }
    };
    Ok(Receipt {
        choices,
        clock_off: value(view, "/x:clockOff")?,
        decided_at: value(view, "/x:decidedAt")?,
        decision: value(view, "/dct:identifier")?,
        gpc: value(view, "/x:gpc")?,
        layer: u8::try_from(layer).map_err(|_| wrong("its layer is unknown"))?,
        locale: value(first, "/dpv:hasNotice/dct:language")?,
        method: serde_json::from_value(method.into()).map_err(|error| wrong(&error.to_string()))?,
        notice: NoticeRef {
            hash: value(first, "/dpv:hasNotice/x:sha256")?,
            number: value(first, "/dpv:hasNotice/x:number")?,
        },
        origin: value(view, "/x:origin")?,
        received_at: instant(view, "/dct:created")?,
        replaces,
        site: value(view, "/x:site")?,
        valid_until: instant(view, "/dct:valid")?,
        version: value(view, "/x:version")?,
        visitor: value(first, "/dpv:hasDataSubject/dct:identifier")?,
        widget: value(view, "/x:widget")?,
    })
}

fn granted(record: &Value) -> Result<bool, ViewError> {
    let states: [Value; 1] = value(record, "/dpv:hasConsentStatus")?;
    let types: Vec<String> = value(&states[0], "/@type")?;
    let says = |states: [&str; 2]| types.iter().any(|name| states.contains(&name.as_str()));
    match (says([GIVEN, RENEWED]), says([REFUSED, WITHDRAWN])) {
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        _ => Err(wrong("a record's state is neither a yes nor a no")),
    }
}

fn value<T: DeserializeOwned>(of: &Value, at: &str) -> Result<T, ViewError> {
    let found = of.pointer(at).ok_or_else(|| wrong(&format!("{at} is missing")))?;
    serde_json::from_value(found.clone()).map_err(|error| wrong(&format!("{at}: {error}")))
}

fn instant(of: &Value, at: &str) -> Result<i64, ViewError> {
    let text: String = value(of, at)?;
    time::milliseconds(&text).ok_or_else(|| wrong(&format!("{at}: `{text}` is no time")))
}

fn wrong(reason: &str) -> ViewError {
    ViewError::Unreadable(reason.to_owned())
}
