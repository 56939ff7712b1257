//! Owns the vendors' scripts that are told about the choices: switching the built-in ones on and off.
//! Refuses to change one that the file says more about than its name; that is for the file.

use askama::Template;
use assent_shared::SiteId;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use toml::{Table, Value};

use super::super::{Link, Shell, page};
use super::fields::{get, set};
use super::forms::{Paths, edit, sent};
use super::{DoneQuery, Editing};
use crate::adapters;
use crate::error::{self, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::state::App;

#[derive(Template)]
#[template(path = "admin/notice/vendors.html")]
struct VendorsPage {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    problem: Option<String>,
    vendors: Vec<Vendor>,
    whole: String,
}

struct Vendor {
    name: String,
    on: bool,
    /// What the file says of it beside its name.
    own: Option<String>,
}

fn vendors(file: &Table) -> Vec<Vendor> {
    let chosen = file.get("adapters").and_then(Value::as_table);
    let mut names: Vec<String> = adapters::built_in_names().map(str::to_owned).collect();
    names.extend(
        chosen
            .into_iter()
            .flat_map(Table::keys)
            .filter(|name| !names.contains(name))
            .cloned()
            .collect::<Vec<_>>(),
    );
    let vendor = |name: String| {
        let entry = chosen.and_then(|chosen| chosen.get(&name));
        let own = entry.and_then(Value::as_table).filter(|entry| !entry.is_empty());
        Vendor { on: entry.is_some(), own: own.map(std::string::ToString::to_string), name }
    };
    names.into_iter().map(vendor).collect()
}

fn write(editing: &Editing, done: Option<&str>, problem: Option<String>) -> Result<Response> {
    page(&VendorsPage {
        shell: editing.shell("Vendors’ scripts", done),
        parts: editing.parts("/vendors"),
        revision: editing.draft.revision,
        problem,
        vendors: vendors(&editing.file),
        whole: editing.address("/toml"),
    })
}

/// `GET …/notice/vendors`
pub(super) async fn show(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response> {
    write(&Editing::load(&app, &caller, &site).await?, done.as_deref(), None)
}

/// `POST …/notice/vendors`
pub(super) async fn save(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let changed = edit(&app, &caller, &site, &form, Paths::one("/vendors"), |editing| {
        for Vendor { name, on, own } in vendors(&editing.file) {
            let wanted = !sent(&form, &format!("adapters.{name}")).is_empty();
            let key = format!("adapters.{name}");
            match (on, wanted) {
                (true, false) if own.is_none() => set(&mut editing.file, &key, None),
                (false, true) => set(&mut editing.file, &key, Some(Value::Table(Table::new()))),
                _ => {}
            }
        }
        if get(&editing.file, "adapters").and_then(Value::as_table).is_some_and(Table::is_empty) {
            set(&mut editing.file, "adapters", None);
        }
        Ok(())
    });
    match changed.await? {
        Ok(response) => Ok(response),
        Err((editing, problem)) => {
            Ok((error::incomplete(), write(&editing, None, Some(problem))?).into_response())
        }
    }
}
