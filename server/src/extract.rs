//! Owns reading requests: a JSON body within its limit, the site and its page, the operator behind a key.
//! Refuses axum's own JSON and path extractors, whose errors would not be problem bodies.

use std::error::Error as _;
use std::sync::Arc;

use assent_shared::SiteId;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, AsHeaderName, CONTENT_TYPE, COOKIE, HOST, ORIGIN, REFERER};
use axum::http::request::Parts;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;
use tower_sessions::Session;

use crate::access::{Caller, Grant};
use crate::catalog::CurrentSite;
use crate::error::{Error, Result};
use crate::keys;
use crate::listen::TooSlow;
use crate::operators::sessions::Standing;
use crate::operators::{self, sessions};
use crate::proxies::Visitor;
use crate::state::App;
use crate::store::OperatorRow;

/// Bytes of a body; a decision with thirty purposes has 1,500.
const BODY_LIMIT: usize = 8 * 1024;
/// Bytes of a notice file, or of a form that holds one; a notice in all the built-in languages has 200,000.
const LONG_BODY_LIMIT: usize = 1024 * 1024;
/// Bytes of a body that is too large which are read and dropped, so that a caller who writes before it reads gets its answer.
const DRAIN_LIMIT: usize = 4 * 1024 * 1024;

/// A JSON body of at most 8 KiB.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for JsonBody<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        let bytes = read_body_of_type(request, "application/json").await?;
        serde_json::from_slice(&bytes)
            .map(Self)
            .map_err(|error| Error::MalformedBody(format!("the body cannot be read: {error}")))
    }
}

/// What a form sent, field by field, at most 8 KiB.
pub struct FormBody(pub Vec<(String, String)>);

impl FormBody {
    /// What stands in a field; nothing, where there is none of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.all(name).next().unwrap_or_default()
    }

    /// What stands in the fields of that name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl FromRequest<App> for FormBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        let bytes = read_body_of_type(request, "application/x-www-form-urlencoded").await?;
        Ok(Self(url::form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

/// A body of at most 8 KiB, whatever it says that it is.
pub struct AnyBody(pub Bytes);

impl FromRequest<App> for AnyBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        read_body(request.into_body(), BODY_LIMIT).await.map(Self)
    }
}

/// What a long form sent, field by field, at most 1 MiB.
pub struct LongForm(pub Vec<(String, String)>);

impl FromRequest<App> for LongForm {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        let wanted = "application/x-www-form-urlencoded";
        if media_type(request.headers()) != wanted {
            return Err(Error::WrongContentType(wanted));
        }
        let bytes = read_body(request.into_body(), LONG_BODY_LIMIT).await?;
        Ok(Self(url::form_urlencoded::parse(&bytes).into_owned().collect()))
    }
}

/// A text of at most 1 MiB, and what it is declared as.
pub struct LongBody {
    /// The content type without its parameters, in lower case.
    pub media_type: String,
    /// The body.
    pub text: String,
}

impl FromRequest<App> for LongBody {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self> {
        let media_type = media_type(request.headers());
        let bytes = read_body(request.into_body(), LONG_BODY_LIMIT).await?;
        let text = String::from_utf8(bytes.into())
            .map_err(|_| Error::MalformedBody("the body is not UTF-8".to_owned()))?;
        Ok(Self { media_type, text })
    }
}

/// The declared type of a body, without its parameters, in lower case.
fn media_type(headers: &HeaderMap) -> String {
    let declared = text(headers, CONTENT_TYPE).unwrap_or_default();
    declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn read_body_of_type(request: Request, wanted: &'static str) -> Result<Bytes> {
    if media_type(request.headers()) != wanted {
        return Err(Error::WrongContentType(wanted));
    }
    read_body(request.into_body(), BODY_LIMIT).await
}

async fn read_body(body: Body, limit: usize) -> Result<Bytes> {
    let mut chunks = body.into_data_stream();
    let mut bytes = Vec::new();
    let mut seen = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| broken_off(&error))?;
        seen += chunk.len();
        if seen > DRAIN_LIMIT {
            break;
        }
        if seen <= limit {
            bytes.extend_from_slice(&chunk);
        }
    }
    if seen > limit { Err(Error::BodyTooLarge(limit)) } else { Ok(bytes.into()) }
}

