//! Owns telling which visitor asks, by the secret of their browser: its cookie, or a header where the server is on another host.
//! Refuses a secret in an address, a page that is not the site's, and a cookie that another page's request brings.

use std::sync::Arc;

use assent_shared::cookie::ID_COOKIE;
use assent_shared::{SiteId, VisitorId, VisitorSecret};
use axum::extract::FromRequestParts;
use axum::http::header::{AUTHORIZATION, ORIGIN};
use axum::http::request::Parts;

use crate::catalog::CurrentSite;
use crate::error::{Error, Result};
use crate::extract::{FromForm, PathOf, cookie, own_origin};
use crate::state::App;

/// Whoever asks for their own records.
#[derive(Debug)]
pub struct FromVisitor {
    pub(super) current: Arc<CurrentSite>,
    /// Who they are at this site; nobody, if they brought no secret.
    pub(super) id: Option<VisitorId>,
    /// The one of the site's origins under which they came, if it was one: the server's cookies are the page's there.
    pub(super) own_origin: Option<String>,
}

impl FromVisitor {
    /// Their receipts with the decisions' ids, newest first; none without a secret.
    pub(super) async fn receipts(&self, app: &App, limit: i64) -> Result<Vec<(String, String)>> {
        match &self.id {
            Some(id) => Ok(app.store.own_receipts(&self.current.site.id, id, limit).await?),
            None => Ok(Vec::new()),
        }
    }
}

impl FromRequestParts<App> for FromVisitor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let PathOf(site) = PathOf::<SiteId>::from_request_parts(parts, app).await?;
        let current = app.catalog.site(&site).await?;
        let headers = &parts.headers;
        // A browser names the page wherever it could be another site's.
        if let Some(origin) = headers.get(ORIGIN)
            && !current.site.origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
        {
            return Err(Error::ForeignOrigin);
        }
        let own_origin = own_origin(headers, &current.site.origins).map(str::to_owned);
        let kept: Option<VisitorSecret> =
            own_origin.as_ref().and_then(|_| cookie(headers, ID_COOKIE)).and_then(|value| value.parse().ok());
        let told = || {
            let (scheme, secret) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
            secret.trim().parse::<VisitorSecret>().ok().filter(|_| scheme.eq_ignore_ascii_case("bearer"))
        };
        let secret = kept.clone().or_else(told);
        if kept.is_some() && !parts.method.is_safe() {
            // The browser sends a cookie whoever asks it to.
            FromForm::from_request_parts(parts, app).await?;
        }
        Ok(Self { id: secret.map(|secret| secret.visitor_id(&site)), current, own_origin })
    }
}
