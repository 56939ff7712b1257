//! Owns taking a visitor's decision: checking it, having it recorded, answering with its receipt.
//! Refuses to change a choice, and to answer before the receipt is durable.

use assent_shared::cookie::{COOKIE, ID_COOKIE, MAX_AGE_SECONDS};
use assent_shared::{Decision, StoredDecision};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::error::{self, Error, Result};
use crate::extract::{FromPage, JsonBody, cookie};
use crate::recorder::Draft;
use crate::state::App;
use crate::store::Appended;

/// `POST /_assent/{site}/decisions`
pub async fn create_decision(
    State(app): State<App>,
    page: FromPage,
    headers: HeaderMap,
    JsonBody(mut decision): JsonBody<Decision>,
) -> Result<Response> {
    let site = &page.site.site;
    let notice = app.catalog.notice(&site.id, decision.notice).await?;
    decision.check(&notice.notice)?;
    // Only exactly `1` is the signal (Global Privacy Control §3.2).
    decision.gpc |= headers.get_all("sec-gpc").iter().any(|value| value == "1");
    let first_party = page.is_first_party(&headers);
    if first_party && let Some(secret) = cookie(&headers, ID_COOKIE).and_then(|value| value.parse().ok()) {
        // The cookie is HttpOnly after the first answer: the page's script cannot read it and mints another secret.
        decision.visitor = secret;
    }
    let set_cookies = if first_party { cookies(&decision, &page.origin, &headers) } else { Vec::new() };

    let draft =
        Draft { decision, site: site.id.clone(), notice_hash: notice.hash.clone(), origin: page.origin };
    let (new, body) = match app.recorder.record(draft).await? {
        Appended::New { body, .. } => (true, body),
        Appended::Repeated { body } => (false, body),
        Appended::Conflict => return Err(Error::DecisionConflict),
    };
    // The body goes out as it was stored, byte for byte.
    let mut response = (error::created(new), format!("{{\"receipt\":{body}}}")).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    for set_cookie in set_cookies {
        headers.append(SET_COOKIE, set_cookie);
    }
    Ok(response)
}

/// The two cookies as the server sets them, so that Safari keeps them for their whole year. A choice that the browser made
/// after this decision is left alone.
fn cookies(decision: &Decision, origin: &str, request: &HeaderMap) -> Vec<HeaderValue> {
    let secure = if origin.starts_with("https://") { "; Secure" } else { "" };
    let attributes = format!("; Max-Age={MAX_AGE_SECONDS}; Path=/; SameSite=Lax{secure}");
    let stored = StoredDecision::from(decision);
    let newer = cookie(request, COOKIE)
        .and_then(StoredDecision::parse)
        .is_some_and(|other| other.decided_at > stored.decided_at);
    let mut cookies = vec![format!("{ID_COOKIE}={}; HttpOnly{attributes}", decision.visitor)];
    if !newer {
        cookies.push(format!("{COOKIE}={}{attributes}", stored.value()));
    }
    cookies.into_iter().filter_map(|cookie| HeaderValue::try_from(cookie).ok()).collect()
}
