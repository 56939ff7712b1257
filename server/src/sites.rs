//! Owns sites: adding, changing, listing and looking at them, whoever asks; and their API.
//! Refuses to remove a site, and to mix environments: receipts of one never become another's.

pub mod fields;
pub mod tag;

use assent_shared::{Locale, SiteId};
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use self::fields::{Changes, Fields, NewSite};
use crate::access::{Caller, Permission};
use crate::answers;
use crate::audit::{self, Action};
use crate::clock::day_of;
use crate::error::{self, Error, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::state::App;
use crate::statistics::{self, Sums};
use crate::store::{By, Environment, Site};

/// Sites of one answer, where nobody says how many, and at most.
const USUAL: usize = 50;
const MOST: usize = 500;

/// A site as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SiteView {
    /// Its name in addresses.
    pub id: SiteId,
    /// Its name for people.
    pub name: String,
    /// What it is for.
    pub environment: Environment,
    /// Where its pages are.
    pub origins: Vec<String>,
    /// Whether one choice holds for all subdomains.
    pub share_subdomains: bool,
    /// After how many days receipts are erased; null keeps them.
    pub retention_days: Option<i64>,
    /// The newest notice's number; null before the first.
    pub notice: Option<u32>,
}

/// A site with how it is going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The site.
    #[serde(flatten)]
    pub site: SiteView,
    /// The languages of its newest notice.
    pub locales: Vec<Locale>,
    /// When that was published, milliseconds since 1970.
    pub published_at: Option<i64>,
    /// What was counted today (UTC), for who may read statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Sums>,
    /// The ledger's name.
    pub ledger: String,
    /// How many leaves it has.
    pub leaves: i64,
    /// Whether somebody signed for them.
    pub signed: bool,
    /// The line that embeds the tag.
    pub snippet: String,
}

/// A page of sites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sites {
    /// The sites, by id.
    pub items: Vec<SiteView>,
    /// Where the next page goes on, if there is one.
    pub next: Option<SiteId>,
}

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitesQuery {
    limit: Option<usize>,
    after: Option<SiteId>,
}

/// The API's addresses.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/sites", get(get_sites).post(create_site))
        .route("/api/v1/sites/{site}", get(get_site).patch(change_site))
        .route("/api/v1/sites/{site}/tag", get(tag::get_tag_report))
        .route("/api/v1/sites/{site}/tag/pins", post(tag::create_pin))
        .route("/api/v1/sites/{site}/tag/sightings", axum::routing::delete(tag::delete_sightings))
}

/// `GET /api/v1/sites`
pub async fn get_sites(
    State(app): State<App>,
    ByKey(caller): ByKey,
    query: Result<Query<SitesQuery>, QueryRejection>,
) -> Result<Response> {
    let Query(SitesQuery { limit, after }) =
        query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let limit = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Error::InvalidQuery(format!("`limit` is between 1 and {MOST}")));
    }
    let mut items: Vec<SiteView> = list(&app, &caller).await?;
    items.retain(|site| after.as_ref().is_none_or(|after| site.id > *after));
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|site| site.id.clone());
    answers::json(&Sites { items, next })
}

/// `POST /api/v1/sites`
pub async fn create_site(
    State(app): State<App>,
    ByKey(caller): ByKey,
    JsonBody(new): JsonBody<NewSite>,
) -> Result<Response> {
    let site = add(&app, &caller, new).await?;
    Ok((error::created(true), answers::json(&site)?).into_response())
}

/// `GET /api/v1/sites/{site}`
pub async fn get_site(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    headers: axum::http::HeaderMap,
) -> Result<Response> {
    answers::json(&show(&app, &caller, &site, &tag::base(&app, &headers)).await?)
}

/// `PATCH /api/v1/sites/{site}`
pub async fn change_site(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    JsonBody(changes): JsonBody<Changes>,
) -> Result<Response> {
    answers::json(&change(&app, &caller, &site, changes).await?)
}

/// Every site that exists for the caller.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<SiteView>> {
    let rows = app.store.site_rows().await?;
    Ok(rows.into_iter().filter(|(site, ..)| caller.may_see(&site.id)).map(SiteView::from).collect())
}

