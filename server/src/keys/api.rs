//! Owns operator keys as programs see them: `/api/v1/keys`.
//! Refuses to decide anything; each handler is one of the operations.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{CreatedKey, KeyView, KeyWish};
use crate::answers;
use crate::error::{self, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::operators::Listed;
use crate::state::App;

/// The addresses.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list_keys, make_key)).routes(routes!(get_key, revoke_key))
}

/// The keys that the caller may manage, oldest first, without the keys themselves.
#[utoipa::path(
    get,
    path = "/api/v1/keys",
    tag = "keys",
    responses((status = 200, description = "The keys", body = Listed<KeyView>))
)]
async fn list_keys(State(app): State<App>, ByKey(caller): ByKey) -> Result<Response> {
    answers::json(&Listed::whole(super::list(&app, &caller).await?))
}

/// Makes a key that may no more than the caller.
///
/// It is shown only here.
#[utoipa::path(
    post,
    path = "/api/v1/keys",
    tag = "keys",
    request_body = KeyWish,
    responses((status = 201, description = "It is made", body = CreatedKey))
)]
async fn make_key(
    State(app): State<App>,
    ByKey(caller): ByKey,
    JsonBody(wish): JsonBody<KeyWish>,
) -> Result<Response> {
    let made = super::make(&app, &caller, wish).await?;
    Ok((error::created(true), answers::json(&made)?).into_response())
}

/// One key, without the key itself.
#[utoipa::path(
    get,
    path = "/api/v1/keys/{key_id}",
    tag = "keys",
    params(("key_id" = String, Path, description = "The key's id, from the list")),
    responses((status = 200, description = "The key", body = KeyView))
)]
async fn get_key(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(key_id): PathOf<String>,
) -> Result<Response> {
    answers::json(&super::get(&app, &caller, &key_id).await?)
}

/// Makes a key stop working, at once and for ever.
#[utoipa::path(
    delete,
    path = "/api/v1/keys/{key_id}",
    tag = "keys",
    params(("key_id" = String, Path, description = "The key's id, from the list")),
    responses((status = 204, description = "It has stopped working"))
)]
async fn revoke_key(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(key_id): PathOf<String>,
) -> Result<Response> {
    super::revoke(&app, &caller, &key_id).await?;
    Ok(error::no_content())
}
