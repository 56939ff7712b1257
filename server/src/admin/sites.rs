//! Owns the pages of sites: the list, adding one, one at a glance, its settings, its pinned tags.
//! Refuses to check anything by itself; the operations of `sites` do.

use askama::Template;
use assent_shared::{Locale, SiteId};
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::Timestamp;
use serde::Deserialize;

use super::{Shell, Tab, address, page};
use crate::access::{Caller, Permission};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, FormBody, PathOf};
use crate::sites::fields::{Changes, FieldError, NewSite};
use crate::sites::tag::{self, Pin, Seen, TagReport};
use crate::sites::{self, Overview, SiteView};
use crate::state::App;
use crate::store::Environment;

/// What `?done=` may say on these pages.
const DONE: [(&str, &str); 5] = [
    ("added", "The site is added. Next: write its notice, publish it, and put the line into its pages."),
    ("saved", "The settings are saved. Servers that run beside this one follow within a second."),
    ("pinned", "The tag is pinned. Its line is below, under Pin the tag."),
    ("listed", "The origin is one of the site's now."),
    ("forgotten", "It is forgotten where the tag was seen. Whoever still asks for it is seen again."),
];

/// The query of a page that may say what was done.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DoneQuery {
    done: Option<String>,
}

/// The addresses of these pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin", get(list_sites))
        .route("/admin/sites/new", get(new_site).post(add_site))
        .route("/admin/sites/{site}", get(show_site))
        .route("/admin/sites/{site}/settings", get(show_settings).post(save_settings))
        .route("/admin/sites/{site}/origins", post(list_origin))
        .route("/admin/sites/{site}/pins", post(pin_tag))
        .route("/admin/sites/{site}/sightings/forget", post(forget_sightings))
}

#[derive(Template)]
#[template(path = "admin/sites/list.html")]
struct ListPage {
    shell: Shell,
    sites: Vec<SiteView>,
    may_add: bool,
}

#[derive(Template)]
#[template(path = "admin/sites/new.html")]
struct NewPage {
    shell: Shell,
    form: SiteForm,
}

#[derive(Template)]
#[template(path = "admin/sites/settings.html")]
struct SettingsPage {
    shell: Shell,
    id: SiteId,
    form: SiteForm,
}

