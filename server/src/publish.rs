//! Owns what anybody may fetch of a ledger: its checkpoint, its tree as tiles (C2SP tlog-tiles), proofs, and its keys.
//! Refuses to open a leaf: of a receipt there is a commitment here and nothing else.

mod keys;
mod tile;

use std::io::Write;

use assent_shared::SiteId;
use assent_shared::ledger::{Hash, tree};
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Deserialize;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{Error, Result};
use crate::extract::PathOf;
use crate::numbers::Number;
use crate::pages::notice;
use crate::serve_file::accepts;
use crate::state::App;
use crate::store::LedgerRow;

pub(crate) use keys::keys_of;
use tile::Tile;

/// What grows is asked for again after a few seconds.
const FRESH: &str = "public, max-age=5";
/// What is in a ledger stays there: fetched once, it need never be fetched again.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";

/// Every address of the published ledgers. Without a number it is the site's first one, whose name is this address (tlog-tiles:
/// the origin is the prefix); a ledger that goes on after it has its number in its name and in its address.
pub fn routes() -> Router<App> {
    Router::from(first_ledger())
        .nest("/_assent/{site}/log/{ledger}", ledger().into())
        .route("/_assent/{site}/notices/{number}/{locale}", get(notice::get_notice_page))
        .layer(for_every_page())
}

/// What the API's description has of them: the first ledger, whose addresses the others' repeat.
pub fn first_ledger() -> OpenApiRouter<App> {
    OpenApiRouter::new().nest("/_assent/{site}/log", ledger()).routes(routes!(get_keys))
}

fn ledger() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(get_checkpoint))
        // A tile's address has as many parts as it likes, which OpenAPI cannot say.
        .route("/tile/{*tile}", get(get_tile))
        .routes(routes!(get_proof))
        .routes(routes!(get_consistency))
        .routes(routes!(get_ledger_key))
}

/// An auditor's page may be anywhere; what is public needs no permission (Fetch §3.3, CORS).
fn for_every_page() -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::overriding(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))
}

/// Names a ledger.
#[derive(Debug, Deserialize)]
pub struct LedgerPath {
    site: SiteId,
    ledger: Option<Number<u32>>,
}

/// Names a tile of it.
#[derive(Debug, Deserialize)]
pub struct TilePath {
    site: SiteId,
    ledger: Option<Number<u32>>,
    tile: String,
}

/// Names a leaf of it.
#[derive(Debug, Deserialize)]
pub struct LeafPath {
    site: SiteId,
    ledger: Option<Number<u32>>,
    index: Number<u64>,
}

/// Names two sizes of it.
#[derive(Debug, Deserialize)]
pub struct SizesPath {
    site: SiteId,
    ledger: Option<Number<u32>>,
    old: Number<u64>,
    new: Number<u64>,
}

/// The newest checkpoint: the ledger's name, size and root, signed.
#[utoipa::path(
    get,
    path = "/checkpoint",
    tag = "ledger",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "A signed note (C2SP tlog-checkpoint)", body = String, content_type = "text/plain"))
)]
pub async fn get_checkpoint(
    State(app): State<App>,
    PathOf(LedgerPath { site, ledger }): PathOf<LedgerPath>,
) -> Result<Response> {
    let row = find(&app, &site, ledger).await?;
    let note =
        row.checkpoint.ok_or(Error::NotInLedger("nothing is recorded in this ledger yet".to_owned()))?;
    let mut response = answer(TEXT, FRESH, note);
    let present = app.store.ledger(&site).await?.map_or(row.ledger, |present| present.ledger);
    if present > row.ledger {
        // Whoever watches a ledger that has ended is told where it goes on.
        let next = format!("</_assent/{site}/log/{present}/checkpoint>; rel=\"successor-version\"");
        if let Ok(next) = HeaderValue::try_from(next) {
            response.headers_mut().insert(LINK, next);
        }
    }
    Ok(response)
}

/// `GET /_assent/{site}/log/tile/{L}/{N}[.p/{W}]` and `…/tile/entries/{N}[.p/{W}]`
pub async fn get_tile(
    State(app): State<App>,
    PathOf(TilePath { site, ledger, tile }): PathOf<TilePath>,
    headers: HeaderMap,
) -> Result<Response> {
    let wanted = Tile::parse(&tile).ok_or_else(|| {
        Error::NotInLedger(format!(
            "`{tile}` is no tile: write LEVEL/000 or entries/000, as tlog-tiles has it"
        ))
    })?;
    let row = find(&app, &site, ledger).await?;
    let (first, end) = wanted.entries();
    if end > row.entries_at(wanted.level.unwrap_or(0)) {
        return Err(Error::NotInLedger(format!(
            "the ledger has {} leaves, and this tile is not in it, or not so full",
            row.leaves
        )));
    }
    let missing = || Error::Internal(format!("the ledger of `{site}` lacks tile {tile}"));
    let Some(level) = wanted.level else {
        let (from, to) = (i64::try_from(first), i64::try_from(end));
        let (from, to) = (from.map_err(|_| missing())?, to.map_err(|_| missing())?);
        let entries = app.store.leaf_entries(&site, row.ledger, from, to).await?.ok_or_else(missing)?;
        return Ok(compressed(&headers, bundle(&entries).ok_or_else(missing)?));
    };
    let hashes = app.store.tile_hashes(&site, row.ledger, level, first, end).await?.ok_or_else(missing)?;
    Ok(answer(BYTES, FOR_EVER, hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>()))
}

