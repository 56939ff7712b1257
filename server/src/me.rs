//! Owns the visitor's own records: reading, downloading and erasing them, by nothing but the secret of their browser.
//! Refuses to know anybody else: an unknown secret gets what one without records gets, and an operator's key opens nothing.

mod visitor;

use std::collections::BTreeSet;

use assent_shared::cookie::ID_COOKIE;
use assent_shared::ledger::Reason;
use assent_shared::{Problem, Receipt, SiteId, VisitorId};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::api::Download;
use crate::error::{self, Error, Result};
use crate::pages::records::{self, RecordsQuery, Said};
use crate::publish::keys_of;
use crate::state::App;
use crate::store::{Erasure, Site};

pub use visitor::FromVisitor;

/// Decisions that are listed.
const LISTED: usize = 50;
/// Receipts of one download: each takes a proof of some twenty look-ups.
const DOWNLOADED: i64 = 200;

/// The visitor's own records as a page, in their language.
///
/// By nothing but the secret of their browser; an unknown one has no records.
#[utoipa::path(
    get,
    path = "/_assent/{site}/me",
    tag = "visitors",
    security((), ("secret" = []), ("cookie" = [])),
    params(("site" = SiteId, Path, description = "The site's id"), RecordsQuery),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 403, description = "The page is not one of the site's", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Asked too often; `Retry-After` says how long to wait", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get_records(
    State(app): State<App>,
    visitor: FromVisitor,
    query: Result<Query<RecordsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    app.limits.check(visitor.id.as_ref().map(VisitorId::as_str))?;
    let Query(query) = query.unwrap_or_default();
    show(&app, &visitor, &query, &headers, Said::Nothing).await
}

/// The visitor's own receipts, each with its proof, and the notices that they name.
#[utoipa::path(
    get,
    path = "/_assent/{site}/me/receipts.json",
    operation_id = "get_own_receipts",
    tag = "visitors",
    security((), ("secret" = []), ("cookie" = [])),
    params(("site" = SiteId, Path, description = "The site's id")),
    responses(
        (status = 200, description = "The receipts", body = Download, content_type = "application/json"),
        (status = 403, description = "The page is not one of the site's", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Asked too often; `Retry-After` says how long to wait", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get_receipts(State(app): State<App>, visitor: FromVisitor) -> Result<Response> {
    app.limits.check(visitor.id.as_ref().map(VisitorId::as_str))?;
    let site = &visitor.current.site.id;
    let ledger = app.store.ledger(site).await?.ok_or(Error::NotFound)?;
    let key = ledger.signing_key.as_deref().ok_or(Error::NotFound)?;
    let own = visitor.receipts(&app, DOWNLOADED).await?;
    let mut receipts = Vec::with_capacity(own.len());
    let (mut numbers, mut origins) = (BTreeSet::new(), BTreeSet::new());
    for (decision, body) in &own {
        // Nothing, if it was erased since.
        let Some(sealed) = app.store.sealed(site, decision).await? else { continue };
        numbers.insert(stored(body)?.notice.number);
        origins.insert(sealed.proof.checkpoint.unverified().origin.clone());
        receipts.push(sealed.json());
    }
    let mut notices = Vec::with_capacity(numbers.len());
    for number in numbers {
        let row = app.store.notice(site, number).await?.ok_or(Error::UnknownNotice(number))?;
        // The stored bytes go in as they are: their hash is in the receipt.
        notices.push(format!("\"{number}\":{}", row.body));
    }
    let mut former_keys = Vec::new();
    for number in 1..ledger.ledger {
        if let Some(former) = app.store.ledger_numbered(site, number).await?
            && origins.contains(&former.origin)
        {
            former_keys.extend(keys_of(&app.store, site, &former).await?.pop());
        }
    }
    let keys = format!(r#""key":{},"former_keys":{}"#, json!(key), json!(former_keys));
    let (receipts, notices) = (receipts.join(","), notices.join(","));
    let body = format!(
        r#"{{"format":"assent.receipts.v1",{keys},"receipts":[{receipts}],"notices":{{{notices}}}}}"#
    );
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"{site}-choices.json\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

/// Erases the visitor's own records.
#[utoipa::path(
    post,
    path = "/_assent/{site}/me/erase",
    tag = "visitors",
    security((), ("secret" = []), ("cookie" = [])),
    params(("site" = SiteId, Path, description = "The site's id"), RecordsQuery),
    responses(
        (status = 200, description = "Erased; the page says how many", body = String, content_type = "text/html"),
        (status = 409, description = "They are held, and nothing was erased", body = String, content_type = "text/html"),
        (status = 403, description = "The page is not one of the site's", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Asked too often; `Retry-After` says how long to wait", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn erase_records(
    State(app): State<App>,
    visitor: FromVisitor,
    query: Result<Query<RecordsQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    app.limits.check(visitor.id.as_ref().map(VisitorId::as_str))?;
    let Query(query) = query.unwrap_or_default();
    let site = &visitor.current.site;
    let outcome = match &visitor.id {
        Some(id) => app.store.erase_visitor(&site.id, id, Reason::Visitor, app.clock.now()).await?,
        None => Erasure::Done(0),
    };
    let (held, said) = match outcome {
        Erasure::Done(count) => (false, Said::Erased(count)),
        Erasure::Held(_) => (true, Said::Held),
    };
    let page = show(&app, &visitor, &query, &headers, said).await?;
    let mut response = (error::erased(held), page).into_response();
    if let (false, Some(origin)) = (held, &visitor.own_origin) {
        forget(&mut response, origin, site);
    }
    Ok(response)
}

async fn show(
    app: &App,
    visitor: &FromVisitor,
    query: &RecordsQuery,
    headers: &HeaderMap,
    said: Said,
) -> Result<Response> {
    let limit = i64::try_from(LISTED + 1).unwrap_or(i64::MAX);
    let own = visitor.receipts(app, limit).await?;
    let mut receipts = own.iter().map(|(_, body)| stored(body)).collect::<Result<Vec<_>>>()?;
    let more = (receipts.len() > LISTED).then_some(LISTED);
    receipts.truncate(LISTED);
    let own_host = visitor.own_origin.is_some();
    records::show(app, &visitor.current, query, headers, records::Shown { receipts, more, said, own_host })
        .await
}

fn stored(body: &str) -> Result<Receipt> {
    serde_json::from_str(body).map_err(|error| Error::Internal(format!("stored receipt: {error}")))
}

/// Deletes the cookie of the secret, so that the next decision begins under a new one. The choice's own cookie stays.
fn forget(response: &mut Response, origin: &str, site: &Site) {
    let secure = if origin.starts_with("https://") { "; Secure" } else { "" };
    let shared = site.cookie_domain(origin).map(|domain| format!("; Domain={domain}"));
    for domain in [Some(String::new()), shared].into_iter().flatten() {
        let cookie = format!("{ID_COOKIE}=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax{secure}{domain}");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}
