//! Owns taking a visitor's decision: checking it, having it recorded, answering with its receipt; and the two cookies.
//! Refuses to change a choice, and to answer before the receipt is durable.

use assent_shared::cookie::{COOKIE, ID_COOKIE, MAX_AGE_SECONDS};
use assent_shared::{Decision, Problem, SiteId, StoredDecision, VisitorSecret};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};

use crate::api::SealedReceipt;
use crate::catalog::CurrentSite;
use crate::error::{self, Error, Result};
use crate::extract::{FromPage, JsonBody, cookie};
use crate::metrics::Outcome;
use crate::recorder::Draft;
use crate::state::App;
use crate::statistics::device::Device;
use crate::store::{Appended, Site};

/// Records a decision.
///
/// From a page whose `Origin` is one of the site's. Answered when the receipt is durable; on the page's own host with both
/// cookies.
#[utoipa::path(
    post,
    path = "/_assent/{site}/decisions",
    tag = "visitors",
    params(("site" = SiteId, Path, description = "The site's id"), ("origin" = String, Header, description = "The page's origin, one of the site's")),
    request_body = Decision,
    responses(
        (status = 201, description = "Recorded and durable", body = SealedReceipt),
        (status = 200, description = "The same decision was recorded before; its receipt", body = SealedReceipt),
        (status = 403, description = "The page is not one of the site's", body = Problem, content_type = "application/problem+json"),
        (
            status = 409,
            description = "The id was used for another decision, or the site asks something else since; `notice` is the number to show",
            body = Problem,
            content_type = "application/problem+json",
        ),
    )
)]
pub async fn create_decision(
    State(app): State<App>,
    page: FromPage,
    headers: HeaderMap,
    JsonBody(mut decision): JsonBody<Decision>,
) -> Result<Response> {
    decision.gpc |= global_privacy_control(&headers);
    let first_party = page.is_first_party(&headers);
    if first_party && let Some(secret) = cookie(&headers, ID_COOKIE).and_then(|value| value.parse().ok()) {
        // The cookie is HttpOnly after the first answer: the page's script cannot read it and mints another secret.
        decision.visitor = secret;
    }
    let cookies = first_party.then(|| (decision.visitor.clone(), StoredDecision::from(&decision)));

    let id = decision.id.clone();
    let (new, sealed) = match record(&app, &page.site, &page.origin, decision, &headers).await? {
        Appended::New(fresh) => (true, Some(fresh.sealed()?)),
        Appended::Repeated { .. } => (false, app.store.sealed(&page.site.site.id, id.as_str()).await?),
        Appended::Conflict { .. } => return Err(Error::DecisionConflict),
        Appended::Refused(refusal) => return Err(Error::Refused(refusal)),
    };
    // Erased between the two looks.
    let sealed = sealed.ok_or(Error::Busy)?;
    let mut response = (error::created(new), sealed.json()).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some((visitor, own)) = cookies {
        // A choice that the browser made after this decision is left alone.
        let newer = stored_decision(&headers).is_some_and(|other| other.decided_at > own.decided_at);
        set_cookies(&mut response, &visitor, (!newer).then_some(&own), &page.origin, &page.site.site);
    }
    Ok(response)
}

/// Has a decision recorded, if its notice accepts it: the one way, whoever brings it.
pub(crate) async fn record(
    app: &App,
    current: &CurrentSite,
    origin: &str,
    decision: Decision,
    headers: &HeaderMap,
) -> Result<Appended> {
    let site = &current.site.id;
    let notice = app.catalog.notice(site, decision.notice).await?;
    decision.check(&notice.notice)?;
    refuse_stale(app, current, decision.notice, decision.decided_at).await?;
    let draft = Draft {
        decision,
        site: site.clone(),
        notice_hash: notice.hash.clone(),
        origin: origin.to_owned(),
        device: Device::of_request(headers),
    };
    let taken = app.recorder.record(draft).await?;
    // What fails is counted with its request: much of that never comes as far as this.
    match &taken {
        Appended::New(_) => app.metrics.decision(Outcome::Created),
        Appended::Repeated { .. } => app.metrics.decision(Outcome::Repeated),
        Appended::Conflict { .. } | Appended::Refused(_) => {}
    }
    Ok(taken)
}

/// Refuses an answer to a notice after which the site asked something else. One that was given before that was published is
/// taken, however late it arrives: it was an answer to what was shown then, and a refusal in a queue must not be lost.
pub(crate) async fn refuse_stale(
    app: &App,
    current: &CurrentSite,
    answered: u32,
    decided_at: i64,
) -> Result<()> {
    let newest = current.newest_notice;
    if answered >= newest {
        return Ok(());
    }
    let published = app.catalog.notice(&current.site.id, newest).await?;
    if published.notice.outdates(answered) && decided_at >= published.published_at {
        return Err(Error::StaleNotice { answered, newest });
    }
    Ok(())
}

/// Whether the request carries the signal. Only exactly `1` is it (Global Privacy Control §3.2).
pub(crate) fn global_privacy_control(headers: &HeaderMap) -> bool {
    headers.get_all("sec-gpc").iter().any(|value| value == "1")
}

/// The newest decision that the visitor's browser knows.
pub(crate) fn stored_decision(headers: &HeaderMap) -> Option<StoredDecision> {
    cookie(headers, COOKIE).and_then(StoredDecision::parse)
}

/// Sets the two cookies, so that Safari keeps them for their whole year; of the decision only if it is the newest. Where the
/// site's subdomains share them, for all of these.
pub(crate) fn set_cookies(
    response: &mut Response,
    visitor: &VisitorSecret,
    newest: Option<&StoredDecision>,
    origin: &str,
    site: &Site,
) {
    let secure = if origin.starts_with("https://") { "; Secure" } else { "" };
    let domain = site.cookie_domain(origin);
    let mut set = |name: &str, value: &str, more: &str| {
        let mut append = |cookie: String| {
            if let Ok(cookie) = HeaderValue::try_from(cookie) {
                response.headers_mut().append(SET_COOKIE, cookie);
            }
        };
        let attributes = format!("; Path=/; SameSite=Lax{secure}");
        let kept = format!("{name}={value}{more}; Max-Age={MAX_AGE_SECONDS}{attributes}");
        let Some(domain) = &domain else { return append(kept) };
        // The host's own cookie of that name would be sent beside the shared one and might be read in its place. It goes
        // first, because to older browsers the two are one (RFC 6265 §5.3), and what comes last stays.
        append(format!("{name}={more}; Max-Age=0{attributes}"));
        append(format!("{kept}; Domain={domain}"));
    };
    set(ID_COOKIE, &visitor.to_string(), "; HttpOnly");
    if let Some(stored) = newest {
        set(COOKIE, &stored.value(), "");
    }
}
