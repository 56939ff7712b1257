//! Owns everything that is known of one receipt: its notice, its proof and whether it holds now, what it replaces and what
//! replaced it, what holds it, and where it can be seen as it was shown.
//! Refuses to take a stored proof for true: it is made and checked anew each time.

use std::sync::Arc;

use assent_shared::{DecisionId, Receipt, SiteId};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{broken, read};
use crate::catalog::PublishedNotice;
use crate::error::{Error, Result};
use crate::publish::keys_of;
use crate::state::App;
use crate::store::{Filter, HoldRow, Order, Site};

/// Decisions of the visitor among which the next one is looked for.
const LOOKED_THROUGH: i64 = 500;

/// A receipt and all that is known of it.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) body: String,
    pub(crate) receipt: Receipt,
    pub(crate) ledger: i64,
    pub(crate) leaf_index: i64,
    pub(crate) notice: Arc<PublishedNotice>,
    /// The proof, as a file that is whole in itself.
    pub(crate) proof: String,
    /// What the proof says, or why it does not hold.
    pub(crate) verdict: Result<Verdict, String>,
    /// Whether the decision before is still there.
    pub(crate) replaces_kept: bool,
    /// The decision that replaced this one.
    pub(crate) replaced_by: Option<DecisionId>,
    /// What keeps it from being erased, or shown.
    pub(crate) holds: Vec<HoldRow>,
    /// Where its banner can be seen, on this server.
    pub(crate) replay: String,
}

/// That the receipt is in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// The ledger's name.
    pub(crate) origin: String,
    /// How many leaves it had at the checkpoint.
    pub(crate) size: u64,
    /// The key that signed it.
    pub(crate) key: String,
}

/// All that is known of a site's receipt of that decision. Whoever calls this has asked whether they may.
pub(super) async fn whole(app: &App, site: &Site, decision: &DecisionId) -> Result<Whole> {
    let row = app.store.receipt(&site.id, decision).await?.ok_or(Error::NotFound)?;
    let receipt = read(&row.body)?;
    let notice = app.catalog.notice(&site.id, receipt.notice.number).await?;
    let sealed = app.store.sealed(&site.id, decision.as_str()).await?.ok_or(Error::NotFound)?;
    let proof = sealed.whole_proof().ok_or_else(|| broken("it is no JSON"))?;
    let ledger = app.store.ledger_numbered(&site.id, row.ledger).await?.ok_or(Error::NotFound)?;
    let keys = keys_of(&app.store, &site.id, &ledger).await?;
    let mut verdict = Err("the server knows no key of this ledger".to_owned());
    for key in keys.iter().rev() {
        verdict = match proof.verify(key) {
            Ok(checkpoint) => {
                Ok(Verdict { origin: checkpoint.origin.clone(), size: checkpoint.size, key: key.to_string() })
            }
            Err(error) => Err(error.to_string()),
        };
        if verdict.is_ok() {
            break;
        }
    }
    let replaces_kept = match &receipt.replaces {
        Some(replaced) => app.store.receipt(&site.id, replaced).await?.is_some(),
        None => false,
    };
    let holds = app.store.holds(&site.id).await?.into_iter().filter(|hold| {
        let whose = hold.visitor.as_deref();
        hold.lifted_at.is_none() && whose.is_none_or(|visitor| visitor == receipt.visitor.as_str())
    });
    Ok(Whole {
        replaced_by: replaced_by(app, &site.id, &receipt).await?,
        replay: replay(&site.id, &receipt),
        ledger: row.ledger,
        leaf_index: row.leaf_index,
        body: row.body,
        proof: proof.to_string(),
        holds: holds.collect(),
        receipt,
        notice,
        verdict,
        replaces_kept,
    })
}

async fn replaced_by(app: &App, site: &SiteId, receipt: &Receipt) -> Result<Option<DecisionId>> {
    let filter = Filter { visitor: Some(receipt.visitor.clone()), ..Filter::default() };
    let mut reader = app.store.reader(site, &filter, Order::NewestFirst, None).await?;
    for row in reader.next(LOOKED_THROUGH).await? {
        let later = read(&row.body)?;
        if later.replaces.as_ref() == Some(&receipt.decision) {
            return Ok(Some(later.decision));
        }
    }
    Ok(None)
}

/// The address of the banner as it was shown, with what was chosen.
pub(crate) fn replay(site: &SiteId, receipt: &Receipt) -> String {
    let granted = receipt.choices.iter().filter(|(_, granted)| **granted);
    let granted: Vec<&str> = granted.map(|(id, _)| id.as_str()).collect();
    let (number, locale) = (receipt.notice.number, &receipt.locale);
    format!("/_assent/{site}/replay/{number}/{locale}?granted={}", granted.join("."))
}

impl Whole {
    /// As programs read it; the receipt as it is stored.
    pub(super) fn json(&self) -> Result<String> {
        let receipt = RawValue::from_string(self.body.clone()).map_err(|error| broken(&error))?;
        let proven = match &self.verdict {
            Ok(Verdict { origin, size, key }) => {
                json!({"verified": true, "log": origin, "size": size, "key": key})
            }
            Err(reason) => json!({"verified": false, "reason": reason}),
        };
        let notice = &self.notice;
        let rest = json!({
            "ledger": self.ledger,
            "leaf_index": self.leaf_index,
            "notice": {
                "number": self.receipt.notice.number,
                "hash": notice.hash,
                "published_at": notice.published_at,
                "controller": notice.notice.controller.name,
                "purposes": notice.notice.optional().map(|purpose| purpose.id.as_str()).collect::<Vec<_>>(),
            },
            "proof": self.proof,
            "proven": proven,
            "replaces": self.receipt.replaces,
            "replaces_kept": self.replaces_kept,
            "replaced_by": self.replaced_by,
            "holds": self.holds,
            "replay": self.replay,
        });
        let Value::Object(rest) = rest else { return Err(broken("it is no object")) };
        let mut whole = std::collections::BTreeMap::new();
        for (name, value) in rest {
            let value = serde_json::value::to_raw_value(&value).map_err(|error| broken(&error))?;
            whole.insert(name, value);
        }
        whole.insert("receipt".to_owned(), receipt);
        serde_json::to_string(&whole).map_err(|error| broken(&error))
    }
}
