//! Owns the interface for programs: every address of it by one list, and the OpenAPI document that the same list makes.
//! Refuses a route without a description: a handler's `#[utoipa::path]` is the only way to its address.
//!
//! A resource has `pub fn routes() -> OpenApiRouter<App>` with `.routes(routes!(get_it, put_it))` for each address, and is merged
//! below. The handler says `#[utoipa::path(get, path = "…", tag = "…", params(…), responses((status = 200, …)))]`; the tags are
//! `document::CHAPTERS`, the doc comment's first line is the summary. Keys and failures that all share are added by `document.rs`.

mod document;
pub(crate) mod read;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use assent_shared::Receipt;
use axum::Router;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use crate::notices::catalogue;
use crate::serve_file::Precompressed;
use crate::state::App;
use crate::statistics::{self, shown};
use crate::{
    affected, audit, data, decisions, drafts, export, exports, keys, me, operators, publish, publishing,
    receipts, sites, versions,
};

/// What programs of operators may ask: everything under `/api/v1`.
fn for_operators() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_document))
        .routes(routes!(export::get_export))
        .merge(drafts::routes())
        .merge(publishing::routes())
        .merge(versions::routes())
        .merge(receipts::routes())
        .merge(affected::routes())
        .merge(exports::routes())
        .merge(operators::routes())
        .merge(keys::routes())
        .merge(audit::routes())
        .merge(catalogue::routes())
        .merge(data::routes())
        .merge(sites::api::routes())
        .merge(statistics::api::routes())
}

/// What the pages of a site ask for their visitors.
fn visitors() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(with_options(routes!(decisions::create_decision)))
        .routes(with_options(routes!(shown::count_display)))
        // Their own records; the choice that holds is not among them.
        .routes(with_options(routes!(me::get_records)))
        .routes(with_options(routes!(me::get_receipts)))
        .routes(with_options(routes!(me::erase_records)))
}

/// OPTIONS is named so that the CORS layer sees it; what is not a preflight gets an empty answer.
fn with_options((schemas, paths, methods): UtoipaMethodRouter<App>) -> UtoipaMethodRouter<App> {
    (schemas, paths, methods.options(async || ()))
}

/// The routes under `/api/v1`.
pub fn operator_routes() -> Router<App> {
    for_operators().into()
}

/// The routes that a site's pages call from another host, still without their CORS layer.
pub fn visitor_routes() -> Router<App> {
    visitors().into()
}

/// A receipt with what proves it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealedReceipt {
    /// The receipt, byte for byte as it is stored.
    receipt: Receipt,
    /// What opens the leaf's commitment, in base64.
    salt: String,
    /// Its place in the ledger under a signed checkpoint (C2SP tlog-proof).
    proof: String,
}

/// A visitor's own receipts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Download {
    /// `assent.receipts.v1`
    format: String,
    /// The ledger's verifier key.
    key: String,
    /// Those of the ledgers that ended, where a receipt is in one.
    former_keys: Vec<String>,
    /// Newest first.
    receipts: Vec<SealedReceipt>,
    /// The notices that the receipts name, by their numbers.
    #[schema(value_type = BTreeMap<String, Object>)]
    notices: BTreeMap<String, Value>,
}

/// The document, made once from what the router is made of.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let all = for_operators().merge(visitors()).merge(publish::first_ledger());
    document::complete(&all.into_openapi())
});

/// Its bytes.
static FILE: LazyLock<Precompressed> = LazyLock::new(|| {
    Precompressed::new("application/json", serde_json::to_vec(&*DOCUMENT).unwrap_or_default())
});

/// This document.
///
/// OpenAPI 3.1, made from the code that answers. Everybody may read it.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "about",
    security(()),
    responses((status = 200, description = "The document", body = Object, content_type = "application/json"))
)]
pub async fn get_document(headers: HeaderMap) -> Response {
    FILE.respond(&headers, "public, max-age=300", "accept-encoding")
}
