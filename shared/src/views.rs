//! Owns what every standard view of a receipt is made of, and why one cannot be made.
//! Refuses to store or to send any: a view is made anew from the receipt and its notice, which alone are kept.

pub mod dpv;
pub mod kantara;
mod time;

use crate::id::PurposeId;
use crate::notice::{Notice, Purpose};
use crate::receipt::Receipt;
use crate::terms::PurposeType;

/// What a view is made of.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The receipt.
    pub receipt: &'a Receipt,
    /// The notice that it answers.
    pub notice: &'a Notice,
    /// The receipt that it replaces, where that is known: only it tells a renewal from a first yes. One that is not the
    /// replaced one, or of another visitor, tells nothing.
    pub before: Option<&'a Receipt>,
    /// Where the visitor can see and change the choice.
    pub exercised_at: &'a str,
    /// Its place in a public log; not part of what was sealed.
    pub log: Option<&'a LogPlace>,
}

/// Where a receipt stands in a log that others can check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPlace {
    /// The log's name, as its checkpoints say it.
    pub origin: String,
    /// The receipt's leaf index.
    pub index: u64,
    /// The proof that it is there, or its address.
    pub proof: String,
}

/// Why there is no such view.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ViewError {
    /// The notice is not the one whose hash the receipt names.
    #[error("the receipt does not answer this notice")]
    AnotherNotice,
    /// The notice asked for nothing.
    #[error("this receipt answers no question, so there is no consent to show in this view")]
    NothingAsked,
    /// Kantara's format has no word for it.
    #[error("Kantara's consent receipt can only say yes, and this receipt grants nothing; take view=dpv")]
    NothingGranted,
    /// What the standard demands and the notice leaves open.
    #[error("notice {number} does not say what this view must: {}", .keys.join(", "))]
    Incomplete {
        /// The notice.
        number: u32,
        /// The keys, as the operator writes them.
        keys: Vec<String>,
    },
    /// What was to be read is not a view of ours.
    #[error("this is not a receipt in this view: {0}")]
    Unreadable(String),
}

impl<'a> Sources<'a> {
    /// Refuses a notice other than the one that the receipt names.
    fn check(&self) -> Result<(), ViewError> {
        let Sources { receipt, notice, .. } = self;
        let asked = receipt.choices.keys().all(|id| notice.optional().any(|purpose| purpose.id == *id));
        let same = notice.number == receipt.notice.number
            && Notice::hash(&notice.canonical_json()) == receipt.notice.hash;
        if asked && same { Ok(()) } else { Err(ViewError::AnotherNotice) }
    }

    /// The purposes that were answered, each with the answer, in the notice's order.
    fn answered(&self) -> impl Iterator<Item = (&'a Purpose, bool)> {
        let choices = &self.receipt.choices;
        self.notice
            .optional()
            .filter_map(|purpose| choices.get(&purpose.id).map(|granted| (purpose, *granted)))
    }

    /// Refuses a notice that leaves open what both standards demand of the purposes in `named`.
    fn complete(
        &self,
        named: impl Iterator<Item = &'a Purpose>,
        also: Vec<&'static str>,
    ) -> Result<(), ViewError> {
        let mut keys: Vec<String> = also.into_iter().map(str::to_owned).collect();
        if self.notice.jurisdictions.is_empty() {
            keys.push("jurisdictions".to_owned());
        }
        for purpose in named {
            let open = [
                ("data", purpose.data.is_empty()),
                ("retention", purpose.retention.is_none()),
                ("storage_locations", purpose.storage_locations.is_empty()),
            ];
            let open = open.into_iter().filter(|(_, open)| *open);
            keys.extend(open.map(|(key, _)| format!("{key} of the purpose `{}`", purpose.id)));
        }
        if keys.is_empty() { Ok(()) } else { Err(ViewError::Incomplete { number: self.notice.number, keys }) }
    }

    /// What the replaced receipt said of a purpose.
    fn said_before(&self, purpose: &PurposeId) -> Option<bool> {
        let before = self.before.filter(|before| {
            self.receipt.replaces.as_ref() == Some(&before.decision)
                && self.receipt.visitor == before.visitor
                && self.receipt.site == before.site
        })?;
        before.choices.get(purpose).copied()
    }
}

/// Where it was decided and how, as both views say it: `preferences/custom`.
fn indication(receipt: &Receipt) -> String {
    let layer = LAYERS.get(usize::from(receipt.layer)).copied().unwrap_or("unknown");
    format!("{layer}/{}", receipt.method.as_str())
}

/// The layers by their numbers.
const LAYERS: [&str; 4] = ["unknown", "banner", "preferences", "placeholder"];

/// What a purpose is in DPV's terms, where the notice leaves that open: concluded from the ids that operators use most.
fn purpose_types(purpose: &Purpose) -> Vec<&str> {
    if !purpose.purpose_types.is_empty() {
        return purpose.purpose_types.iter().map(PurposeType::as_str).collect();
    }
    vec![match purpose.id.as_str() {
        _ if purpose.essential => "dpv:RequestedServiceProvision",
        "analytics" | "statistics" | "measurement" => "dpv:ServiceUsageAnalytics",
        "ads" | "advertising" => "dpv:Advertising",
        "marketing" => "dpv:Marketing",
        "preferences" | "personalisation" | "personalization" => "dpv:ServicePersonalisation",
        "embeds" | "maps" | "media" | "video" => "dpv:ServiceProvision",
        // Anything narrower would be a guess.
        _ => "dpv:Purpose",
    }]
}

#[cfg(test)]
mod tests;
