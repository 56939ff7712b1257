//! Owns operators as programs see them: `/api/v1/operators`.
//! Refuses to decide anything; each handler is one of the operations.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, routing};
use serde::{Deserialize, Serialize};

use super::{Operator, SessionView};
use crate::answers;
use crate::error::{self, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::state::App;
use crate::store::{Ending, RoleOn};

/// The addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/operators", get(list_operators).post(invite_operator))
        .route("/api/v1/operators/{operator}", get(get_operator))
        .route("/api/v1/operators/{operator}/roles", routing::put(set_operator_roles))
        .route("/api/v1/operators/{operator}/disable", post(disable_operator))
        .route("/api/v1/operators/{operator}/enable", post(enable_operator))
        .route("/api/v1/operators/{operator}/reset", post(reset_operator))
        .route("/api/v1/operators/{operator}/sessions", get(list_sessions).delete(end_sessions))
        .route("/api/v1/operators/{operator}/sessions/{session}", routing::delete(end_session))
}

/// A list as a whole: there are never so many that it would be read in pages.
#[derive(Debug, Serialize)]
pub(crate) struct Listed<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl<T> Listed<T> {
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Somebody to invite.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    email: String,
    roles: Vec<RoleOn>,
}

/// An operator with a link that lets them in; it is shown this once.
#[derive(Debug, Serialize)]
pub(super) struct Invited {
    #[serde(flatten)]
    operator: Operator,
    link: String,
}

/// A link that lets an operator in; it is shown this once.
#[derive(Debug, Serialize)]
pub(super) struct WayIn {
    link: String,
}

/// What an operator may.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roles {
    roles: Vec<RoleOn>,
}

/// `GET /api/v1/operators`
async fn list_operators(State(app): State<App>, ByKey(caller): ByKey) -> Result<Response> {
    answers::json(&Listed::whole(super::list(&app, &caller).await?))
}

/// `POST /api/v1/operators`
async fn invite_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    JsonBody(Invitation { email, roles }): JsonBody<Invitation>,
) -> Result<Response> {
    let (operator, link) = super::invite(&app, &caller, &email, roles).await?;
    Ok((error::created(true), answers::json(&Invited { operator, link })?).into_response())
}

/// `GET /api/v1/operators/{operator}`
async fn get_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    answers::json(&super::get(&app, &caller, &operator).await?)
}

/// `PUT /api/v1/operators/{operator}/roles`
async fn set_operator_roles(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
    JsonBody(Roles { roles }): JsonBody<Roles>,
) -> Result<Response> {
    answers::json(&super::set_roles(&app, &caller, &operator, roles).await?)
}

/// `POST /api/v1/operators/{operator}/disable`
async fn disable_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    super::disable(&app, &caller, &operator).await?;
    answers::json(&super::get(&app, &caller, &operator).await?)
}

/// `POST /api/v1/operators/{operator}/enable`
async fn enable_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    super::enable(&app, &caller, &operator).await?;
    answers::json(&super::get(&app, &caller, &operator).await?)
}

/// `POST /api/v1/operators/{operator}/reset`
async fn reset_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    answers::json(&WayIn { link: super::reset(&app, &caller, &operator).await? })
}

/// `GET /api/v1/operators/{operator}/sessions`
async fn list_sessions(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    let sessions: Vec<SessionView> = super::sessions(&app, &caller, &operator).await?;
    answers::json(&Listed::whole(sessions))
}

/// `DELETE /api/v1/operators/{operator}/sessions`
async fn end_sessions(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    super::end_sessions(&app, &caller, &operator, Ending::All).await?;
    Ok(error::no_content())
}

/// `DELETE /api/v1/operators/{operator}/sessions/{session}`
async fn end_session(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((operator, session)): PathOf<(String, String)>,
) -> Result<Response> {
    super::end_sessions(&app, &caller, &operator, Ending::Only(&session)).await?;
    Ok(error::no_content())
}
