//! Owns what requests ask for again and again: sites, notices and rendered notices, cached within bounds.
//! Refuses to serve a site older than a second, unless the database fails; notices never change, so they stay as long as there is
//! room.

use std::sync::Arc;
use std::time::Duration;

use assent_shared::{Locale, Notice, SiteId};
use moka::future::Cache;

use crate::error::{Error, Result};
use crate::pages::cookies::{self, Shape};
use crate::serve_file::Precompressed;
use crate::store::{Site, Store};
use crate::tag::{self, Rendered};
use crate::widget;

/// How long a change made by another process (the command line, another server) may go unseen.
const SITE_AGE: Duration = Duration::from_secs(1);

/// A site and the number of its newest notice; 0 before the first.
#[derive(Debug)]
pub struct CurrentSite {
    /// The site.
    pub site: Site,
    /// The number of its newest notice.
    pub newest_notice: u32,
}

/// A notice and the hash of its bytes.
#[derive(Debug)]
pub struct PublishedNotice {
    /// The notice.
    pub notice: Notice,
    /// SHA-256 of its canonical bytes, lower-case hex.
    pub hash: String,
    /// When it became the site's newest, milliseconds since 1970.
    pub published_at: i64,
}

/// Bounded caches over the store.
#[derive(Debug, Clone)]
pub struct Catalog {
    store: Store,
    sites: Cache<SiteId, Option<Arc<CurrentSite>>>,
    /// As they were when they were last read. Banners go on appearing while the database is away.
    known_sites: Cache<SiteId, Arc<CurrentSite>>,
    notices: Cache<(SiteId, u32), Arc<PublishedNotice>>,
    rendered: Cache<(SiteId, u32, Locale, Vec<String>), Arc<Rendered>>,
    cookies: Cache<(SiteId, u32, Locale, Shape), Arc<Precompressed>>,
    pinned_tags: Cache<(SiteId, String), Arc<Precompressed>>,
    pinned_files: Cache<(String, String), Arc<Precompressed>>,
}

