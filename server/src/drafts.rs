//! Owns a site's draft: the notice that its operators are writing, from the first text to being discarded.
//! Refuses to save what was made from another revision than the one that is there, and what is no notice file at all; a file
//! that still lacks something is what drafts are for.

mod api;

use assent_shared::SiteId;

use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::notices::file::NoticeFile;
use crate::notices::lint::{self, Finding};
use crate::state::App;
use crate::store::Site;
use crate::{notices, versions};

pub use api::routes;
pub(crate) use api::{Format, FormatQuery, query};

/// What a site's first draft starts from.
const FIRST: &str = include_str!("../templates/draft.toml");

/// The notice that a site's operators are writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What a save names that was made from this text; 0 before anybody saved one.
    pub revision: i64,
    /// The notice file. Before anybody saved one: the newest notice's, or the least that can be true.
    pub text: String,
    /// When it was saved (milliseconds since 1970) and by whom; nothing while there is no draft.
    pub saved: Option<(i64, String)>,
}

/// What a look at a draft finds.
#[derive(Debug, Clone)]
pub struct Examined {
    /// Why it cannot be published as it is: what it lacks, or where it contradicts itself.
    pub problem: Option<String>,
    /// What the linter says, as far as there is a file to look at.
    pub findings: Vec<Finding>,
}

/// A site's draft, or what it would start from.
pub async fn get(app: &App, caller: &Caller, site: &SiteId) -> Result<Draft> {
    caller.require(Permission::ReadNotices, site)?;
    let current = app.catalog.site(site).await?;
    let row = app.store.draft(site).await?;
    let revision = row.as_ref().map_or(0, |row| row.revision);
    match row.and_then(|row| Some((row.body?, row.updated_at, row.updated_by))) {
        Some((text, at, by)) => Ok(Draft { revision, text, saved: Some((at, by)) }),
        None => Ok(Draft { revision, text: start(app, &current.site).await?, saved: None }),
    }
}

/// Replaces the draft that was made from a revision.
pub async fn save(app: &App, caller: &Caller, site: &SiteId, made_from: i64, text: &str) -> Result<Draft> {
    caller.require(Permission::EditNotices, site)?;
    app.catalog.site(site).await?;
    NoticeFile::read(text).map_err(Error::InvalidNotice)?;
    let about = format!("from revision {made_from}");
    change(app, caller, site, made_from, Some(text), Action::DraftSave, about).await
}

/// Takes the draft away; the next one starts from the newest notice again.
pub async fn discard(app: &App, caller: &Caller, site: &SiteId, made_from: i64) -> Result<Draft> {
    caller.require(Permission::EditNotices, site)?;
    app.catalog.site(site).await?;
    let about = format!("revision {made_from}");
    change(app, caller, site, made_from, None, Action::DraftDiscard, about).await?;
    get(app, caller, site).await
}

/// Makes a draft of a version that was published before.
pub async fn roll_back(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    made_from: i64,
    number: u32,
) -> Result<Draft> {
    caller.require(Permission::EditNotices, site)?;
    let text = versions::file(app, caller, site, number).await?.to_toml();
    change(app, caller, site, made_from, Some(&text), Action::DraftSave, format!("back to notice {number}"))
        .await
}

async fn change(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    made_from: i64,
    text: Option<&str>,
    action: Action,
    about: String,
) -> Result<Draft> {
    let now = app.clock.now();
    audit::record(app, caller, action, Some(site), about).await?;
    match app.store.save_draft(site, made_from, text, &caller.name, now).await? {
        Some(revision) => Ok(Draft {
            revision,
            text: text.unwrap_or_default().to_owned(),
            saved: text.map(|_| (now, caller.name.clone())),
        }),
        None => {
            let revision = app.store.draft(site).await?.map_or(0, |row| row.revision);
            Err(Error::DraftConflict { made_from, revision })
        }
    }
}

/// Looks at a text as publishing would.
#[must_use]
pub fn examine(text: &str) -> Examined {
    let file = match NoticeFile::read(text) {
        Ok(file) => file,
        Err(problem) => return Examined { problem: Some(problem), findings: vec![] },
    };
    let findings = lint::lint(&file);
    Examined { problem: notices::notice(file).err(), findings }
}

/// Looks at a site's draft as publishing would.
pub async fn lint(app: &App, caller: &Caller, site: &SiteId) -> Result<Examined> {
    Ok(examine(&get(app, caller, site).await?.text))
}

async fn start(app: &App, site: &Site) -> Result<String> {
    let newest = app.store.newest_notice(&site.id).await?;
    match u32::try_from(newest) {
        Ok(number @ 1..) => {
            let newest = app.catalog.notice(&site.id, number).await?;
            Ok(NoticeFile::of(&newest.notice).to_toml())
        }
        _ => {
            let name = toml::Value::String(site.name.clone()).to_string();
            let first = FIRST.replace("{name}", &name);
            NoticeFile::read(&first).map(|file| file.to_toml()).map_err(Error::Internal)
        }
    }
}
