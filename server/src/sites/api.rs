//! Owns sites for programs: their addresses, and how they are listed.
//! Refuses to decide anything; the operations do.

use assent_shared::SiteId;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::fields::{Changes, NewSite};
use super::tag::{self, NewPin, Pin, TagReport};
use super::{Overview, SiteView, add, change, list, show};
use crate::answers;
use crate::error::{self, Error, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::numbers;
use crate::state::App;

/// Sites of one answer, where nobody says how many, and at most.
const USUAL: usize = 50;
const MOST: usize = 500;

/// A page of sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Sites {
    /// The sites, by id.
    pub items: Vec<SiteView>,
    /// Where the next page goes on, if there is one.
    pub next: Option<SiteId>,
}

/// The query of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SitesQuery {
    /// How many; 50 where it is not said.
    #[param(minimum = 1, maximum = 500)]
    #[serde(default, deserialize_with = "numbers::maybe")]
    limit: Option<usize>,
    /// The cursor: those after this id.
    after: Option<SiteId>,
}

/// The API's addresses.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_sites, create_site))
        .routes(routes!(get_site, change_site))
        .routes(routes!(get_tag_report))
        .routes(routes!(create_pin))
        .routes(routes!(delete_sightings))
}

/// The sites that exist for the caller.
#[utoipa::path(
    get,
    path = "/api/v1/sites",
    tag = "sites",
    params(SitesQuery),
    responses((status = 200, description = "The sites, by id", body = Sites))
)]
pub async fn get_sites(
    State(app): State<App>,
    ByKey(caller): ByKey,
    query: Result<Query<SitesQuery>, QueryRejection>,
) -> Result<Response> {
    let Query(SitesQuery { limit, after }) =
        query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::InvalidQuery(format!("`limit` is between 1 and {MOST}")));
    }
    let mut items: Vec<SiteView> = list(&app, &caller).await?;
    items.retain(|site| after.as_ref().is_none_or(|after| site.id > *after));
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|site| site.id.clone());
    answers::json(&Sites { items, next })
}

/// Adds a site.
#[utoipa::path(
    post,
    path = "/api/v1/sites",
    tag = "sites",
    request_body = NewSite,
    responses((status = 201, description = "It is added", body = SiteView))
)]
pub async fn create_site(
    State(app): State<App>,
    ByKey(caller): ByKey,
    JsonBody(new): JsonBody<NewSite>,
) -> Result<Response> {
    let site = add(&app, &caller, new).await?;
    Ok((error::created(true), answers::json(&site)?).into_response())
}

/// One site, and how it is going.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}",
    tag = "sites",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "The site", body = Overview))
)]
pub async fn get_site(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    headers: HeaderMap,
) -> Result<Response> {
    answers::json(&show(&app, &caller, &site, &tag::base(&app, &headers)).await?)
}

/// Changes a site's settings.
///
/// What is left out stays. The environment is fixed once there are receipts.
#[utoipa::path(
    patch,
    path = "/api/v1/sites/{site}",
    tag = "sites",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body = Changes,
    responses((status = 200, description = "The site as it is now", body = SiteView))
)]
pub async fn change_site(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    JsonBody(changes): JsonBody<Changes>,
) -> Result<Response> {
    answers::json(&change(&app, &caller, &site, changes).await?)
}

/// How a site's tag is embedded, and where it was seen.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/tag",
    tag = "sites",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "The lines to copy, and the origins whose pages asked for the tag", body = TagReport))
)]
pub async fn get_tag_report(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    headers: HeaderMap,
) -> Result<Response> {
    answers::json(&tag::report(&app, &caller, &site, &tag::base(&app, &headers)).await?)
}

/// Pins the tag as it is now.
///
/// Its bytes are kept for ever, so that a page can demand them by their hash (Subresource Integrity).
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site}/tag/pins",
    tag = "sites",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body = NewPin,
    responses(
        (status = 201, description = "It is pinned", body = Pin),
        (status = 200, description = "The same bytes were pinned before", body = Pin),
    )
)]
pub async fn create_pin(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    headers: HeaderMap,
    JsonBody(NewPin { locale }): JsonBody<NewPin>,
) -> Result<Response> {
    let (pin, new) = tag::pin(&app, &caller, &site, &locale, &tag::base(&app, &headers)).await?;
    Ok((error::created(new), answers::json(&pin)?).into_response())
}

/// Forgets where the tag was seen.
///
/// Whoever still asks for it is seen again.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site}/tag/sightings",
    tag = "sites",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 204, description = "They are forgotten"))
)]
pub async fn delete_sightings(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    tag::forget_sightings(&app, &caller, &site).await?;
    Ok(error::no_content())
}
