//! Owns the versions' addresses for programs: the list, one as a file, and two laid beside each other.
//! Refuses nothing of its own; it says what `versions.rs` finds.

use assent_shared::{PurposeId, SiteId};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Version, compare, file, list, notice};
use crate::answers;
use crate::drafts::{Format, FormatQuery, query};
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::notices::difference::Change;
use crate::notices::lint::Override;
use crate::numbers::{self, Number};
use crate::state::App;

/// How many versions a list has where nobody says it, and at most.
const LIMITS: (u32, u32) = (50, 500);

/// The versions' addresses under `/api/v1`.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(get_notice))
        .routes(routes!(compare_notices))
}

/// The query of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    #[serde(default, deserialize_with = "numbers::maybe")]
    limit: Option<u32>,
    #[serde(default, deserialize_with = "numbers::maybe")]
    after: Option<u32>,
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionPage {
    items: Vec<VersionAnswer>,
    next: Option<u32>,
}

/// A version as programs read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionAnswer {
    number: u32,
    hash: String,
    published_at: i64,
    published_by: Option<String>,
    asked_again: Vec<PurposeId>,
    overrides: Vec<Override>,
    note: Option<String>,
    differences: usize,
}

impl From<Version> for VersionAnswer {
    fn from(version: Version) -> Self {
        let Version { number, hash, published_at, published_by, asked_again, overrides, note, differences } =
            version;
        Self { number, hash, published_at, published_by, asked_again, overrides, note, differences }
    }
}

/// The differences between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompareAnswer {
    old: u32,
    new: u32,
    changes: Vec<Change>,
}

/// The versions, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/notices",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"), ListQuery),
    responses((status = 200, description = "A page of them", body = VersionPage))
)]
pub(crate) async fn list_notices(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    asked: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Response> {
    let ListQuery { limit, after } = query(asked)?;
    let limit = limit.unwrap_or(LIMITS.0);
    if !(1..=LIMITS.1).contains(&limit) {
        return Err(Error::InvalidQuery(format!("`limit` is from 1 to {}", LIMITS.1)));
    }
    let (versions, next) = list(&app, &caller, &site, after, limit).await?;
    answers::json(&VersionPage { items: versions.into_iter().map(VersionAnswer::from).collect(), next })
}

/// One version: the bytes that are hashed, or the file that publishes it anew.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/notices/{number}",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"), ("number" = u32, Path, description = "The notice's number"), FormatQuery),
    responses((status = 200, description = "The notice", content((Object = "application/json"), (String = "application/toml"))))
)]
pub(crate) async fn get_notice(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, Number(number))): PathOf<(SiteId, Number<u32>)>,
    asked: Result<Query<FormatQuery>, QueryRejection>,
) -> Result<Response> {
    let FormatQuery { format } = query(asked)?;
    match format {
        // The bytes that are hashed.
        Format::Json => {
            let notice = notice(&app, &caller, &site, number).await?;
            Ok(answers::text("application/json", notice.canonical_json()))
        }
        Format::Toml => {
            let file = file(&app, &caller, &site, number).await?;
            let name = format!("{site}-notice-{number}.toml");
            Ok(answers::file("application/toml", &name, file.to_toml()))
        }
    }
}

/// What differs between two versions.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/notices/{old}/compare/{new}",
    tag = "notices",
    params(("site" = SiteId, Path, description = "The site's id"),
        ("old" = u32, Path, description = "The older notice's number"),
        ("new" = u32, Path, description = "The newer one's"),
    ),
    responses((status = 200, description = "The differences", body = CompareAnswer))
)]
pub(crate) async fn compare_notices(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, Number(old), Number(new))): PathOf<(SiteId, Number<u32>, Number<u32>)>,
) -> Result<Response> {
    let changes = compare(&app, &caller, &site, old, new).await?;
    answers::json(&CompareAnswer { old, new, changes })
}