impl Catalog {
    /// Empty caches over `store`.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            sites: Cache::builder().max_capacity(10_000).time_to_live(SITE_AGE).build(),
            known_sites: Cache::new(10_000),
            notices: Cache::new(1_000),
            rendered: Cache::new(1_000),
            cookies: Cache::new(1_000),
            pinned_tags: Cache::new(200),
            pinned_files: Cache::new(20),
        }
    }

    /// The site of that id, as it is now; while the database fails, as it was.
    pub async fn site(&self, id: &SiteId) -> Result<Arc<CurrentSite>> {
        if self.store.trouble().is_some()
            && let Some(known) = self.known_sites.get(id).await
        {
            return Ok(known);
        }
        let load = async {
            let Some(site) = self.store.site(id).await? else {
                self.known_sites.invalidate(id).await;
                return Ok(None);
            };
            let newest = self.store.newest_notice(id).await?;
            let newest_notice = u32::try_from(newest).unwrap_or_default();
            let current = Arc::new(CurrentSite { site, newest_notice });
            self.known_sites.insert(id.clone(), current.clone()).await;
            Ok(Some(current))
        };
        match self.sites.try_get_with_by_ref(id, load).await {
            Ok(found) => found.ok_or(Error::NotFound),
            Err(error) if self.store.failed(&error).is_outage() => {
                self.known_sites.get(id).await.ok_or(Error::Store(error))
            }
            Err(error) => Err(Error::Store(error)),
        }
    }

    /// A site's notice of that number.
    pub async fn notice(&self, site: &SiteId, number: u32) -> Result<Arc<PublishedNotice>> {
        let key = (site.clone(), number);
        if let Some(notice) = self.notices.get(&key).await {
            return Ok(notice);
        }
        let row = self.store.notice(site, number).await?.ok_or(Error::UnknownNotice(number))?;
        let notice = serde_json::from_str(&row.body)
            .map_err(|error| Error::Internal(format!("stored notice: {error}")))?;
        let notice = Arc::new(PublishedNotice { notice, hash: row.hash, published_at: row.published_at });
        self.notices.insert(key, notice.clone()).await;
        Ok(notice)
    }

    /// A notice in one of its locales as pages get it, rendered and compressed once for the site's cookies as they are now.
    pub async fn rendered(
        &self,
        site: &Site,
        notice: &Arc<PublishedNotice>,
        locale: &Locale,
    ) -> Result<Arc<Rendered>> {
        let (id, domains) = (site.id.clone(), site.cookie_domains());
        let key = (id.clone(), notice.notice.number, locale.clone(), domains.clone());
        let load = async {
            let (notice, locale) = (notice.clone(), locale.clone());
            tokio::task::spawn_blocking(move || tag::render(&id, &domains, &notice.notice, &locale))
                .await
                .map_err(|error| error.to_string())?
                .ok_or_else(|| "the notice lost a locale".to_owned())
                .map(Arc::new)
        };
        self.rendered
            .try_get_with(key, load)
            .await
            .map_err(|error: Arc<String>| Error::Internal(error.to_string()))
    }

    /// The table of a notice's declared cookies in one of its locales, rendered and compressed once.
    pub async fn cookies(
        &self,
        site: &SiteId,
        notice: &Arc<PublishedNotice>,
        locale: &Locale,
        shape: Shape,
    ) -> Result<Arc<Precompressed>> {
        let key = (site.clone(), notice.notice.number, locale.clone(), shape);
        let load = async {
            let (notice, locale) = (notice.clone(), locale.clone());
            tokio::task::spawn_blocking(move || cookies::write(&notice.notice, &locale, shape))
                .await
                .map_err(|error| error.to_string())?
                .map(Arc::new)
                .map_err(|error| error.cause().unwrap_or_default())
        };
        self.cookies
            .try_get_with(key, load)
            .await
            .map_err(|error: Arc<String>| Error::Internal(error.to_string()))
    }

    /// A tag that was pinned under that hash.
    pub async fn pinned_tag(&self, site: &SiteId, hash: &str) -> Result<Arc<Precompressed>> {
        let load = async {
            let body = self.store.pinned_tag(site, hash).await?.ok_or(Error::NotFound)?;
            compressed("text/javascript; charset=utf-8", body).await
        };
        let key = (site.clone(), hash.to_owned());
        self.pinned_tags.try_get_with(key, load).await.map_err(|error: Arc<Error>| again(&error))
    }

    /// A file of an earlier build of the widget, which some pinned tag asks for.
    pub async fn pinned_file(&self, hash: &str, file: &str) -> Result<Arc<Precompressed>> {
        let content_type = if file == widget::WASM_FILE { "application/wasm" } else { "text/javascript" };
        let load = async {
            let body = self.store.pinned_file(hash, file).await?.ok_or(Error::NotFound)?;
            compressed(content_type, body).await
        };
        let key = (hash.to_owned(), file.to_owned());
        self.pinned_files.try_get_with(key, load).await.map_err(|error: Arc<Error>| again(&error))
    }

    /// Asks the database the next time, because this process has changed the site.
    pub async fn forget(&self, site: &SiteId) {
        self.sites.invalidate(site).await;
    }
}

async fn compressed(content_type: &'static str, body: Vec<u8>) -> Result<Arc<Precompressed>> {
    tokio::task::spawn_blocking(move || Arc::new(Precompressed::new(content_type, body)))
        .await
        .map_err(|error| Error::Internal(error.to_string()))
}

/// The error that several waited for, for each of them.
fn again(error: &Error) -> Error {
    match error {
        Error::NotFound => Error::NotFound,
        Error::Store(cause) => Error::Store(cause.clone()),
        other => Error::Internal(other.to_string()),
    }
}