/// Why no more of a body came.
fn broken_off(error: &axum::Error) -> Error {
    if error.source().is_some_and(<dyn std::error::Error>::is::<TooSlow>) {
        return Error::TooSlow;
    }
    Error::MalformedBody(format!("the body broke off: {error}"))
}

/// A key's last use is noted at most this often, in milliseconds.
const NOTED_EVERY: i64 = 60_000;

/// What the path names; a path that cannot be read names nothing.
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        #[expect(clippy::disallowed_types, reason = "this is the one place")]
        let names =
            axum::extract::Path::from_request_parts(parts, state).await.map_err(|_| Error::NotFound)?;
        Ok(Self(names.0))
    }
}

/// A request from one of a site's own pages.
pub struct FromPage {
    /// The site in the path.
    pub site: Arc<CurrentSite>,
    /// The page's origin, one of the site's.
    pub origin: String,
}

impl FromRequestParts<App> for FromPage {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let PathOf(site) = PathOf::<SiteId>::from_request_parts(parts, app).await?;
        let site = app.catalog.site(&site).await?;
        let origin = parts.headers.get(ORIGIN).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if !site.site.origins.iter().any(|allowed| allowed == origin) {
            return Err(Error::ForeignOrigin);
        }
        Ok(Self { origin: origin.to_owned(), site })
    }
}

impl FromPage {
    /// Whether page and server share a host, so that the server's cookies are the page's own.
    #[must_use]
    pub fn is_first_party(&self, headers: &HeaderMap) -> bool {
        is_own(&self.origin, headers)
    }
}

/// Whether a request came in under the host that `origin` names.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let host = text(headers, HOST);
    origin.split_once("://").is_some_and(|(_, authority)| Some(authority) == host)
}

/// The one of a site's origins under which a request came in, if it did under any.
#[must_use]
pub fn own_origin<'a>(headers: &HeaderMap, origins: &'a [String]) -> Option<&'a str> {
    origins.iter().map(String::as_str).find(|origin| is_own(origin, headers))
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A form that was sent from its own page, under a host that is one of the site's.
pub struct FromForm {
    /// The site in the path.
    pub site: Arc<CurrentSite>,
    /// The form's origin, one of the site's.
    pub origin: String,
}

impl FromRequestParts<App> for FromForm {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let PathOf(site) = PathOf::<SiteId>::from_request_parts(parts, app).await?;
        let site = app.catalog.site(&site).await?;
        let headers = &parts.headers;
        if own_origin(headers, &site.site.origins).is_none() {
            return Err(Error::ForeignHost);
        }
        let from_here = text(headers, "sec-fetch-site").is_none_or(|sent_from| sent_from == "same-origin");
        // Text browsers send no `Origin`, but they say which page they come from.
        let origin = match text(headers, ORIGIN) {
            Some(origin) => origin.to_owned(),
            None => text(headers, REFERER)
                .and_then(|page| url::Url::parse(page).ok())
                .map(|page| page.origin().ascii_serialization())
                .unwrap_or_default(),
        };
        if !from_here || !is_own(&origin, headers) || !site.site.origins.contains(&origin) {
            return Err(Error::ForeignForm);
        }
        Ok(Self { site, origin })
    }
}

/// The value of a request's cookie; the first, where there are several of one name (RFC 6265bis §5.8.3).
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// An operator's program, known by its key.
pub struct ByKey(pub Caller);

