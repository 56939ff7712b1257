//! Owns the demo: a site, its notice and a page, so that one command shows the whole path; and examples beside it.
//! Refuses to touch a site other than `demo` and the examples', or to show an operator key twice.

pub mod examples;

use std::sync::Arc;

use assent_shared::SiteId;
use axum::Router;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use self::examples::Page;
use crate::clock::Clock;
use crate::error::Error;
use crate::extract::PathOf;
use crate::keys::KeyWish;
use crate::state::App;
use crate::store::{Environment, Site, Store};
use crate::{keys, notices};

const PAGE: &str = include_str!("../../index.html");
const NOTICE: &str = include_str!("../../examples/demo/notice.toml");

/// The demo site's id.
pub const SITE: &str = "demo";

/// The pages that are served beside Assent: the demo's, and the examples' under hosts of their own.
#[derive(Debug, Clone, Default)]
pub struct Pages(Arc<[Page]>);

impl Pages {
    /// The demo's page and these.
    #[must_use]
    pub fn with(examples: Vec<Page>) -> Self {
        Self(examples.into())
    }

    /// Their addresses.
    pub(crate) fn routes(&self) -> Router<App> {
        let (home, files) = (self.clone(), self.clone());
        Router::new()
            .route(
                "/",
                get(async move |headers: HeaderMap| match home.page(&headers) {
                    Some(page) => page.answer("page.html"),
                    None => Html(PAGE).into_response(),
                }),
            )
            .route(
                "/{file}",
                get(async move |PathOf(file): PathOf<String>, headers: HeaderMap| -> Response {
                    files.page(&headers).map_or(Error::NotFound.into_response(), |page| page.answer(&file))
                }),
            )
    }

    fn page(&self, headers: &HeaderMap) -> Option<&Page> {
        let host = headers.get(HOST)?.to_str().ok()?;
        self.0.iter().find(|page| page.is_at(host))
    }
}

/// Makes the demo site whole: its origins, its notice, and, the first time, an operator key, which is returned.
pub async fn prepare(store: &Store, clock: &Clock, origins: &[String]) -> Result<Option<String>, String> {
    let id: SiteId = SITE.parse().map_err(|error| format!("{error}"))?;
    let site = Site {
        id: id.clone(),
        name: "Demo shop".to_owned(),
        environment: Environment::Development,
        origins: origins.to_vec(),
        share_subdomains: false,
    };
    let now = clock.now();
    let key = if register(store, site, now).await? {
        let wish = KeyWish::for_receipts("made for the demo", Some(id.clone()));
        let made = keys::create(store, &wish, "the demo", now).await;
        Some(made.map_err(|error| format!("The demo's key cannot be stored: {error}."))?.key)
    } else {
        None
    };
    notices::publish(store, &id, NOTICE, &[], now).await?;
    Ok(key)
}

/// Adds a site, or the origins that it lacks; says whether it is new.
async fn register(store: &Store, site: Site, now: i64) -> Result<bool, String> {
    let failed = |error: sqlx::Error| format!("The site `{}` cannot be stored: {error}.", site.id);
    let Some(known) = store.site(&site.id).await.map_err(failed)? else {
        return store.add_site(&site, now).await.map_err(failed);
    };
    let mut all = known.origins.clone();
    all.extend(site.origins.iter().filter(|origin| !known.origins.contains(origin)).cloned());
    if all != known.origins {
        store.set_origins(&site.id, &all).await.map_err(failed)?;
    }
    Ok(false)
}
