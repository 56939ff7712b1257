//! Owns the editor of a site's notice: its addresses, what its pages share, and the overview.
//! Refuses to save anything by itself: every change goes through `drafts.rs`, with the revision that it was made from.

mod fields;
mod forms;
mod lists;
mod preview;
mod publish;
mod sections;
mod services;
mod vendors;
mod whole;

use std::sync::Arc;

use askama::Template;
use assent_shared::{Locale, PurposeId, SiteId};
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use toml::Table;

use self::sections::Section;
use super::{Link, Shell, Tab, address, page};
use crate::access::{Caller, Permission};
use crate::catalog::CurrentSite;
use crate::drafts::{self, Draft, Examined};
use crate::error::{Error, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::notices;
use crate::notices::difference::Change;
use crate::notices::file::NoticeFile;
use crate::notices::lint::{Finding, Severity};
use crate::numbers::Number;
use crate::publishing::{self, Plan};
use crate::state::App;

/// What was just done, as `?done=` says it.
const SENTENCES: &[(&str, &str)] = &[
    ("saved", "The draft is saved. Nothing is published yet."),
    ("discarded", "The draft is gone. What you see is the newest notice again."),
    ("back", "The draft has the words of that version now. Publish it to make it the newest."),
    ("scheduled", "It will be published on that date, and is announced until then."),
    ("cancelled", "The plan is taken back. Nothing is published."),
    ("unchanged", "There was nothing to publish: the newest notice says exactly this."),
];

/// The parts of the editor.
const PARTS: [(&str, &str); 9] = [
    ("Overview", ""),
    ("Who asks", "/who"),
    ("Purposes", "/purposes"),
    ("Languages", "/languages"),
    ("Looks", "/looks"),
    ("Vendors’ scripts", "/vendors"),
    ("As a file", "/toml"),
    ("Preview", "/preview"),
    ("Publish", "/publish"),
];

/// The editor's addresses.
pub(super) fn routes() -> Router<App> {
    let at = |path: &str| format!("/admin/sites/{{site}}/notice{path}");
    Router::new()
        .route(&at(""), get(overview))
        .route(&at("/who"), get(show_who).post(save_who))
        .route(&at("/looks"), get(show_looks).post(save_looks))
        .route(&at("/languages"), get(lists::show_languages).post(lists::change_languages))
        .route(&at("/languages/{locale}"), get(show_language).post(save_language))
        .route(&at("/purposes"), get(lists::show_purposes).post(lists::change_purposes))
        .route(&at("/purposes/{purpose}"), get(show_purpose).post(save_purpose))
        .route(&at("/purposes/{purpose}/cookies/{place}"), get(show_cookie).post(save_cookie))
        .route(&at("/purposes/{purpose}/services"), get(services::show).post(services::add))
        .route(&at("/remove"), get(lists::ask_to_remove).post(lists::remove))
        .route(&at("/vendors"), get(vendors::show).post(vendors::save))
        .route(&at("/toml"), get(whole::show).post(whole::save))
        .route(&at("/toml/upload"), post(whole::upload))
        .route(&at("/toml/file"), get(whole::download))
        .route(&at("/publish"), get(publish::show).post(publish::publish))
        .route(&at("/discard"), get(publish::ask_to_discard).post(publish::discard))
        .route(&at("/cancel"), get(publish::ask_to_cancel).post(publish::cancel))
        .merge(preview::routes())
}

/// What was done before the page was asked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct DoneQuery {
    pub(crate) done: Option<String>,
}

/// A draft in somebody's hands.
pub(super) struct Editing {
    pub(super) caller: Caller,
    pub(super) site: Arc<CurrentSite>,
    pub(super) draft: Draft,
    /// The draft as it may be changed key by key.
    pub(super) file: Table,
}

impl Editing {
    pub(super) async fn load(app: &App, caller: &Caller, site: &SiteId) -> Result<Self> {
        let draft = drafts::get(app, caller, site).await?;
        let file = toml::from_str(&draft.text).map_err(|error| Error::Internal(format!("draft: {error}")))?;
        Ok(Self { caller: caller.clone(), site: app.catalog.site(site).await?, draft, file })
    }

    pub(super) fn id(&self) -> &SiteId {
        &self.site.site.id
    }

    /// The address of one of the editor's pages.
    pub(super) fn address(&self, path: &str) -> String {
        address(self.id(), &format!("/notice{path}"))
    }

    pub(super) fn shell(&self, title: impl Into<String>, done: Option<&str>) -> Shell {
        Shell::of_site(&self.caller, title, &self.site.site, Tab::Notice).told(done, SENTENCES)
    }

    /// The links to the editor's parts; `here` is the path of this one.
    pub(super) fn parts(&self, here: &str) -> Vec<Link> {
        let parts = PARTS.into_iter().filter(|(_, path)| {
            *path != "/publish" || self.caller.may(Permission::PublishNotices, self.id())
        });
        parts
            .map(|(text, path)| Link {
                text: text.to_owned(),
                address: self.address(path),
                here: path == here,
            })
            .collect()
    }

