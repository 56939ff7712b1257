//! Owns the page on which a draft becomes a notice: what changes, who is asked again, what is overridden and why, and when.
//! Refuses to decide: what is proposed is ticked, and the operator unticks it.

use askama::Template;
use assent_shared::{Notice, PurposeId, SiteId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::{Link, Shell, address, page, time};
use super::forms::{Form, conflict, revision, sent};
use super::lists::AskPage;
use super::{Editing, Found, found};
use crate::access::{Caller, Permission};
use crate::drafts::{self, Examined};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::notices;
use crate::notices::difference::Change;
use crate::notices::lint::{Override, Severity};
use crate::publishing::{self, Done, Source, Wish};
use crate::state::App;

/// A purpose that can be asked again.
struct Asked {
    id: PurposeId,
    name: String,
    /// New, so that it is asked in any case.
    new: bool,
    ticked: bool,
    why: Vec<&'static str>,
}

/// A refusal, and the reason that was written for it.
struct Refused {
    found: Found,
    name: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "admin/notice/publish.html")]
struct PublishPage {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    /// Why it cannot be published at all.
    incomplete: Option<String>,
    problem: Option<String>,
    changes: Option<Vec<Change>>,
    asked: Vec<Asked>,
    refused: Vec<Refused>,
    warnings: Vec<Found>,
    note: String,
    at: String,
    home: String,
}

/// `GET …/notice/publish`
pub(super) async fn show(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    caller.require(Permission::PublishNotices, &site)?;
    let editing = Editing::load(&app, &caller, &site).await?;
    write(&app, &editing, None, None).await
}

async fn write(
    app: &App,
    editing: &Editing,
    problem: Option<String>,
    form: Option<&Form>,
) -> Result<Response> {
    let Examined { problem: incomplete, findings } = drafts::examine(&editing.draft.text);
    let notice = notices::read(&editing.draft.text).ok();
    let changes = match &notice {
        Some(notice) => publishing::against_newest(app, editing.id(), notice).await?,
        None => None,
    };
    let asked = notice.iter().flat_map(|notice| asked(notice, changes.as_deref(), form)).collect();
    let (refused, warnings): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.severity == Severity::Refuse);
    let refused = found(editing, refused).into_iter().map(|found| {
        let name = format!("reason:{}:{}", found.finding.rule, found.finding.at);
        let reason = form.map(|form| sent(form, &name).to_owned()).unwrap_or_default();
        Refused { found, name, reason }
    });
    let typed = |name| form.map(|form| sent(form, name).to_owned()).unwrap_or_default();
    page(&PublishPage {
        shell: editing.shell("Publish", None),
        parts: editing.parts("/publish"),
        revision: editing.draft.revision,
        incomplete: incomplete.or_else(|| {
            let nothing = editing.draft.saved.is_none();
            nothing.then(|| {
                "There is no draft yet: nothing has been changed since the newest notice.".to_owned()
            })
        }),
        problem,
        changes,
        asked,
        refused: refused.collect(),
        warnings: found(editing, warnings),
        note: typed("note"),
        at: typed("at"),
        home: editing.address(""),
    })
}

fn asked(notice: &Notice, changes: Option<&[Change]>, form: Option<&Form>) -> Vec<Asked> {
    let about = |id: &PurposeId| {
        let own = changes.unwrap_or_default().iter().filter(|change| change.purpose.as_ref() == Some(id));
        own.filter(|change| change.material).map(|change| change.why).collect::<Vec<_>>()
    };
    let asked = notice.optional().map(|purpose| {
        let id = &purpose.id;
        let mut why = about(id);
        why.dedup();
        let new = match changes {
            None => true,
            Some(changes) => {
                changes.iter().any(|change| change.at == format!("purposes.{id}") && change.before.is_none())
            }
        };
        let ticked = match form {
            Some(form) => form.iter().any(|(name, value)| name == "material" && value == id.as_str()),
            None => !why.is_empty(),
        };
        let name = purpose
            .texts
            .get(&notice.default_locale)
            .map_or_else(|| id.to_string(), |texts| texts.name.clone());
        Asked { id: id.clone(), name, new, ticked, why }
    });
    asked.collect()
}

