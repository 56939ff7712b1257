//! Owns the versions' addresses for programs: the list, one as a file, and two laid beside each other.
//! Refuses nothing of its own; it says what `versions.rs` finds.

use assent_shared::{PurposeId, SiteId};
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::{Version, compare, file, list, notice};
use crate::answers;
use crate::drafts::{Format, FormatQuery, query};
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::notices::difference::Change;
use crate::notices::lint::Override;
use crate::state::App;

/// How many versions a list has where nobody says it, and at most.
const LIMITS: (u32, u32) = (50, 500);

/// The versions' addresses under `/api/v1`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/sites/{site}/notices", get(list_notices))
        .route("/api/v1/sites/{site}/notices/{number}", get(get_notice))
        .route("/api/v1/sites/{site}/notices/{old}/compare/{new}", get(compare_notices))
}

/// The query of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    limit: Option<u32>,
    after: Option<u32>,
}

/// A page of a list.
#[derive(Debug, Serialize)]
pub(crate) struct Page<T> {
    items: Vec<T>,
    next: Option<u32>,
}

/// A version as programs read it.
#[derive(Debug, Serialize)]
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
#[derive(Debug, Serialize)]
pub(crate) struct CompareAnswer {
    old: u32,
    new: u32,
    changes: Vec<Change>,
}

/// `GET /api/v1/sites/{site}/notices`
pub async fn list_notices(
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
    answers::json(&Page { items: versions.into_iter().map(VersionAnswer::from).collect(), next })
}

/// `GET /api/v1/sites/{site}/notices/{number}`
pub async fn get_notice(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, number)): PathOf<(SiteId, u32)>,
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

/// `GET /api/v1/sites/{site}/notices/{old}/compare/{new}`
pub async fn compare_notices(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, old, new)): PathOf<(SiteId, u32, u32)>,
) -> Result<Response> {
    let changes = compare(&app, &caller, &site, old, new).await?;
    answers::json(&CompareAnswer { old, new, changes })
}
