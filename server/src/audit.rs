//! Owns the audit log: who did or saw what, when, and on which site.
//! Refuses to let anything be done or shown that it cannot write down first.

mod export;
mod list;

use assent_shared::SiteId;
use assent_shared::ledger::AuditEntry;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Caller;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::AppendError;

pub(crate) use export::answer;
pub use export::{AuditFormat, Wanted, begin_export, keys};
pub use list::{AuditQuery, Entry, Page, list, names, selection};

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
    /// Somebody signed in.
    Login,
    /// A wrong password or code for an operator who exists.
    LoginRefused,
    /// Somebody signed out.
    Logout,
    /// A link for somebody new.
    OperatorInvite,
    /// Somebody came in by their link, with a new password and a new secret.
    OperatorArrive,
    /// What an operator may.
    OperatorRoles,
    /// An operator is kept out.
    OperatorDisable,
    /// An operator is let in again.
    OperatorEnable,
    /// A link by which an operator comes in again.
    OperatorReset,
    /// Sessions of an operator are ended by hand.
    SessionEnd,
    /// An operator's own name.
    AccountName,
    /// An operator's own password.
    AccountPassword,
    /// The secret of an operator's own codes.
    AccountCodes,
    /// A key for programs.
    KeyMake,
    /// A key stops working.
    KeyRevoke,
    /// The audit log was looked at.
    AuditView,
    /// The audit log was taken away as a file.
    AuditExport,
    /// The audit log was begun anew, because the database was behind what was published.
    AuditResume,
    /// The same of a site's ledger.
    LedgerResume,
    /// A new key signs the ledgers.
    SigningKeyAdd,
    /// What is stored was asked for.
    DataView,
    /// A file that was made before.
    ExportFetch,
    /// An export is cancelled, or its file removed.
    ExportRemove,
    /// A new site.
    SiteAdd,
    /// A site's settings.
    SiteChange,
    /// Statistics as a file.
    StatisticsExport,
    /// A tag whose bytes are kept.
    TagPin,
    /// Where a tag was seen, forgotten.
    SightingsForget,
    /// A copy of everything.
    BackupMake,
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
            Self::DraftSave => "draft.save",
            Self::DraftDiscard => "draft.discard",
            Self::NoticePublish => "notice.publish",
            Self::NoticeSchedule => "notice.schedule",
            Self::NoticeCancel => "notice.cancel",
            Self::Login => "operator.login",
            Self::LoginRefused => "operator.login_refused",
            Self::Logout => "operator.logout",
            Self::OperatorInvite => "operator.invite",
            Self::OperatorArrive => "operator.arrive",
            Self::OperatorRoles => "operator.roles",
            Self::OperatorDisable => "operator.disable",
            Self::OperatorEnable => "operator.enable",
            Self::OperatorReset => "operator.reset",
            Self::SessionEnd => "session.end",
            Self::AccountName => "account.name",
            Self::AccountPassword => "account.password",
            Self::AccountCodes => "account.codes",
            Self::KeyMake => "key.make",
            Self::KeyRevoke => "key.revoke",
            Self::AuditView => "audit.view",
            Self::AuditExport => "audit.export",
            Self::AuditResume => "audit.resume",
            Self::LedgerResume => "ledger.resume",
            Self::SigningKeyAdd => "signing_key.add",
            Self::DataView => "data.view",
            Self::ExportFetch => "export.fetch",
            Self::ExportRemove => "export.remove",
            Self::SiteAdd => "site.add",
            Self::SiteChange => "site.change",
            Self::StatisticsExport => "statistics.export",
            Self::TagPin => "tag.pin",
            Self::SightingsForget => "sightings.forget",
            Self::BackupMake => "backup.make",
        }
    }
}

/// Its addresses for programs.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::get_audit)).routes(routes!(export::get_audit_export))
}

/// The name of the log's ledger where it has none yet: an address of this installation, but nothing that is published.
#[must_use]
pub fn origin(public_url: Option<&str>) -> String {
    let host = public_url.and_then(|url| Some(url.split_once("://")?.1.trim_end_matches('/')));
    host.map_or_else(|| "assent.audit".to_owned(), |host| format!("{host}/_assent/audit"))
}

/// Writes down that `caller` is about to do `action`, on a site if it concerns one. Durable when this returns. `about` is for
/// people: an id, a filter, an e-mail address; never a password, a key, a token or an address of a machine.
pub async fn record(
    app: &App,
    caller: &Caller,
    action: Action,
    site: Option<&SiteId>,
    about: impl Into<String>,
) -> Result<()> {
    let entry = AuditEntry {
        about: about.into(),
        action: action.name().to_owned(),
        actor: caller.name.clone(),
        at: app.clock.now(),
        site: site.cloned(),
        version: 1,
    };
    app.store.append_audit(&origin(app.public_url.as_deref()), &entry).await.map_err(|error| match error {
        AppendError::Refused(refusal) => Error::AuditClosed(refusal),
        AppendError::Store(error) => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_name_is_an_address_without_its_scheme() {
        assert_eq!(origin(None), "assent.audit");
        assert_eq!(origin(Some("https://consent.example/")), "consent.example/_assent/audit");
        assert_eq!(origin(Some("http://localhost:8080")), "localhost:8080/_assent/audit");
    }
}
