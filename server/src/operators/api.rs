//! Owns operators as programs see them: `/api/v1/operators`.
//! Refuses to decide anything; each handler is one of the operations.

use assent_shared::Problem;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Operator, SessionView};
use crate::answers;
use crate::error::{self, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::state::App;
use crate::store::{Ending, RoleOn};

/// The addresses.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_operators, invite_operator))
        .routes(routes!(get_operator))
        .routes(routes!(set_operator_roles))
        .routes(routes!(disable_operator))
        .routes(routes!(enable_operator))
        .routes(routes!(reset_operator))
        .routes(routes!(list_sessions, end_sessions))
        .routes(routes!(end_session))
}

/// A list as a whole: there are never so many that it would be read in pages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// All of them.
    items: Vec<T>,
    /// Always null.
    next: Option<String>,
}

impl<T> Listed<T> {
    pub(crate) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    email: String,
    roles: Vec<RoleOn>,
}

/// An operator with a link that lets them in; it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Invited {
    #[serde(flatten)]
    operator: Operator,
    link: String,
}

/// A link that lets an operator in; it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WayIn {
    link: String,
}

/// What an operator may.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRoles {
    roles: Vec<RoleOn>,
}

/// Every operator, by e-mail address.
#[utoipa::path(
    get,
    path = "/api/v1/operators",
    tag = "operators",
    responses((status = 200, description = "The operators", body = Listed<Operator>))
)]
async fn list_operators(State(app): State<App>, ByKey(caller): ByKey) -> Result<Response> {
    answers::json(&Listed::whole(super::list(&app, &caller).await?))
}

/// Invites somebody.
///
/// The link lets them in, once and for a day; it is shown only here. Their roles are of one site each, or of all.
#[utoipa::path(
    post,
    path = "/api/v1/operators",
    tag = "operators",
    request_body = Invitation,
    responses((status = 201, description = "They are invited", body = Invited))
)]
async fn invite_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    JsonBody(Invitation { email, roles }): JsonBody<Invitation>,
) -> Result<Response> {
    let (operator, link) = super::invite(&app, &caller, &email, roles).await?;
    Ok((error::created(true), answers::json(&Invited { operator, link })?).into_response())
}

/// One operator.
#[utoipa::path(
    get,
    path = "/api/v1/operators/{operator}",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    responses((status = 200, description = "The operator", body = Operator))
)]
async fn get_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    answers::json(&super::get(&app, &caller, &operator).await?)
}

/// Replaces what an operator may.
#[utoipa::path(
    put,
    path = "/api/v1/operators/{operator}/roles",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    request_body = NewRoles,
    responses((status = 200, description = "They are so now", body = Operator), (status = 409, description = "This is the last owner", body = Problem, content_type = "application/problem+json"))
)]
async fn set_operator_roles(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
    JsonBody(NewRoles { roles }): JsonBody<NewRoles>,
) -> Result<Response> {
    answers::json(&super::set_roles(&app, &caller, &operator, roles).await?)
}

/// Keeps an operator out.
///
/// Their sessions end at once. Keys that they made go on working.
#[utoipa::path(
    post,
    path = "/api/v1/operators/{operator}/disable",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    responses((status = 200, description = "They are kept out now", body = Operator), (status = 409, description = "This is the last owner", body = Problem, content_type = "application/problem+json"))
)]
async fn disable_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    super::disable(&app, &caller, &operator).await?;
    answers::json(&super::get(&app, &caller, &operator).await?)
}

/// Lets an operator in again.
#[utoipa::path(
    post,
    path = "/api/v1/operators/{operator}/enable",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    responses((status = 200, description = "They can sign in again", body = Operator))
)]
async fn enable_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    super::enable(&app, &caller, &operator).await?;
    answers::json(&super::get(&app, &caller, &operator).await?)
}

/// A link by which an operator comes in with a new password and new codes.
///
/// It works once and for a day, and is shown only here; the old password works until it is used.
#[utoipa::path(
    post,
    path = "/api/v1/operators/{operator}/reset",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    responses((status = 200, description = "The link", body = WayIn), (status = 409, description = "They are kept out", body = Problem, content_type = "application/problem+json"))
)]
async fn reset_operator(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    answers::json(&WayIn { link: super::reset(&app, &caller, &operator).await? })
}

/// An operator's sessions, the last used first.
#[utoipa::path(
    get,
    path = "/api/v1/operators/{operator}/sessions",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    responses((status = 200, description = "The sessions", body = Listed<SessionView>))
)]
async fn list_sessions(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    let sessions: Vec<SessionView> = super::sessions(&app, &caller, &operator).await?;
    answers::json(&Listed::whole(sessions))
}

/// Ends all of an operator's sessions.
#[utoipa::path(
    delete,
    path = "/api/v1/operators/{operator}/sessions",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id")),
    responses((status = 204, description = "They have ended"))
)]
async fn end_sessions(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(operator): PathOf<String>,
) -> Result<Response> {
    super::end_sessions(&app, &caller, &operator, Ending::All).await?;
    Ok(error::no_content())
}

/// Ends one of an operator's sessions.
#[utoipa::path(
    delete,
    path = "/api/v1/operators/{operator}/sessions/{session}",
    tag = "operators",
    params(("operator" = String, Path, description = "The operator's id"), ("session" = String, Path, description = "The session's id, from the list")),
    responses((status = 204, description = "It has ended"))
)]
async fn end_session(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((operator, session)): PathOf<(String, String)>,
) -> Result<Response> {
    super::end_sessions(&app, &caller, &operator, Ending::Only(&session)).await?;
    Ok(error::no_content())
}
