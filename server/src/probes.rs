//! Owns what a supervisor asks: does the process live, and can it record; if not, why, in one line.
//! Refuses to be slow, to say anything internal, and to take a server out of service for one site of several.

use axum::extract::State;

use crate::error::{Error, Result};
use crate::sealer::Refusal;
use crate::state::App;

/// `GET /healthz`: the process answers.
pub async fn get_health() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: decisions can be recorded; otherwise 503, and the one line says why not.
///
/// Where a ledger takes nothing until the operator has looked at it, the line names its site. That is 503 only where no site is left
/// that records: every server on the database would say the same, and none would be left for the other sites.
pub async fn get_readiness(State(app): State<App>) -> Result<String> {
    app.store.readiness().await.map_err(Error::NotReady)?;
    let refusals = app.store.present_refusals().await?;
    let Some(first) = refusals.first() else { return Ok("ready\n".to_owned()) };
    let sites = app.store.sites().await?;
    let line = match first {
        // The same key signs for all.
        Refusal::NoKeys(_) => return Err(Error::NotSigning("the signing keys cannot be read".to_owned())),
        _ => {
            let names: Vec<String> =
                refusals.iter().filter_map(Refusal::site).map(|site| format!("`{site}`")).collect();
            format!("nothing is signed for {}; `assent ledger status` says why", names.join(", "))
        }
    };
    if refusals.len() >= sites.len() {
        Err(Error::NotSigning(line))
    } else {
        Ok(format!("ready, but {line}\n"))
    }
}