/// One site with its settings.
pub async fn view(app: &App, caller: &Caller, site: &SiteId) -> Result<SiteView> {
    if !caller.may_see(site) {
        return Err(Error::NotFound);
    }
    app.store.site_row(site).await?.map(SiteView::from).ok_or(Error::NotFound)
}

/// One site with how it is going. `base` is the address under which browsers reach this server.
pub async fn show(app: &App, caller: &Caller, id: &SiteId, base: &str) -> Result<Overview> {
    let site = view(app, caller, id).await?;
    let newest = match site.notice {
        Some(number) => Some(app.catalog.notice(id, number).await?),
        None => None,
    };
    let today = day_of(app.clock.now());
    let today = match caller.may(Permission::ReadStatistics, id) {
        true => Some(statistics::read(app, caller, id, today..=today, By::Day).await?.total.sums),
        false => None,
    };
    let ledger = app.store.ledger(id).await?.ok_or(Error::NotFound)?;
    Ok(Overview {
        locales: newest.iter().flat_map(|newest| newest.notice.texts.keys().cloned()).collect(),
        published_at: newest.map(|newest| newest.published_at),
        today,
        ledger: ledger.origin,
        leaves: ledger.leaves,
        signed: ledger.checkpoint.is_some(),
        snippet: tag::snippet(base, id, None),
        site,
    })
}

/// Adds a site.
pub async fn add(app: &App, caller: &Caller, new: NewSite) -> Result<SiteView> {
    caller.require_everywhere(Permission::ManageSites)?;
    let (id, fields) = new.check()?;
    refuse_mixing(app, &id, &fields).await?;
    audit::record(app, caller, Action::SiteAdd, Some(&id), fields.to_string()).await?;
    let Fields { name, environment, origins, share_subdomains, retention_days } = fields;
    let site = Site { id: id.clone(), name, environment, origins, share_subdomains };
    if !app.store.add_site(&site, app.clock.now()).await? {
        return Err(fields::wrong("id", format!("there is a site `{id}` already")));
    }
    app.store.set_retention(&id, retention_days).await?;
    view(app, caller, &id).await
}

/// Changes a site; what is not said stays.
pub async fn change(app: &App, caller: &Caller, id: &SiteId, changes: Changes) -> Result<SiteView> {
    caller.require(Permission::ManageSites, id)?;
    let before = view(app, caller, id).await?;
    let fields = changes.over(&before).check()?;
    refuse_mixing(app, id, &fields).await?;
    audit::record(app, caller, Action::SiteChange, Some(id), fields.to_string()).await?;
    let Fields { name, environment, origins, share_subdomains, retention_days } = fields;
    let site = Site { id: id.clone(), name, environment, origins, share_subdomains };
    if !app.store.change_site(&site, retention_days).await? {
        return Err(fields::wrong(
            "environment",
            "this site has receipts, and those of one environment never become another's; add a site of its own",
        ));
    }
    app.catalog.forget(id).await;
    view(app, caller, id).await
}

/// Refuses an origin at which a site of another environment has its pages: a browser would have one cookie for both.
async fn refuse_mixing(app: &App, id: &SiteId, fields: &Fields) -> Result<()> {
    for other in app.store.sites().await? {
        let mixed = other.id != *id && other.environment != fields.environment;
        if let Some(origin) = fields.origins.iter().find(|origin| mixed && other.origins.contains(origin)) {
            return Err(fields::wrong(
                "origins",
                format!("{origin} is an origin of a site for {}; environments are never mixed", other.environment),
            ));
        }
    }
    Ok(())
}

impl From<(Site, Option<i64>, i64)> for SiteView {
    fn from((site, retention_days, notices): (Site, Option<i64>, i64)) -> Self {
        let Site { id, name, environment, origins, share_subdomains } = site;
        let notice = u32::try_from(notices).ok().filter(|number| *number > 0);
        Self { id, name, environment, origins, share_subdomains, retention_days, notice }
    }
}