#[derive(Template)]
#[template(path = "admin/sites/one.html")]
struct SitePage<'a> {
    shell: Shell,
    site: &'a SiteView,
    overview: &'a Overview,
    published: Option<String>,
    tag: Option<&'a TagReport>,
    sightings: Vec<(&'a Seen, String, String)>,
    pins: Vec<(&'a Pin, String)>,
}

/// A site's fields as they were typed.
#[derive(Debug, Default)]
struct SiteForm {
    new: bool,
    id: String,
    name: String,
    origins: String,
    environment: String,
    retention_days: String,
    share_subdomains: bool,
    /// Whether the environment stays as it is.
    fixed: bool,
    errors: Vec<(String, String)>,
}

impl SiteForm {
    /// What was sent; a field that is not there was left empty.
    fn read(fields: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in fields {
            match name.as_str() {
                "id" => form.id = value,
                "name" => form.name = value,
                "origins" => form.origins = value,
                "environment" => form.environment = value,
                "retention_days" => form.retention_days = value,
                "share_subdomains" => form.share_subdomains = value == "yes",
                _ => {}
            }
        }
        form
    }

    fn of(site: &SiteView, fixed: bool) -> Self {
        Self {
            new: false,
            id: site.id.to_string(),
            name: site.name.clone(),
            origins: site.origins.join("\n"),
            environment: site.environment.to_string(),
            retention_days: site.retention_days.map(|days| days.to_string()).unwrap_or_default(),
            share_subdomains: site.share_subdomains,
            fixed,
            errors: Vec::new(),
        }
    }

    /// What it says, as a new site. What cannot be read as its type is no number that could be right.
    fn wish(&self) -> NewSite {
        let retention = self.retention_days.trim();
        NewSite {
            id: self.id.trim().to_owned(),
            name: self.name.clone(),
            environment: environment(&self.environment),
            origins: self.origins.split_whitespace().map(str::to_owned).collect(),
            share_subdomains: self.share_subdomains,
            retention_days: (!retention.is_empty()).then(|| retention.parse().unwrap_or(0)),
        }
    }

    /// The same with what is wrong, or another error for who deals with it.
    fn refused(mut self, error: Error) -> Result<Self> {
        let Error::InvalidFields(errors) = error else { return Err(error) };
        let errors = errors.into_iter().map(|FieldError { field, message }| (field.to_owned(), message));
        self.errors = errors.collect();
        Ok(self)
    }

    fn error(&self, field: &str) -> Option<&str> {
        self.errors.iter().find(|(name, _)| name == field).map(|(_, message)| message.as_str())
    }

    #[expect(clippy::unused_self, reason = "the template calls it on the page")]
    fn environments(&self) -> [&'static str; 3] {
        ["production", "staging", "development"]
    }
}

fn environment(name: &str) -> Environment {
    match name {
        "staging" => Environment::Staging,
        "development" => Environment::Development,
        _ => Environment::Production,
    }
}

/// `GET /admin`
async fn list_sites(
    State(app): State<App>,
    BySession(caller): BySession,
    query: Result<Query<DoneQuery>, QueryRejection>,
) -> Result<Response> {
    let sites = sites::list(&app, &caller).await?;
    let may_add = caller.may_everywhere(Permission::ManageSites);
    page(&ListPage { shell: told(Shell::new(&caller, "Sites", "/admin"), query), sites, may_add })
}

/// `GET /admin/sites/new`
async fn new_site(BySession(caller): BySession) -> Result<Response> {
    caller.require_everywhere(Permission::ManageSites)?;
    page(&NewPage {
        shell: Shell::new(&caller, "Add a site", "/admin/sites/new"),
        form: SiteForm { new: true, ..SiteForm::default() },
    })
}

/// `POST /admin/sites/new`
async fn add_site(
    State(app): State<App>,
    BySession(caller): BySession,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let form = SiteForm { new: true, ..SiteForm::read(fields) };
    match sites::add(&app, &caller, form.wish()).await {
        Ok(site) => Ok(error::see_other(&address(&site.id, "?done=added"))),
        Err(error) => {
            let form = form.refused(error)?;
            let shell = Shell::new(&caller, "Add a site", "/admin/sites/new");
            Ok((error::incomplete(), page(&NewPage { shell, form })?).into_response())
        }
    }
}

/// `GET /admin/sites/{site}`
async fn show_site(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<DoneQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response> {
    let base = tag::base(&app, &headers);
    let overview = sites::show(&app, &caller, &site, &base).await?;
    let tag = if caller.may(Permission::ManageSites, &site) {
        Some(tag::report(&app, &caller, &site, &base).await?)
    } else {
        None
    };
    let current = app.catalog.site(&site).await?;
    let shell = Shell::of_site(&caller, "Overview", &current.site, Tab::Overview);
    let sightings = tag.iter().flat_map(|tag| &tag.sightings);
    page(&SitePage {
        shell: told(shell, query),
        site: &overview.site,
        published: overview.published_at.map(when),
        sightings: sightings
            .map(|seen| (seen, when(seen.sighting.first_seen), when(seen.sighting.last_seen)))
            .collect(),
        pins: tag.iter().flat_map(|tag| &tag.pins).map(|pin| (pin, when(pin.pinned_at))).collect(),
        tag: tag.as_ref(),
        overview: &overview,
    })
}

/// `GET /admin/sites/{site}/settings`
async fn show_settings(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<DoneQuery>, QueryRejection>,
) -> Result<Response> {
    caller.require(Permission::ManageSites, &site)?;
    let view = sites::view(&app, &caller, &site).await?;
    let form = SiteForm::of(&view, app.store.has_receipts(&site).await?);
    let shell = told(settings_shell(&app, &caller, &site).await?, query);
    page(&SettingsPage { shell, id: site, form })
}

/// `POST /admin/sites/{site}/settings`
async fn save_settings(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let form = SiteForm::read(fields);
    let NewSite { name, environment, origins, share_subdomains, retention_days, .. } = form.wish();
    let changes = Changes {
        name: Some(name),
        environment: Some(environment),
        origins: Some(origins),
        share_subdomains: Some(share_subdomains),
        retention_days: Some(retention_days),
    };
    match sites::change(&app, &caller, &site, changes).await {
        Ok(_) => Ok(error::see_other(&address(&site, "/settings?done=saved"))),
        Err(error) => {
            let form = form.refused(error)?;
            let form = SiteForm { fixed: app.store.has_receipts(&site).await?, ..form };
            let shell = settings_shell(&app, &caller, &site).await?;
            Ok((error::incomplete(), page(&SettingsPage { shell, id: site, form })?).into_response())
        }
    }
}

async fn settings_shell(app: &App, caller: &Caller, site: &SiteId) -> Result<Shell> {
    let current = app.catalog.site(site).await?;
    Ok(Shell::of_site(caller, "Settings", &current.site, Tab::Settings))
}

/// `POST /admin/sites/{site}/origins`: an origin at which the tag was seen becomes one of the site's.
async fn list_origin(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let mut origins = sites::view(&app, &caller, &site).await?.origins;
    origins.extend(fields.into_iter().filter(|(name, _)| name == "origin").map(|(_, origin)| origin));
    let changes = Changes { origins: Some(origins), ..Changes::default() };
    sites::change(&app, &caller, &site, changes).await?;
    Ok(error::see_other(&address(&site, "?done=listed")))
}

/// `POST /admin/sites/{site}/pins`
async fn pin_tag(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    headers: HeaderMap,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let locale = fields.into_iter().find(|(name, _)| name == "locale").map(|(_, locale)| locale);
    let locale: Locale = locale
        .and_then(|locale| locale.parse().ok())
        .ok_or_else(|| crate::sites::fields::wrong("locale", "choose a language"))?;
    tag::pin(&app, &caller, &site, &locale, &tag::base(&app, &headers)).await?;
    Ok(error::see_other(&address(&site, "?done=pinned")))
}

/// `POST /admin/sites/{site}/sightings/forget`
async fn forget_sightings(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    tag::forget_sightings(&app, &caller, &site).await?;
    Ok(error::see_other(&address(&site, "?done=forgotten")))
}

fn told(shell: Shell, query: Result<Query<DoneQuery>, QueryRejection>) -> Shell {
    let done = query.ok().and_then(|Query(query)| query.done);
    shell.told(done.as_deref(), &DONE)
}

/// An instant as people read it.
fn when(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
}
