//! Owns the fields by which receipts are chosen on a page, and how receipts are told there.
//! Refuses to lose what was typed: a filter that cannot be read is shown again, with what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use assent_shared::{Method, Receipt};
use jiff::Timestamp;
use url::form_urlencoded;

use crate::catalog::CurrentSite;
use crate::error::{Error, Result};
use crate::receipts::query::{Others, ReceiptsQuery};
use crate::state::App;

/// Every way of deciding, as pages call it.
pub(super) const METHODS: [(&str, &str); 5] = [
    ("accept_all", "accepted all"),
    ("reject_all", "rejected all"),
    ("custom", "chose each"),
    ("withdraw", "withdrew"),
    ("signal", "by the browser's signal"),
];

/// The fields of a filter.
pub(super) struct FilterForm {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) notice: String,
    pub(super) method: String,
    pub(super) granted: String,
    pub(super) denied: String,
    pub(super) visitor: String,
    /// What can be chosen.
    pub(super) notices: Vec<String>,
    pub(super) purposes: BTreeSet<String>,
    /// What is wrong.
    pub(super) error: Option<String>,
}

impl FilterForm {
    /// The fields with what a request says, and the filter; `None` if it cannot be read.
    pub(super) async fn read(
        app: &App,
        current: &CurrentSite,
        raw: Option<&str>,
        others: &[&str],
    ) -> Result<(Self, Option<(ReceiptsQuery, Others)>)> {
        let mut typed: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(raw.unwrap_or_default().as_bytes()) {
            typed.entry(name.into_owned()).or_insert_with(|| value.trim().to_owned());
        }
        let read = ReceiptsQuery::parse(raw, others).and_then(|(query, others)| {
            query.filter()?;
            Ok((query, others))
        });
        let (read, error) = match read {
            Ok(read) => (Some(read), None),
            Err(Error::InvalidQuery(said)) => (None, Some(said)),
            Err(error) => return Err(error),
        };
        let mut take = |name: &str| typed.remove(name).unwrap_or_default();
        let mut form = Self {
            from: take("from"),
            to: take("to"),
            notice: take("notice"),
            method: take("method"),
            granted: take("granted"),
            denied: take("denied"),
            visitor: take("visitor"),
            notices: (1..=current.newest_notice).rev().map(|number| number.to_string()).collect(),
            purposes: BTreeSet::new(),
            error,
        };
        // Whatever was ever answered, also if the newest notice asks it no more.
        for kind in app.store.kinds(&current.site.id).await? {
            let choices: BTreeMap<String, bool> = serde_json::from_str(&kind.choices).unwrap_or_default();
            form.purposes.extend(choices.into_keys());
        }
        let chosen = [&form.granted, &form.denied].into_iter().filter(|purpose| !purpose.is_empty());
        form.purposes.extend(chosen.cloned().collect::<Vec<_>>());
        Ok((form, read))
    }
}

/// A receipt as a row of a table.
pub(super) struct Row {
    pub(super) decision: String,
    pub(super) received: String,
    pub(super) how: &'static str,
    pub(super) granted: String,
    pub(super) denied: String,
    pub(super) notice: u32,
    pub(super) locale: String,
    pub(super) visitor: String,
}

impl From<&Receipt> for Row {
    fn from(receipt: &Receipt) -> Self {
        Self {
            decision: receipt.decision.to_string(),
            received: when(receipt.received_at),
            how: how(receipt.method),
            granted: chosen(receipt, true),
            denied: chosen(receipt, false),
            notice: receipt.notice.number,
            locale: receipt.locale.to_string(),
            visitor: receipt.visitor.to_string(),
        }
    }
}

/// The purposes that were granted, or those that were denied.
pub(super) fn chosen(receipt: &Receipt, granted: bool) -> String {
    let those = receipt.choices.iter().filter(|(_, choice)| **choice == granted);
    those.map(|(purpose, _)| purpose.as_str()).collect::<Vec<_>>().join(", ")
}

/// How a decision was made, in words.
pub(super) fn how(method: Method) -> &'static str {
    METHODS.iter().find(|(name, _)| *name == method.as_str()).map_or("", |(_, text)| text)
}

/// An instant as people read it. A visitor's clock may stand where no calendar reaches.
pub(super) fn when(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(
        |_| format!("{milliseconds} ms since 1970"),
        |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}
