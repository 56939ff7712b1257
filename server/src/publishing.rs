//! Owns publishing as operators do it: from a draft or a file, now or on a date, by the linter or against it with a reason.
//! Refuses what is incomplete, what the linter refuses and nobody gave a reason for, and what changed meanwhile.

mod api;
mod due;

use assent_shared::{Notice, PurposeId, SiteId};
use data_encoding::HEXLOWER;

use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::notices::difference::{Change, differences};
use crate::notices::file::NoticeFile;
use crate::notices::lint::{self, Override};
use crate::notices::{self, Published};
use crate::state::App;
use crate::store::{NewPublication, Origin, ScheduleRow};

pub use api::routes;
pub use due::{publish_what_is_due, run};

/// What is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This revision of the draft.
    Draft(i64),
    /// This notice file.
    Text(String),
}

/// How it is to be published.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What.
    pub source: Source,
    /// The purposes that changed so much that everybody is asked again; new ones are in any case.
    pub material: Vec<PurposeId>,
    /// What the linter refuses and is published all the same, each with its reason.
    pub overrides: Vec<Override>,
    /// A sentence for the list of versions.
    pub note: Option<String>,
    /// When, in milliseconds since 1970; nothing is now.
    pub at: Option<i64>,
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is the newest, under this number.
    Published(u32),
    /// The newest says exactly this.
    Unchanged,
    /// It will be published then.
    Scheduled(i64),
}

/// A notice that waits for its date, or could not be published on it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is stored of it.
    pub row: ScheduleRow,
    /// The purposes that will be asked again.
    pub asked_again: Vec<PurposeId>,
    /// The notice that it will be; nothing where it cannot be read any more.
    pub notice: Option<Notice>,
}

/// Publishes, or plans to.
pub async fn publish(app: &App, caller: &Caller, site: &SiteId, wish: &Wish) -> Result<Done> {
    caller.require(Permission::PublishNotices, site)?;
    app.catalog.site(site).await?;
    let text = match &wish.source {
        Source::Text(text) => text.clone(),
        Source::Draft(revision) => drafted(app, site, *revision).await?,
    };
    let notice = judged(&text, &wish.material, &wish.overrides)?;
    let (material, overrides) = (json(&wish.material)?, json(&wish.overrides)?);
    let about = about(wish);
    if let Some(publish_at) = wish.at {
        let now = app.clock.now();
        if publish_at <= now {
            return Err(Error::InvalidNotice(
                "The date to publish on is over; leave it out to publish now.".to_owned(),
            ));
        }
        audit::record(app, caller, Action::NoticeSchedule, Some(site), about).await?;
        let plan = ScheduleRow {
            schedule_id: new_id()?,
            body: text,
            material,
            overrides,
            note: wish.note.clone(),
            publish_at,
            made_by: caller.name.clone(),
            made_at: now,
            failed_at: None,
            failure: None,
        };
        app.store.set_schedule(site, &plan).await?;
        return Ok(Done::Scheduled(publish_at));
    }
    audit::record(app, caller, Action::NoticePublish, Some(site), about).await?;
    let origin = match wish.source {
        Source::Draft(revision) => Origin::Draft(revision),
        Source::Text(_) => Origin::File,
    };
    let publication = NewPublication {
        origin,
        published_by: &caller.name,
        material: &material,
        overrides: &overrides,
        note: wish.note.as_deref(),
    };
    match notices::publish_as(&app.store, site, notice, &wish.material, &publication, app.clock.now()).await?
    {
        Published::Number(number) => Ok(Done::Published(number)),
        Published::Unchanged => Ok(Done::Unchanged),
        Published::Gone => Err(gone(app, site, &wish.source).await?),
    }
}

/// What publishing a text would change against the newest notice; nothing before the first.
pub async fn against_newest(app: &App, site: &SiteId, notice: &Notice) -> Result<Option<Vec<Change>>> {
    let Ok(number @ 1..) = u32::try_from(app.store.newest_notice(site).await?) else { return Ok(None) };
    let newest = app.catalog.notice(site, number).await?;
    Ok(Some(differences(&newest.notice, notice)))
}