impl FromRequestParts<App> for ByKey {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let header = text(&parts.headers, AUTHORIZATION).ok_or(Error::KeyRequired)?;
        let (scheme, key) = header.split_once(' ').ok_or(Error::KeyRequired)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Error::KeyRequired);
        }
        let row = app.store.key_by_hash(&keys::hash(key.trim())).await?;
        let now = app.clock.now();
        // Found by its hash, so the time that a comparison takes tells nothing of a key.
        let Some(row) = row.filter(|row| row.works(now)) else {
            // Only those who guess are counted: a good key is never held up by them.
            let Ok(visitor) = Visitor::from_request_parts(parts, app).await;
            app.guesses.check(visitor.group())?;
            return Err(Error::KeyRequired);
        };
        if row.last_used_at.is_none_or(|last| now - last >= NOTED_EVERY)
            && let Err(error) = app.store.note_key_use(&row.key_id, now).await
        {
            tracing::warn!(%error, "the last use of a key could not be noted");
        }
        let name = format!("key {} ({})", row.key_id, row.label);
        Ok(Self(Caller::new(name, vec![Grant { site: row.site.0, permissions: row.scopes.0 }])))
    }
}

/// An operator in a browser, known by their session.
pub struct BySession(pub Caller);

impl FromRequestParts<App> for BySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        SignedIn::from_request_parts(parts, app).await.map(|signed_in| Self(signed_in.caller))
    }
}

/// As [`BySession`], with what an operator's own pages need.
pub struct SignedIn {
    /// What they may.
    pub caller: Caller,
    /// Who they are.
    pub row: OperatorRow,
    /// The session by which they are known.
    pub session: Session,
    /// The secret that they are about to take, if they are.
    pub new_secret: Option<String>,
}

impl SignedIn {
    /// Whoever `session` knows as an operator, if they are not kept out.
    pub async fn find(app: &App, session: Session) -> Result<Option<Self>> {
        let Some(Standing::SignedIn(operator, new_secret)) = sessions::standing(&session).await? else {
            return Ok(None);
        };
        let row = app.store.operator(&operator).await?.filter(|row| row.disabled_at.is_none());
        let Some(row) = row else { return Ok(None) };
        let caller = operators::caller(&row, &app.store.roles_of(&operator).await?);
        Ok(Some(Self { caller, row, session, new_secret }))
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let session = session(parts)?;
        Self::find(app, session).await?.ok_or_else(|| Error::SignInFirst { next: way_back(parts) })
    }
}

/// The session that the layer around the operator's pages found, whatever it knows.
pub struct AnySession(pub Session);

impl FromRequestParts<App> for AnySession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        session(parts).map(Self)
    }
}

fn session(parts: &Parts) -> Result<Session> {
    let missing = || Error::Internal("this address is not among the operator's pages".to_owned());
    parts.extensions.get::<Session>().cloned().ok_or_else(missing)
}

/// Where somebody wants to be once they have signed in: the page that they asked for, or the one whose form they sent.
fn way_back(parts: &Parts) -> String {
    if parts.method.is_safe() {
        return parts.uri.path_and_query().map(|page| page.as_str().to_owned()).unwrap_or_default();
    }
    let page = text(&parts.headers, REFERER).and_then(|page| url::Url::parse(page).ok());
    let own = page.filter(|page| is_own(&page.origin().ascii_serialization(), &parts.headers));
    own.map_or_else(
        || "/admin".to_owned(),
        |page| page[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
    )
}

/// Whether a page is asked for because of a link on another site.
#[must_use]
pub fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    matches!(text(headers, "sec-fetch-site"), Some("cross-site" | "same-site"))
}

/// Whether a request was sent by one of the server's own pages, or by nobody's: typed, or from a bookmark.
#[must_use]
pub fn is_from_here(headers: &HeaderMap) -> bool {
    match text(headers, "sec-fetch-site") {
        Some(sent_from) => matches!(sent_from, "same-origin" | "none"),
        // Browsers without it, or without TLS, say at least where a form comes from.
        None => text(headers, ORIGIN).is_some_and(|origin| is_own(origin, headers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let headers =
            HeaderMap::from_iter([(COOKIE, "assent_id=secret; assent=1~1~a~; other=x".parse().unwrap())]);
        assert_eq!(cookie(&headers, "assent"), Some("1~1~a~"));
        assert_eq!(cookie(&headers, "assent_id"), Some("secret"));
        assert_eq!(cookie(&headers, "asse"), None);
    }
}
