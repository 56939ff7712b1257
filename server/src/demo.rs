//! Owns the demo: a site, its notice and a page, so that one command shows the whole path.
//! Refuses to touch a site other than `demo`, or to show an operator key twice.

use assent_shared::SiteId;
use axum::response::Html;

use crate::clock::Clock;
use crate::keys::KeyWish;
use crate::store::{Environment, Site, Store};
use crate::{keys, notices};

const PAGE: &str = include_str!("../../index.html");
const NOTICE: &str = include_str!("../../examples/demo/notice.toml");

/// The demo site's id.
pub const SITE: &str = "demo";

/// `GET /`
pub async fn get_page() -> Html<&'static str> {
    Html(PAGE)
}

/// Makes the demo site whole: its origins, its notice, and, the first time, an operator key, which is returned.
pub async fn prepare(store: &Store, clock: &Clock, origins: &[String]) -> Result<Option<String>, String> {
    let id: SiteId = SITE.parse().map_err(|error| format!("{error}"))?;
    let failed = |error: sqlx::Error| format!("The demo site cannot be stored: {error}.");
    let now = clock.now();
    let key = match store.site(&id).await.map_err(failed)? {
        Some(site) => {
            let mut all = site.origins.clone();
            all.extend(origins.iter().filter(|origin| !site.origins.contains(origin)).cloned());
            if all != site.origins {
                store.set_origins(&id, &all).await.map_err(failed)?;
            }
            None
        }
        None => {
            let site = Site {
                id: id.clone(),
                name: "Demo shop".to_owned(),
                environment: Environment::Development,
                origins: origins.to_vec(),
                share_subdomains: false,
            };
            store.add_site(&site, now).await.map_err(failed)?;
            let wish = KeyWish::for_receipts("made for the demo", Some(id.clone()));
            let made = keys::create(store, &wish, "the demo", now).await;
            Some(made.map_err(|error| format!("The demo's key cannot be stored: {error}."))?.key)
        }
    };
    notices::publish(store, &id, NOTICE, &[], now).await?;
    Ok(key)
}
