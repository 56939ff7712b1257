//! Owns the catalogue for programs: the services as a list, and one by its id.
//! Refuses to hide any of it: what vendors say of themselves is no secret, so any key will do.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Service, all, find};
use crate::answers;
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::numbers;
use crate::state::App;

/// Services of one answer, where nobody says how many, and at most.
const USUAL: usize = 50;
const MOST: usize = 500;

/// A page of services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Services {
    /// The services, by id.
    items: Vec<&'static Service>,
    /// Where the next page goes on, if there is one.
    next: Option<&'static str>,
}

/// The query of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ServicesQuery {
    /// How many; 50 where it is not said.
    #[param(minimum = 1, maximum = 500)]
    #[serde(default, deserialize_with = "numbers::maybe")]
    limit: Option<usize>,
    /// The cursor: those after this id.
    after: Option<String>,
}

/// The API's addresses.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_services)).routes(routes!(get_service))
}

/// The services that the catalogue knows.
#[utoipa::path(
    get,
    path = "/api/v1/services",
    tag = "notices",
    params(ServicesQuery),
    responses((status = 200, description = "The services, by id", body = Services))
)]
pub(crate) async fn get_services(
    ByKey(_): ByKey,
    query: std::result::Result<Query<ServicesQuery>, QueryRejection>,
) -> Result<Response> {
    let Query(ServicesQuery { limit, after }) =
        query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::InvalidQuery(format!("`limit` is between 1 and {MOST}")));
    }
    let mut items: Vec<_> =
        all().iter().filter(|service| after.as_deref().is_none_or(|after| service.id > after)).collect();
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|service| service.id);
    answers::json(&Services { items, next })
}

/// One service: what it keeps in browsers, whose it is, and how it is held.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}",
    tag = "notices",
    params(("service" = String, Path, description = "The service's id")),
    responses((status = 200, description = "The service", body = Service))
)]
pub(crate) async fn get_service(ByKey(_): ByKey, PathOf(id): PathOf<String>) -> Result<Response> {
    answers::json(find(&id).ok_or(Error::NotFound)?)
}
