//! Owns how long a request may take until its answer begins.
//! Refuses to let one wait for ever for something behind the server that is frozen: what it holds is needed by others.

use std::time::Duration;

use axum::response::Response;

use crate::error::{Error, Result};

/// Far more than anything takes that goes well. What is sent after the answer has begun, as exports are, is not counted.
const PATIENCE: Duration = Duration::from_mins(1);

/// An answer in time, or the word that it is too busy.
pub(crate) async fn in_time(answer: impl Future<Output = Response>) -> Result<Response> {
    tokio::time::timeout(PATIENCE, answer).await.map_err(|_| Error::Busy)
}
