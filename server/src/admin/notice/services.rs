//! Owns adding a service of the catalogue to a purpose.
//! Refuses to know any service; they are data.

use askama::Template;
use assent_shared::{PurposeId, SiteId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use toml::Table;

use super::super::{Link, Shell, page};
use super::Editing;
use super::forms::{Paths, edit, sent};
use super::sections::{self, Section};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::notices::catalogue;
use crate::notices::file::NoticeFile;
use crate::state::App;

#[derive(Template)]
#[template(path = "admin/notice/services.html")]
struct ServicesPage {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    problem: Option<String>,
    /// Id, name, and what it does.
    services: Vec<(&'static str, &'static str, &'static str)>,
    back: String,
}

fn write(editing: &Editing, purpose: &PurposeId, problem: Option<String>) -> Result<Response> {
    // What is usually used for this purpose comes first, so that it is what the list shows.
    let mut services: Vec<_> = catalogue::all().iter().collect();
    services.sort_by_key(|service| service.purpose != *purpose);
    page(&ServicesPage {
        shell: editing
            .shell(format!("Add a service to “{}”", sections::purpose_name(&editing.file, purpose)), None),
        parts: editing.parts("/purposes"),
        revision: editing.draft.revision,
        problem,
        services: services
            .into_iter()
            .map(|service| (service.id, service.name.as_str(), service.about.as_str()))
            .collect(),
        back: editing.address(&Section::Purpose(purpose.clone()).path()),
    })
}

/// `GET …/notice/purposes/{purpose}/services`
pub(super) async fn show(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, purpose)): PathOf<(SiteId, PurposeId)>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    if !Section::Purpose(purpose.clone()).is_in(&editing.file) {
        return Err(Error::NotFound);
    }
    write(&editing, &purpose, None)
}

/// `POST …/notice/purposes/{purpose}/services`
pub(super) async fn add(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, purpose)): PathOf<(SiteId, PurposeId)>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let path = Section::Purpose(purpose.clone()).path();
    let own = format!("{path}/services");
    let paths = Paths { form: &own, ..Paths::one(&path) };
    let changed = edit(&app, &caller, &site, &form, paths, |editing| {
        let service = catalogue::find(sent(&form, "service")).ok_or("Choose one of these services.")?;
        let mut file: NoticeFile =
            editing.file.clone().try_into().map_err(|error: toml::de::Error| error.to_string())?;
        if catalogue::add(&mut file, service, &purpose).is_empty() {
            return Err(format!("Everything that {} brings is there already.", service.name));
        }
        editing.file = Table::try_from(file).map_err(|error| error.to_string())?;
        Ok(())
    });
    match changed.await? {
        Ok(response) => Ok(response),
        Err((editing, problem)) => {
            Ok((error::incomplete(), write(&editing, &purpose, Some(problem))?).into_response())
        }
    }
}