    /// The changed file as text, if it is one.
    pub(super) fn text(&self) -> std::result::Result<String, String> {
        let file: NoticeFile =
            self.file.clone().try_into().map_err(|error: toml::de::Error| error.to_string())?;
        Ok(file.to_toml())
    }
}

/// A finding with the way to what it is about.
pub(super) struct Found {
    pub(super) finding: Finding,
    pub(super) refused: bool,
    pub(super) link: String,
}

pub(super) fn found(editing: &Editing, findings: Vec<Finding>) -> Vec<Found> {
    findings
        .into_iter()
        .map(|finding| {
            let key = forms::own_key(&editing.file, &finding.at);
            let path = match key.split('.').next().unwrap_or_default() {
                "adapters" => "/vendors".to_owned(),
                "default_locale" => "/languages".to_owned(),
                "purposes" if !key.contains('.') => "/purposes".to_owned(),
                _ => Section::of(&key).map_or_else(|| "/toml".to_owned(), |section| section.path()),
            };
            let link = format!("{}#{key}", editing.address(&path));
            Found { refused: finding.severity == Severity::Refuse, finding, link }
        })
        .collect()
}

#[derive(Template)]
#[template(path = "admin/notice/overview.html")]
struct Overview {
    shell: Shell,
    parts: Vec<Link>,
    /// When the draft was saved, and by whom.
    saved: Option<(String, String)>,
    newest: u32,
    problem: Option<String>,
    findings: Vec<Found>,
    changes: Option<Vec<Change>>,
    plan: Option<(Plan, String)>,
    home: String,
    versions: String,
    may_publish: bool,
}

/// `GET /admin/sites/{site}/notice`
async fn overview(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    let Examined { problem, findings } = drafts::examine(&editing.draft.text);
    let changes = match notices::read(&editing.draft.text) {
        Ok(notice) => publishing::against_newest(&app, &site, &notice).await?,
        Err(_) => None,
    };
    let plan = publishing::plan(&app, &caller, &site).await?;
    let saved = editing.draft.saved.as_ref();
    page(&Overview {
        shell: editing.shell("Notice", done.as_deref()),
        parts: editing.parts(""),
        saved: saved.map(|(at, by)| (super::time(*at), by.clone())),
        newest: u32::try_from(app.store.newest_notice(&site).await?).unwrap_or_default(),
        problem,
        findings: found(&editing, findings),
        changes,
        plan: plan.map(|plan| {
            let at = super::time(plan.row.publish_at);
            (plan, at)
        }),
        home: editing.address(""),
        versions: address(&site, "/notices"),
        may_publish: caller.may(Permission::PublishNotices, &site),
    })
}

/// Declares a section's page and its form.
macro_rules! section {
    ($show:ident, $save:ident, $path:ty, |$names:pat_param| $section:expr) => {
        async fn $show(
            State(app): State<App>,
            BySession(caller): BySession,
            PathOf((site, $names)): PathOf<(SiteId, $path)>,
            Query(DoneQuery { done }): Query<DoneQuery>,
        ) -> Result<Response> {
            forms::show(&app, &caller, &site, &$section, done.as_deref()).await
        }

        async fn $save(
            State(app): State<App>,
            BySession(caller): BySession,
            PathOf((site, $names)): PathOf<(SiteId, $path)>,
            LongForm(form): LongForm,
        ) -> Result<Response> {
            forms::save(&app, &caller, &site, &$section, &form).await
        }
    };
    ($show:ident, $save:ident, $section:expr) => {
        async fn $show(
            State(app): State<App>,
            BySession(caller): BySession,
            PathOf(site): PathOf<SiteId>,
            Query(DoneQuery { done }): Query<DoneQuery>,
        ) -> Result<Response> {
            forms::show(&app, &caller, &site, &$section, done.as_deref()).await
        }

        async fn $save(
            State(app): State<App>,
            BySession(caller): BySession,
            PathOf(site): PathOf<SiteId>,
            LongForm(form): LongForm,
        ) -> Result<Response> {
            forms::save(&app, &caller, &site, &$section, &form).await
        }
    };
}

section!(show_who, save_who, Section::Who);
section!(show_looks, save_looks, Section::Looks);
section!(show_language, save_language, Locale, |locale| Section::Language(locale));
section!(show_purpose, save_purpose, PurposeId, |id| Section::Purpose(id));

async fn show_cookie(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, id, Number(at))): PathOf<(SiteId, PurposeId, Number<usize>)>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response> {
    forms::show(&app, &caller, &site, &Section::Cookie(id, at), done.as_deref()).await
}

async fn save_cookie(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, id, Number(at))): PathOf<(SiteId, PurposeId, Number<usize>)>,
    LongForm(form): LongForm,
) -> Result<Response> {
    forms::save(&app, &caller, &site, &Section::Cookie(id, at), &form).await
}
