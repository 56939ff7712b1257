//! Owns how a site's tag is embedded: the line to copy, pinning its bytes, and where it was seen.
//! Refuses to guess that a page is a site's own: what is not listed is said to be not listed.

use assent_shared::{Locale, SiteId};
use axum::http::HeaderMap;
use axum::http::header::HOST;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha384};
use utoipa::ToSchema;

use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::Result;
use crate::state::App;
use crate::store::{ORIGINS_KEPT, PinRow, SightingRow};
use crate::{proxies, widget};

/// How the tag is embedded and where it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TagReport {
    /// The line that embeds it.
    pub snippet: String,
    /// The languages in which it can be pinned.
    pub locales: Vec<Locale>,
    /// Where it was asked for, the newest first.
    pub sightings: Vec<Seen>,
    /// Whether there is no room for another origin that is not the site's.
    pub full: bool,
    /// The pinned tags, the newest first.
    pub pins: Vec<Pin>,
}

/// An origin whose pages asked for the tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Seen {
    /// Which, since when, and how.
    #[serde(flatten)]
    pub sighting: SightingRow,
    /// Whether it is one of the site's.
    pub listed: bool,
}

/// A tag whose bytes never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pin {
    /// The hash that its address names it by: SHA-384, in base64url.
    pub hash: String,
    /// The notice that it shows.
    pub notice: i64,
    /// Its language.
    pub locale: String,
    /// When it was pinned, milliseconds since 1970.
    pub pinned_at: i64,
    /// By whom.
    pub pinned_by: String,
    /// Whether it is what the unpinned tag says now.
    pub newest: bool,
    /// The line that embeds it.
    pub snippet: String,
}

/// What is to be pinned.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPin {
    /// The language of the tag; a pinned one has but one.
    pub(super) locale: Locale,
}

