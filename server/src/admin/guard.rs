//! Owns the guard before the operator's pages: what changes something must come from one of them (no forgery across sites).
//! Refuses to look at who asks; that is the session's.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use crate::error::{Error, Result};
use crate::extract::is_from_here;

/// Lets reading through, and of writing only what our own pages sent.
pub(crate) async fn refuse_foreign(request: Request, next: Next) -> Result<Response> {
    if request.method().is_safe() || is_from_here(request.headers()) {
        return Ok(next.run(request).await);
    }
    Err(Error::ForeignRequest)
}
