//! Owns the draft as a file: editing it as text, bringing one along, taking it home.
//! Refuses a text that is no notice file, and shows it again as it was typed.

use askama::Template;
use assent_shared::SiteId;
use axum::extract::{Multipart, Query, State};
use axum::response::{IntoResponse, Response};

use super::super::{Link, Shell, page};
use super::forms::{conflict, revision, sent};
use super::{DoneQuery, Editing};
use crate::access::Caller;
use crate::error::{self, Error, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::state::App;
use crate::{answers, drafts};

#[derive(Template)]
#[template(path = "admin/notice/whole.html")]
struct WholePage<'a> {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    problem: Option<String>,
    text: &'a str,
    home: String,
}

fn write(editing: &Editing, done: Option<&str>, problem: Option<String>, text: &str) -> Result<Response> {
    page(&WholePage {
        shell: editing.shell("The notice as a file", done),
        parts: editing.parts("/toml"),
        revision: editing.draft.revision,
        problem,
        text,
        home: editing.address("/toml"),
    })
}

/// `GET …/notice/toml`
pub(super) async fn show(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    write(&editing, done.as_deref(), None, &editing.draft.text)
}

/// `POST …/notice/toml`
pub(super) async fn save(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    // Without `sent`, which trims: the text is the operator's, to the last line.
    let text = form.iter().find(|(name, _)| name == "text").map(|(_, text)| text.replace("\r\n", "\n"));
    take(&app, &caller, &site, revision(&form), text.unwrap_or_default()).await
}

/// `POST …/notice/toml/upload`
pub(super) async fn upload(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    mut parts: Multipart,
) -> Result<Response> {
    let unreadable =
        |error: axum::extract::multipart::MultipartError| Error::MalformedBody(error.body_text());
    let mut form = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(unreadable)? {
        let name = part.name().unwrap_or_default().to_owned();
        form.push((name, part.text().await.map_err(unreadable)?));
    }
    let text = sent(&form, "file").replace("\r\n", "\n");
    take(&app, &caller, &site, revision(&form), text).await
}

async fn take(app: &App, caller: &Caller, site: &SiteId, made_from: i64, text: String) -> Result<Response> {
    match drafts::save(app, caller, site, made_from, &text).await {
        Ok(_) => Ok(error::see_other(&crate::admin::address(site, "/notice/toml?done=saved"))),
        Err(Error::InvalidNotice(problem)) => {
            let mut editing = Editing::load(app, caller, site).await?;
            // Shown again with the revision that it was made from: a conflict is still to be found.
            editing.draft.revision = made_from;
            Ok((error::incomplete(), write(&editing, None, Some(problem), &text)?).into_response())
        }
        Err(Error::DraftConflict { .. }) => {
            let editing = Editing::load(app, caller, site).await?;
            let rows = vec![("The file".to_owned(), text.clone(), editing.draft.text.clone())];
            conflict(&editing, "/toml", "/toml", rows, &[("text".to_owned(), text)])
        }
        Err(error) => Err(error),
    }
}

/// `GET …/notice/toml/file`
pub(super) async fn download(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let draft = drafts::get(&app, &caller, &site).await?;
    Ok(answers::file("application/toml", &format!("{site}-notice.toml"), draft.text))
}
