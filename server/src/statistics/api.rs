//! Owns the statistics for programs: their address, and their query.
//! Refuses to compute; the operation does.

use assent_shared::SiteId;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Statistics, days, download, read};
use crate::access::Permission;
use crate::answers;
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::state::App;
use crate::store::By;

/// How statistics are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One object.
    #[default]
    Json,
    /// One row a part, for spreadsheets (RFC 4180).
    Csv,
}

/// The query of statistics.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StatisticsQuery {
    /// From the day of this time on (UTC); thirty days where it is not said.
    from: Option<String>,
    /// Before this time; a day that had begun by then counts as a whole. Until today where it is not said.
    to: Option<String>,
    /// What the parts are.
    #[serde(default)]
    #[param(inline)]
    by: By,
    /// How they are written; a file is written down in the audit log.
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// The API's addresses.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_statistics))
}

/// How often notices were shown, and how they were answered.
///
/// Sums of whole days (UTC), counted without identifiers and never computed from receipts. The displays are the denominator;
/// `ignored` is the displays less the answers, and never below zero.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/statistics",
    tag = "statistics",
    params(("site" = SiteId, Path, description = "The site's id"), StatisticsQuery),
    responses((
        status = 200,
        description = "The statistics",
        content((Statistics = "application/json"), (String = "text/csv")),
    ))
)]
pub async fn get_statistics(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<StatisticsQuery>, QueryRejection>,
) -> Result<Response> {
    // Who may see nothing of the site is told nothing of their query either.
    caller.require(Permission::ReadStatistics, &site)?;
    let Query(query) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let days = days(query.from.as_deref(), query.to.as_deref(), app.clock.now())?;
    match query.format {
        Format::Json => answers::json(&read(&app, &caller, &site, days, query.by).await?),
        Format::Csv => download(&app, &caller, &site, days, query.by).await,
    }
}