/// The address under which browsers reach this server: as the settings say, else as they reached it now.
#[must_use]
pub fn base(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.public_url {
        return url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let local = ["localhost", "127.", "[::1]"].iter().any(|start| host.starts_with(start));
    let scheme = proxies::scheme(headers).unwrap_or(if local { "http" } else { "https" });
    format!("{scheme}://{host}")
}

/// The line that embeds a site's tag, as it is now or pinned.
#[must_use]
pub fn snippet(base: &str, site: &SiteId, pin: Option<(&str, &str)>) -> String {
    let Some((hash, locale)) = pin else {
        return format!("<script async src=\"{base}/_assent/{site}.js\"></script>");
    };
    // Its language is in the address: the tag that a page's own language would fetch instead is not pinned.
    format!(
        "<script async src=\"{base}/_assent/{site}.js?pin={hash}&amp;lang={locale}\" integrity=\"{}\" crossorigin=\"anonymous\"></script>",
        integrity(hash)
    )
}

/// What a browser holds a pinned tag against (SRI §3.5).
fn integrity(hash: &str) -> String {
    let digest = BASE64URL_NOPAD.decode(hash.as_bytes()).unwrap_or_default();
    format!("sha384-{}", BASE64.encode(&digest))
}

fn hash(body: &[u8]) -> String {
    BASE64URL_NOPAD.encode(&Sha384::digest(body))
}

/// How the tag is embedded, and where it was seen.
pub async fn report(app: &App, caller: &Caller, site: &SiteId, base: &str) -> Result<TagReport> {
    caller.require(Permission::ManageSites, site)?;
    let current = app.catalog.site(site).await?;
    app.tally.write_all(&app.store).await?;
    let locales = match current.newest_notice {
        0 => Vec::new(),
        number => app.catalog.notice(site, number).await?.notice.texts.keys().cloned().collect(),
    };
    let mut newest = Vec::new();
    for locale in &locales {
        newest.push(hash(&bytes(app, site, locale).await?));
    }
    let sightings: Vec<Seen> = app
        .store
        .sightings(site)
        .await?
        .into_iter()
        .map(|sighting| Seen { listed: current.site.origins.contains(&sighting.origin), sighting })
        .collect();
    let pins = app.store.pins(site).await?.into_iter();
    Ok(TagReport {
        snippet: snippet(base, site, None),
        full: i64::try_from(sightings.len()).is_ok_and(|seen| seen >= ORIGINS_KEPT),
        pins: pins.map(|row| of_row(row, base, site, |hash| newest.iter().any(|one| one == hash))).collect(),
        locales,
        sightings,
    })
}

fn of_row(row: PinRow, base: &str, site: &SiteId, newest: impl Fn(&str) -> bool) -> Pin {
    let PinRow { hash, notice, locale, widget: _, pinned_at, pinned_by } = row;
    let snippet = snippet(base, site, Some((&hash, &locale)));
    Pin { newest: newest(&hash), hash, notice, locale, pinned_at, pinned_by, snippet }
}

/// Keeps the tag's bytes as they are now, for ever, and the widget's files with them; says whether that is new.
pub async fn pin(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    locale: &Locale,
    base: &str,
) -> Result<(Pin, bool)> {
    caller.require(Permission::ManageSites, site)?;
    let current = app.catalog.site(site).await?;
    let body = bytes(app, site, locale).await?;
    let row = PinRow {
        hash: hash(&body),
        notice: i64::from(current.newest_notice),
        locale: locale.to_string(),
        widget: widget::HASH.to_owned(),
        pinned_at: app.clock.now(),
        pinned_by: caller.name.clone(),
    };
    let about = format!("notice {} in {locale}, {}", row.notice, integrity(&row.hash));
    audit::record(app, caller, Action::TagPin, Some(site), about).await?;
    let new = app.store.pin_tag(site, &row, &body, &widget::files()).await?;
    let rows = app.store.pins(site).await?;
    let row = rows.into_iter().find(|kept| kept.hash == row.hash).unwrap_or(row);
    Ok((of_row(row, base, site, |_| true), new))
}

/// Forgets where the tag was seen; whoever still asks for it is seen again.
pub async fn forget_sightings(app: &App, caller: &Caller, site: &SiteId) -> Result<()> {
    caller.require(Permission::ManageSites, site)?;
    app.catalog.site(site).await?;
    audit::record(app, caller, Action::SightingsForget, Some(site), "").await?;
    app.tally.forget_sightings(site);
    Ok(app.store.forget_sightings(site).await?)
}

/// The tag's bytes as they are now in one language.
async fn bytes(app: &App, site: &SiteId, locale: &Locale) -> Result<Vec<u8>> {
    let current = app.catalog.site(site).await?;
    if current.newest_notice == 0 {
        return Err(super::fields::wrong("locale", "publish a notice first: until then there is no tag"));
    }
    let notice = app.catalog.notice(site, current.newest_notice).await?;
    if !notice.notice.texts.contains_key(locale) {
        return Err(super::fields::wrong("locale", format!("the newest notice has no texts in `{locale}`")));
    }
    Ok(app.catalog.rendered(&current.site, &notice, locale).await?.script.bytes().to_vec())
}

/// Remembers which page's origin asked for the tag.
pub(crate) fn note(app: &App, site: &crate::store::Site, headers: &HeaderMap) {
    let says = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    // Only the origin is ever taken out of it.
    let Some(page) = says("origin").filter(|origin| *origin != "null").or_else(|| says("referer")) else {
        return;
    };
    let Ok(url) = url::Url::parse(page) else { return };
    let origin = url.origin().ascii_serialization();
    let own = site.origins.contains(&origin);
    let named = matches!(url.host(), Some(url::Host::Domain(host)) if host.len() <= 253);
    // An address in digits may be somebody's own machine.
    if !matches!(url.scheme(), "http" | "https") || !(own || named) {
        return;
    }
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let first_party = authority.is_some() && authority == says(HOST.as_str());
    app.tally.add_sighting(&site.id, origin, first_party, own, app.clock.now());
}
