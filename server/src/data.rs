//! Owns saying what this installation stores: from its settings and its database, for whoever has to describe the processing.
//! Refuses to promise anything: it says what is so today, and names the articles that somebody may want to read.

mod installation;
mod kinds;
mod write;

use assent_shared::SiteId;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Caller, Permission, Role};
use crate::answers;
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::extract::ByKey;
use crate::state::App;
use crate::store::{KeyRow, Site};

pub use installation::Installation;
pub use kinds::{Kind, NEVER};
pub use write::as_text;

/// What is stored, where, how long, and who may see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Data)]
pub struct Report {
    /// When this was so, milliseconds since 1970.
    pub made_at: i64,
    /// Of which version of Assent.
    pub version: String,
    /// Where it is stored.
    pub installation: Installation,
    /// The sites that the caller may know of.
    pub sites: Vec<SiteData>,
    /// Every kind of data.
    pub kinds: Vec<Kind>,
    /// What is neither stored nor logged.
    pub never: Vec<String>,
    /// What each role may see and do.
    pub roles: Vec<RoleData>,
    /// Who has which role, as far as it is about sites that the caller may know of.
    pub people: Vec<PersonData>,
    /// Keys of programs that work.
    pub keys: Vec<KeyData>,
}

/// One site.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SiteData {
    /// Its id.
    pub site: SiteId,
    /// Its name for people.
    pub name: String,
    /// `production`, `staging` or `development`.
    pub environment: String,
    /// The origins of its pages.
    pub origins: Vec<String>,
    /// Whether one choice holds for all subdomains.
    pub share_subdomains: bool,
    /// After how many days its receipts are erased; nothing keeps them until somebody erases them.
    pub retention_days: Option<i64>,
    /// How many holds keep receipts from being erased at present.
    pub holds: u64,
    /// How many notices were published.
    pub notices: i64,
    /// The name of its ledger.
    pub ledger: Option<String>,
    /// How many leaves that has: receipts, notices, tombstones, builds and keys.
    pub leaves: i64,
}

/// What a role stands for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoleData {
    /// The role.
    pub role: Role,
    /// What it may.
    pub permissions: Vec<Permission>,
}

/// An operator and what they are.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PersonData {
    /// Their e-mail address.
    pub email: String,
    /// Their name; empty until they came in.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The only site; none for all.
    pub site: Option<String>,
    /// Whether they are kept out.
    pub disabled: bool,
}

/// A program's key.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyData {
    /// Its public half.
    pub key_id: String,
    /// What it is for.
    pub label: String,
    /// The only site it opens; none for all.
    pub site: Option<String>,
    /// What it may.
    pub scopes: Vec<Permission>,
    /// When it stops working by itself, milliseconds since 1970.
    pub expires_at: Option<i64>,
}

/// A role's or a permission's name, as programs write it.
pub(crate) fn word(of: impl Serialize) -> String {
    let value = serde_json::to_value(of).ok();
    value.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

/// What is stored, as far as the caller may know of it.
pub async fn report(app: &App, caller: &Caller) -> Result<Report> {
    let sites = app.store.sites().await?;
    let everything = caller.may_everywhere(Permission::ReadAudit);
    let sites: Vec<Site> =
        sites.into_iter().filter(|site| caller.may(Permission::ReadAudit, &site.id)).collect();
    if !everything && sites.is_empty() {
        return Err(Error::Forbidden(Permission::ReadAudit));
    }
    let only = (!everything && sites.len() == 1).then(|| &sites[0].id);
    audit::record(app, caller, Action::DataView, only, "").await?;

    let retentions = app.store.retentions().await?;
    let mut told = Vec::with_capacity(sites.len());
    for site in sites {
        let days = retentions.iter().find(|(id, _)| id == site.id.as_str()).map(|(_, days)| *days);
        told.push(site_data(app, site, days).await?);
    }
    let sites = told;
    let knows = |site: Option<&SiteId>| match site {
        Some(site) => sites.iter().any(|own| own.site == *site),
        None => everything,
    };
    let operators = app.store.operators().await?;
    let roles = app.store.roles().await?.into_iter().filter(|(_, on)| knows(on.site.as_ref()));
    let people = roles.filter_map(|(id, on)| {
        let operator = operators.iter().find(|operator| operator.operator == id)?;
        Some(PersonData {
            email: operator.email.clone(),
            name: operator.name.clone(),
            role: on.role,
            site: on.site.map(|site| site.to_string()),
            disabled: operator.disabled_at.is_some(),
        })
    });
    let people = people.collect();
    let now = app.clock.now();
    let works =
        |key: &KeyRow| key.revoked_at.is_none() && key.expires_at.is_none_or(|expires_at| expires_at > now);
    let keys = app.store.keys().await?.into_iter().filter(works);
    let keys = keys
        .filter(|key| knows(key.site.0.as_ref()))
        .map(|key| KeyData {
            key_id: key.key_id,
            label: key.label,
            site: key.site.0.map(|site| site.to_string()),
            scopes: key.scopes.0,
            expires_at: key.expires_at,
        })
        .collect();
    let roles = Role::ALL.map(|role| RoleData { role, permissions: role.permissions().to_vec() }).to_vec();
    Ok(Report {
        made_at: now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        installation: Installation::clone(&app.installation),
        kinds: kinds::all(&app.installation, &sites),
        never: NEVER.iter().map(|what| (*what).to_owned()).collect(),
        sites,
        roles,
        people,
        keys,
    })
}

async fn site_data(app: &App, site: Site, retention_days: Option<i64>) -> Result<SiteData> {
    let holds = app.store.holds(&site.id).await?.into_iter().filter(|hold| hold.lifted_at.is_none());
    let ledger = app.store.ledger(&site.id).await?;
    Ok(SiteData {
        retention_days,
        holds: holds.count() as u64,
        notices: app.store.newest_notice(&site.id).await?,
        leaves: ledger.as_ref().map_or(0, |ledger| ledger.leaves),
        ledger: ledger.map(|ledger| ledger.origin),
        site: site.id,
        name: site.name,
        environment: site.environment.to_string(),
        origins: site.origins,
        share_subdomains: site.share_subdomains,
    })
}

/// Its address for programs.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_data))
}

/// What is stored, where, how long, and who may see it.
///
/// Made of the settings and the database, for whoever describes the processing. A key for one site sees that site.
#[utoipa::path(
    get,
    path = "/api/v1/data",
    tag = "data",
    responses((status = 200, description = "What is stored", body = Report))
)]
pub(crate) async fn get_data(State(app): State<App>, ByKey(caller): ByKey) -> Result<Response> {
    answers::json(&report(&app, &caller).await?)
}
