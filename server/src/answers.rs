//! Owns the forms in which answers to operators' programs leave: JSON, and files to be saved.
//! Refuses to be kept by anybody on the way: what an operator reads is theirs alone.

use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::error::{Error, Result};

/// A value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<Response> {
    let body = serde_json::to_vec(value).map_err(|error| Error::Internal(format!("an answer: {error}")))?;
    Ok(text("application/json", body))
}

/// A text of some type.
pub(crate) fn text(content_type: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A text as a file of that name, which is plain ASCII.
pub(crate) fn file(content_type: &'static str, name: &str, body: impl IntoResponse) -> Response {
    let mut response = text(content_type, body);
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, name);
    }
    response
}