/// `POST …/notice/publish`
pub(super) async fn publish(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let wish = match wish(&form) {
        Ok(wish) => wish,
        Err(problem) => return again(&app, &caller, &site, problem, &form).await,
    };
    match publishing::publish(&app, &caller, &site, &wish).await {
        Ok(Done::Published(_)) => Ok(error::see_other(&address(&site, "/notices?done=published"))),
        Ok(Done::Unchanged) => Ok(error::see_other(&address(&site, "/notice?done=unchanged"))),
        Ok(Done::Scheduled(_)) => Ok(error::see_other(&address(&site, "/notice?done=scheduled"))),
        Err(Error::DraftConflict { .. }) => {
            // What changed meanwhile must be looked at before it is published.
            let editing = Editing::load(&app, &caller, &site).await?;
            conflict(&editing, "/publish", "", vec![], &[])
        }
        Err(error @ (Error::InvalidNotice(_) | Error::NoticeRefused(_))) => {
            again(&app, &caller, &site, error.to_string(), &form).await
        }
        Err(error) => Err(error),
    }
}

async fn again(app: &App, caller: &Caller, site: &SiteId, problem: String, form: &Form) -> Result<Response> {
    let editing = Editing::load(app, caller, site).await?;
    Ok((error::incomplete(), write(app, &editing, Some(problem), Some(form)).await?).into_response())
}

fn wish(form: &Form) -> std::result::Result<Wish, String> {
    let material = form.iter().filter(|(name, _)| name == "material").map(|(_, id)| id.parse());
    let overrides = form.iter().filter_map(|(name, reason)| {
        let (rule, at) = name.strip_prefix("reason:")?.split_once(':')?;
        let reason = reason.trim();
        // An empty field overrides nothing; the refusal is then said as it is.
        (!reason.is_empty())
            .then(|| Ok(Override { rule: rule.parse()?, at: at.to_owned(), reason: reason.to_owned() }))
    });
    let note = sent(form, "note");
    let at = match (sent(form, "when"), sent(form, "at")) {
        ("date", "") => return Err("Say the date on which it is to be published.".to_owned()),
        ("date", at) => Some(instant(at)?),
        _ => None,
    };
    Ok(Wish {
        source: Source::Draft(revision(form)),
        material: material.collect::<std::result::Result<_, _>>().map_err(|error| format!("{error}."))?,
        overrides: overrides.collect::<std::result::Result<_, String>>()?,
        note: (!note.is_empty()).then(|| note.to_owned()),
        at,
    })
}

/// The instant that a field of date and time means, in UTC.
fn instant(text: &str) -> std::result::Result<i64, String> {
    let local: DateTime =
        text.parse().map_err(|_| format!("`{text}` is no date and time such as 2026-12-01T09:00."))?;
    let instant = local.to_zoned(TimeZone::UTC).map_err(|error| format!("{error}."))?;
    Ok(instant.timestamp().as_millisecond())
}

/// `GET …/notice/discard`
pub(super) async fn ask_to_discard(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    page(&AskPage {
        shell: editing.shell("Discard the draft", None),
        parts: editing.parts("-"),
        question: "Everything that was changed since the newest notice is lost. Download the file first if you may want it again.".to_owned(),
        button: "Discard",
        hidden: vec![("revision", editing.draft.revision.to_string())],
        back: editing.address(""),
    })
}

/// `POST …/notice/discard`
pub(super) async fn discard(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    match drafts::discard(&app, &caller, &site, revision(&form)).await {
        Ok(_) => Ok(error::see_other(&address(&site, "/notice?done=discarded"))),
        Err(Error::DraftConflict { .. }) => {
            conflict(&Editing::load(&app, &caller, &site).await?, "/discard", "", vec![], &form)
        }
        Err(error) => Err(error),
    }
}

/// `GET …/notice/cancel`
pub(super) async fn ask_to_cancel(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    let plan = publishing::plan(&app, &caller, &site).await?.ok_or(Error::NotFound)?;
    page(&AskPage {
        shell: editing.shell("Take the plan back", None),
        parts: editing.parts("-"),
        question: format!(
            "The notice that {} planned for {} will not be published.",
            plan.row.made_by,
            time(plan.row.publish_at)
        ),
        button: "Take it back",
        hidden: vec![],
        back: editing.address(""),
    })
}

/// `POST …/notice/cancel`
pub(super) async fn cancel(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    publishing::cancel(&app, &caller, &site).await?;
    Ok(error::see_other(&address(&site, "/notice?done=cancelled")))
}
