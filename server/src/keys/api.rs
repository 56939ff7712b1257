//! Owns operator keys as programs see them: `/api/v1/keys`.
//! Refuses to decide anything; each handler is one of the operations.

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::KeyWish;
use crate::answers;
use crate::error::{self, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::operators::Listed;
use crate::state::App;

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/keys", get(list_keys).post(make_key))
        .route("/api/v1/keys/{key_id}", get(get_key).delete(revoke_key))
}

/// `GET /api/v1/keys`
async fn list_keys(State(app): State<App>, ByKey(caller): ByKey) -> Result<Response> {
    answers::json(&Listed::whole(super::list(&app, &caller).await?))
}

/// `POST /api/v1/keys`
async fn make_key(
    State(app): State<App>,
    ByKey(caller): ByKey,
    JsonBody(wish): JsonBody<KeyWish>,
) -> Result<Response> {
    let made = super::make(&app, &caller, wish).await?;
    Ok((error::created(true), answers::json(&made)?).into_response())
}

/// `GET /api/v1/keys/{key_id}`
async fn get_key(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(key_id): PathOf<String>,
) -> Result<Response> {
    answers::json(&super::get(&app, &caller, &key_id).await?)
}

/// `DELETE /api/v1/keys/{key_id}`
async fn revoke_key(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(key_id): PathOf<String>,
) -> Result<Response> {
    super::revoke(&app, &caller, &key_id).await?;
    Ok(error::no_content())
}
