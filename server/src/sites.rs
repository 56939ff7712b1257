//! Owns sites: adding, changing, listing and looking at them, whoever asks.
//! Refuses to remove a site, and to mix environments: receipts of one never become another's.

pub mod api;
pub mod fields;
pub mod tag;

use assent_shared::{Locale, SiteId};
use serde::Serialize;
use utoipa::ToSchema;

use self::fields::{Changes, Fields, NewSite};
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::clock::day_of;
use crate::error::{Error, Result};
use crate::state::App;
use crate::statistics::{self, Sums};
use crate::store::{By, Environment, Site};

/// A site as operators see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
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
    let today = if caller.may(Permission::ReadStatistics, id) {
        Some(statistics::read(app, caller, id, today..=today, By::Day).await?.total.sums)
    } else {
        None
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
                format!(
                    "{origin} is an origin of a site for {}; environments are never mixed",
                    other.environment
                ),
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