/// The proof that there is such a leaf; nothing of what is in it.
#[utoipa::path(
    get,
    path = "/proof/{index}",
    tag = "ledger",
    params(("site" = SiteId, Path, description = "The site's id"), ("index" = u64, Path, description = "The leaf's place, from 0")),
    responses((status = 200, description = "A proof (C2SP tlog-proof)", body = String, content_type = "text/plain"))
)]
pub async fn get_proof(
    State(app): State<App>,
    PathOf(LeafPath { site, ledger, index: Number(index) }): PathOf<LeafPath>,
) -> Result<Response> {
    let row = find(&app, &site, ledger).await?;
    let leaf = i64::try_from(index).ok().filter(|leaf| *leaf < row.leaves).ok_or_else(|| {
        Error::NotInLedger(format!(
            "the ledger has {} leaves, counted from 0: there is no leaf {index}",
            row.leaves
        ))
    })?;
    Ok(answer(TEXT, FRESH, app.store.prove(&site, &row, leaf).await?.to_string()))
}

/// The proof that the ledger only grew; one hash a line.
#[utoipa::path(
    get,
    path = "/consistency/{old}/{new}",
    tag = "ledger",
    params(("site" = SiteId, Path, description = "The site's id"), ("old" = u64, Path, description = "The smaller size"), ("new" = u64, Path, description = "The larger size")),
    responses((status = 200, description = "Hashes in base64", body = String, content_type = "text/plain"))
)]
pub async fn get_consistency(
    State(app): State<App>,
    PathOf(SizesPath { site, ledger, old: Number(old), new: Number(new) }): PathOf<SizesPath>,
) -> Result<Response> {
    let row = find(&app, &site, ledger).await?;
    let plan = tree::consistency(old, new).ok_or_else(|| {
        Error::NotInLedger(format!("write the smaller size first: …/consistency/{new}/{old}"))
    })?;
    if new > u64::try_from(row.leaves).unwrap_or_default() {
        return Err(Error::NotInLedger(format!("the ledger has {} leaves, and never had {new}", row.leaves)));
    }
    let hashes = app.store.proof_hashes(&site, row.ledger, &plan).await?;
    Ok(answer(TEXT, FOR_EVER, lines(&hashes)))
}

/// The ledger's verifier keys, newest first.
#[utoipa::path(
    get,
    path = "/key",
    tag = "ledger",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "Verifier keys (C2SP signed-note), one a line", body = String, content_type = "text/plain"))
)]
pub async fn get_ledger_key(
    State(app): State<App>,
    PathOf(LedgerPath { site, ledger }): PathOf<LedgerPath>,
) -> Result<Response> {
    let row = find(&app, &site, ledger).await?;
    keys_answer(&key_lines(&app, &site, &row).await?)
}

/// The verifier keys of all of the site's ledgers, newest first.
#[utoipa::path(
    get,
    path = "/_assent/{site}/key",
    tag = "ledger",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "Verifier keys (C2SP signed-note), one a line", body = String, content_type = "text/plain"))
)]
pub async fn get_keys(State(app): State<App>, PathOf(site): PathOf<SiteId>) -> Result<Response> {
    app.catalog.site(&site).await?;
    let present = app.store.ledger(&site).await?.ok_or(Error::NotFound)?;
    let mut text = String::new();
    for number in (1..=present.ledger).rev() {
        if let Some(row) = app.store.ledger_numbered(&site, number).await? {
            text += &key_lines(&app, &site, &row).await?;
        }
    }
    keys_answer(&text)
}

async fn key_lines(app: &App, site: &SiteId, row: &LedgerRow) -> Result<String> {
    let keys = keys_of(&app.store, site, row).await?;
    Ok(keys.iter().rev().map(|key| key.to_string() + "\n").collect())
}

fn keys_answer(lines: &str) -> Result<Response> {
    if lines.is_empty() {
        return Err(Error::NotInLedger("nothing is signed here yet".to_owned()));
    }
    Ok(answer(TEXT, FRESH, lines.to_owned()))
}

/// Hashes as tlog-proof writes them.
pub(crate) fn lines(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| hash.to_base64() + "\n").collect()
}

async fn find(app: &App, site: &SiteId, ledger: Option<Number<u32>>) -> Result<LedgerRow> {
    app.catalog.site(site).await?;
    app.store
        .ledger_numbered(site, i64::from(ledger.map_or(1, |Number(ledger)| ledger)))
        .await?
        .ok_or(Error::NotFound)
}

fn answer(content_type: &'static str, cache_control: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache_control));
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(resource_policy, HeaderValue::from_static("cross-origin"));
    response
}

/// An entry bundle: each entry behind its length, two bytes, big-endian.
fn bundle(entries: &[String]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend(u16::try_from(entry.len()).ok()?.to_be_bytes());
        bytes.extend(entry.as_bytes());
    }
    Some(bytes)
}

fn compressed(headers: &HeaderMap, bytes: Vec<u8>) -> Response {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let gzip = accepts(accepted, "gzip").then(|| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).and_then(|()| gzip.finish()).ok()
    });
    let mut response = match gzip.flatten() {
        Some(gzip) => {
            let mut response = answer(BYTES, FOR_EVER, gzip);
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        None => answer(BYTES, FOR_EVER, bytes),
    };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    response
}
