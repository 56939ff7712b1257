//! Owns how long a request may take until its answer begins.
//! Refuses to let one wait for ever for something behind the server that is frozen: what it holds is needed by others.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::error::Error;

/// Far more than anything takes that goes well. What is sent after the answer has begun, as exports are, is not counted.
const PATIENCE: Duration = Duration::from_mins(1);

/// Answers in time, or says that it is too busy.
pub(crate) async fn answer_in_time(request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(PATIENCE, next.run(request)).await;
    answer.unwrap_or_else(|_| Error::Busy.into_response())
}
