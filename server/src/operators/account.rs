//! Owns what operators change of their own: name, password, secret, sessions.
//! Refuses a new password or secret to whoever cannot give the present password.

use super::sessions::hash;
use super::{checked_name, password, totp};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::extract::SignedIn;
use crate::state::App;
use crate::store::Ending;

/// Changes how colleagues know them.
pub async fn change_name(app: &App, own: &SignedIn, name: &str) -> Result<()> {
    let name = checked_name(name)?;
    audit::record(app, &own.caller, Action::AccountName, None, &name).await?;
    Ok(app.store.rename_operator(&own.row.operator, &name).await?)
}

/// Changes their password, and ends their other sessions.
pub async fn change_password(app: &App, own: &SignedIn, present: String, new: String) -> Result<()> {
    check_present(app, own, present).await?;
    password::check(&new, &[&own.row.email, &own.row.name])
        .map_err(|wrong| Error::invalid("new_password", wrong))?;
    audit::record(app, &own.caller, Action::AccountPassword, None, "").await?;
    let hash = app.passwords.hash(new).await?;
    app.store.set_password(&own.row.operator, &hash).await?;
    end_own_sessions(app, own, None).await
}

/// Replaces the secret of their codes with one of which they have given a code, and ends their other sessions.
pub async fn change_totp(app: &App, own: &SignedIn, present: String, secret: &str, code: &str) -> Result<()> {
    check_present(app, own, present).await?;
    let step = totp::step(secret, code, app.clock.now())?.ok_or_else(|| {
        Error::invalid(
            "code",
            "This is not the code of now. Wait for the next one, and check the device's clock.",
        )
    })?;
    audit::record(app, &own.caller, Action::AccountCodes, None, "").await?;
    app.store.set_totp(&own.row.operator, secret, step).await?;
    end_own_sessions(app, own, None).await
}

/// Ends one of their sessions, or all but this one.
pub async fn end_own_sessions(app: &App, own: &SignedIn, one: Option<&str>) -> Result<()> {
    let this = own.session.id().map(hash).unwrap_or_default();
    let which = one.map_or(Ending::AllBut(&this), Ending::Only);
    audit::record(app, &own.caller, Action::SessionEnd, None, &own.row.email).await?;
    app.store.end_sessions_of(&own.row.operator, which).await?;
    Ok(())
}

async fn check_present(app: &App, own: &SignedIn, present: String) -> Result<()> {
    // Under another name than at the login, so that nobody who guesses there holds them up here.
    app.logins.check(Some(("account", &own.row.operator)))?;
    let known = app.store.credentials(&own.row.operator).await?.map(|known| known.password);
    if app.passwords.verify(present, known).await? {
        return Ok(());
    }
    Err(Error::invalid("password", "This is not your present password."))
}
