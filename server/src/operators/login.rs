//! Owns signing in: a password, then a code, each tried a few times at once and then slowly.
//! Refuses to tell an unknown e-mail address from a wrong password, by what is said or by how long it takes.

use axum::http::HeaderMap;

use super::{caller, known, totp};
use crate::access::Caller;
use crate::audit::{self, Action};
use crate::error::Result;
use crate::proxies::Visitor;
use crate::state::App;

/// Wrong codes after which the password is asked for again.
pub const WRONG_CODES: u8 = 5;

/// Whoever tries, as far as their request tells.
#[derive(Debug, Clone, Copy)]
pub struct From<'a> {
    /// From where.
    pub visitor: Visitor,
    /// What their browser sent along.
    pub headers: &'a HeaderMap,
}

/// Counts a try that is one too many.
fn counted(app: &App, tried: Result<()>) -> Result<()> {
    tried.inspect_err(|_| app.metrics.sign_ins.limited.add_one())
}

/// The id of the operator whose e-mail address and password these are.
pub async fn check_password(
    app: &App,
    email: &str,
    password: String,
    from: From<'_>,
) -> Result<Option<String>> {
    let email = email.trim().to_lowercase();
    counted(app, app.logins.check(Some((from.visitor.group(), &email))))?;
    let row = app.store.operator_by_email(&email).await?;
    let credentials = match &row {
        Some(row) => app.store.credentials(&row.operator).await?,
        None => None,
    };
    let known = row.as_ref().zip(credentials.as_ref()).is_some_and(|(row, credentials)| {
        known::is_known(from.headers, app.session_rules, &row.operator, &credentials.totp)
    });
    if !known {
        counted(app, app.strangers.check(Some(&email)))?;
    }
    let fits = app.passwords.verify(password, credentials.map(|known| known.password)).await?;
    let Some(row) = row else {
        app.metrics.sign_ins.wrong_password.add_one();
        return Ok(None);
    };
    if fits {
        return Ok(Some(row.operator));
    }
    app.metrics.sign_ins.wrong_password.add_one();
    // Beside the answer, because only operators who exist are written down, and that takes time.
    let (app, caller) = (app.clone(), Caller::new(row.email, Vec::new()));
    tokio::spawn(async move {
        if let Err(error) = audit::record(&app, &caller, Action::LoginRefused, None, "wrong password").await {
            tracing::warn!(%error, "a refused login could not be written down");
        }
    });
    Ok(None)
}

/// Whether that is a code of the operator's, taken for the first time. If so they are signed in, and the secret of their codes is
/// returned.
pub async fn check_code(app: &App, operator: &str, code: &str, from: From<'_>) -> Result<Option<String>> {
    counted(app, app.logins.check(Some((from.visitor.group(), operator))))?;
    let Some(row) = app.store.operator(operator).await? else { return Ok(None) };
    let Some(credentials) = app.store.credentials(operator).await? else { return Ok(None) };
    if !known::is_known(from.headers, app.session_rules, operator, &credentials.totp) {
        counted(app, app.strangers.check(Some(operator)))?;
    }
    let caller = caller(&row, &[]);
    let now = app.clock.now();
    let step = totp::step(&credentials.totp, code, now)?;
    let Some(step) = step.filter(|step| *step > credentials.totp_step) else {
        app.metrics.sign_ins.wrong_code.add_one();
        let why = if step.is_some() { "code used before" } else { "wrong code" };
        audit::record(app, &caller, Action::LoginRefused, None, why).await?;
        return Ok(None);
    };
    audit::record(app, &caller, Action::Login, None, "").await?;
    // Another request may have been quicker with the same code.
    if !app.store.take_step(operator, step).await? {
        app.metrics.sign_ins.wrong_code.add_one();
        return Ok(None);
    }
    app.store.note_login(operator, now).await?;
    app.metrics.sign_ins.done.add_one();
    Ok(Some(credentials.totp))
}

/// Writes down that somebody leaves.
pub async fn leave(app: &App, caller: &Caller) -> Result<()> {
    audit::record(app, caller, Action::Logout, None, "").await
}