/// What a site plans to publish.
pub async fn plan(app: &App, caller: &Caller, site: &SiteId) -> Result<Option<Plan>> {
    caller.require(Permission::ReadNotices, site)?;
    app.catalog.site(site).await?;
    planned(app, site).await
}

/// As [`plan`], for anybody: what is planned is announced.
pub(crate) async fn planned(app: &App, site: &SiteId) -> Result<Option<Plan>> {
    let Some(row) = app.store.schedule(site).await? else { return Ok(None) };
    let material: Vec<PurposeId> = serde_json::from_str(&row.material).unwrap_or_default();
    let notice = notices::read(&row.body).ok();
    let newest = app.store.newest_notice(site).await?;
    let asked_again = match (&notice, u32::try_from(newest)) {
        (Some(notice), Ok(number @ 1..)) => {
            let newest = app.catalog.notice(site, number).await?;
            let next = number.saturating_add(1);
            let numbered = notices::numbered(notice.clone(), next, Some(&newest.notice), &material);
            numbered
                .optional()
                .filter(|purpose| purpose.since == next)
                .map(|purpose| purpose.id.clone())
                .collect()
        }
        (Some(notice), _) => notice.optional().map(|purpose| purpose.id.clone()).collect(),
        (None, _) => material,
    };
    Ok(Some(Plan { row, asked_again, notice }))
}

/// Takes a plan back.
pub async fn cancel(app: &App, caller: &Caller, site: &SiteId) -> Result<()> {
    caller.require(Permission::PublishNotices, site)?;
    app.catalog.site(site).await?;
    let row = app.store.schedule(site).await?.ok_or(Error::NotFound)?;
    audit::record(app, caller, Action::NoticeCancel, Some(site), format!("planned by {}", row.made_by))
        .await?;
    if app.store.cancel_schedule(site, &row.schedule_id).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// The notice of a text that may be published so.
fn judged(text: &str, material: &[PurposeId], overrides: &[Override]) -> Result<Notice> {
    let file = NoticeFile::read(text).map_err(Error::InvalidNotice)?;
    let findings = lint::lint(&file);
    let notice = notices::notice(file).map_err(Error::InvalidNotice)?;
    notices::check_material(&notice, material).map_err(Error::InvalidNotice)?;
    lint::judge(findings, overrides).map_err(Error::NoticeRefused)?;
    Ok(notice)
}

async fn drafted(app: &App, site: &SiteId, made_from: i64) -> Result<String> {
    let row = app.store.draft(site).await?;
    let revision = row.as_ref().map_or(0, |row| row.revision);
    if revision != made_from {
        return Err(Error::DraftConflict { made_from, revision });
    }
    row.and_then(|row| row.body)
        .ok_or_else(|| Error::InvalidNotice("There is no draft to publish.".to_owned()))
}

async fn gone(app: &App, site: &SiteId, source: &Source) -> Result<Error> {
    let made_from = if let Source::Draft(revision) = source { *revision } else { 0 };
    let revision = app.store.draft(site).await?.map_or(0, |row| row.revision);
    Ok(Error::DraftConflict { made_from, revision })
}

/// What the audit log is told beside who and where.
fn about(wish: &Wish) -> String {
    let mut about = Vec::new();
    if let Some(at) = wish.at {
        about.push(format!("at {at}"));
    }
    if !wish.material.is_empty() {
        let ids: Vec<&str> = wish.material.iter().map(PurposeId::as_str).collect();
        about.push(format!("asked again: {}", ids.join(", ")));
    }
    let overrides = wish.overrides.iter();
    about.extend(overrides.map(|one| format!("overridden: {} at {} ({})", one.rule, one.at, one.reason)));
    about.join("; ")
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Internal(error.to_string()))
}

fn new_id() -> Result<String> {
    let mut id = [0; 8];
    getrandom::fill(&mut id).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    Ok(HEXLOWER.encode(&id))
}
