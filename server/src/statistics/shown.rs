//! Owns being told that a notice was on a visitor's screen.
//! Refuses a cookie, an identifier, and a notice or a language that the site never had.

use assent_shared::{Locale, Problem, SiteId};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;

use super::device::Device;
use super::event::Counted;
use crate::catalog::CurrentSite;
use crate::error::{self, Result};
use crate::extract::{AnyBody, FromPage};
use crate::state::App;

/// What the tag says: which notice, and in which language.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// Its number.
    notice: u32,
    /// The language in which it was shown.
    locale: Locale,
}

/// Counts that a notice was on a screen.
///
/// From one of the site's pages, without cookies. The body is JSON whatever type it is sent as, so that a page of another host needs
/// no leave to send it. A notice or a language that the site never had is not counted.
#[utoipa::path(
    post,
    path = "/_assent/{site}/shown",
    tag = "visitors",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body(content((Shown = "text/plain"), (Shown = "application/json"))),
    responses(
        (status = 204, description = "Taken"),
        (status = 403, description = "The page is not one of the site's", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "More than a site can have", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn count_display(
    State(app): State<App>,
    page: FromPage,
    headers: HeaderMap,
    AnyBody(body): AnyBody,
) -> Result<Response> {
    // A tag from before an update, or somebody who tries: there is nothing to be done about either.
    if let Ok(Shown { notice, locale }) = serde_json::from_slice(&body) {
        count(&app, &page.site, notice, &locale, &headers).await?;
    }
    Ok(error::no_content())
}

/// Counts that a notice was shown, if the site has it in that language.
pub(crate) async fn count(
    app: &App,
    current: &CurrentSite,
    notice: u32,
    locale: &Locale,
    headers: &HeaderMap,
) -> Result<()> {
    let site = &current.site.id;
    // Asked first: what is not in memory is in the database, and nobody needs to be sent there by a made-up number.
    if notice == 0 || notice > current.newest_notice {
        return Ok(());
    }
    let published = app.catalog.notice(site, notice).await?;
    if !published.notice.texts.contains_key(locale) {
        return Ok(());
    }
    let device = Device::of_request(headers);
    app.tally.add_display(Counted::shown(site.clone(), app.clock.now(), notice, locale.as_str(), device))
}
