//! Owns the addresses of exports in the background for programs.
//! Refuses to check anything by itself; the operations above do.

use assent_shared::SiteId;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Export, NewExport, file, list, make, one, remove};
use crate::access::Permission;
use crate::error::{self, Error, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::receipts::private_json;
use crate::receipts::query::{self, Paging};
use crate::state::App;

/// The addresses of exports in the background.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_exports, create_export))
        .routes(routes!(get_export, delete_export))
        .routes(routes!(get_export_file))
}

/// A page of exports.
#[derive(Serialize, utoipa::ToSchema)]
struct ExportPage {
    items: Vec<Export>,
    /// Goes into `after`, for the next page; nothing on the last.
    next: Option<String>,
}

/// A site's exports in the background, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/exports",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id"), Paging),
    responses((status = 200, description = "A page of them", body = ExportPage))
)]
async fn list_exports(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    let others = query::only(raw.as_deref(), &["limit", "after"])?;
    let at = (others.get("after").map(String::as_str), query::limit(&others)?);
    let (items, next) = list(&app, &caller, &site, at).await?;
    Ok(private_json(json!(ExportPage { items, next }).to_string()))
}

/// Asks for an export in the background.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site}/exports",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body = NewExport,
    responses((status = 201, description = "It waits for its turn", body = Export))
)]
async fn create_export(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    JsonBody(new): JsonBody<serde_json::Value>,
) -> Result<Response> {
    let export = make(&app, &caller, &site, &NewExport::read(new)?).await?;
    Ok((error::created(true), private_json(json!(export).to_string())).into_response())
}

impl NewExport {
    /// Reads a body; serde cannot refuse unknown fields where some are of another struct.
    fn read(value: serde_json::Value) -> Result<Self> {
        let known = ["format", "ledger", "from", "to", "notice", "method", "granted", "denied", "visitor"];
        if let Some(other) =
            value.as_object().and_then(|fields| fields.keys().find(|name| !known.contains(&name.as_str())))
        {
            return Err(Error::MalformedBody(format!("`{other}` is not part of an export")));
        }
        serde_json::from_value(value)
            .map_err(|error| Error::MalformedBody(format!("the body cannot be read: {error}")))
    }
}

/// How far an export is.
#[utoipa::path(
    get,
    operation_id = "get_background_export",
    path = "/api/v1/sites/{site}/exports/{export}",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id"), ("export" = String, Path, description = "The export's id")),
    responses((status = 200, description = "The export", body = Export))
)]
async fn get_export(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, id)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    Ok(private_json(json!(one(&app, &caller, &site, &id).await?).to_string()))
}

/// What became of an export.
#[derive(Serialize, utoipa::ToSchema)]
struct RemovedExport {
    /// Its id.
    removed: String,
}

/// Cancels an export, or removes its file.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site}/exports/{export}",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id"), ("export" = String, Path, description = "The export's id")),
    responses((status = 200, description = "It is cancelled or removed", body = RemovedExport))
)]
async fn delete_export(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, id)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    remove(&app, &caller, &site, &id).await?;
    Ok(private_json(json!(RemovedExport { removed: id }).to_string()))
}

/// The file of an export that is done.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/exports/{export}/file",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id"), ("export" = String, Path, description = "The export's id")),
    responses((
        status = 200,
        description = "The file, as it was asked for",
        content(
            (String = "text/csv"),
            (Object = "application/json"),
            (String = "application/jsonl"),
            (String = "application/sql"),
            (Vec<u8> = "application/x-tar"),
        ),
    ))
)]
async fn get_export_file(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, id)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    file(&app, &caller, &site, &id).await
}
