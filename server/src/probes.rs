//! Owns what a supervisor asks: does the process live, and can it record.
//! Refuses to be slow: the readiness probe gives the database two seconds.

use std::time::Duration;

use axum::extract::State;

use crate::error::{Error, Result};
use crate::state::App;

/// `GET /healthz`: the process answers.
pub async fn get_health() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: the database answers, so decisions can be recorded; otherwise 503.
pub async fn get_readiness(State(app): State<App>) -> Result<&'static str> {
    tokio::time::timeout(Duration::from_secs(2), app.store.ping()).await.map_err(|_| Error::Busy)??;
    Ok("ready\n")
}
