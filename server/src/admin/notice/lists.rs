//! Owns the editor's lists: the languages and the purposes, what is added to them, their order, and what is removed.
//! Refuses to remove anything before it was asked for on a page of its own.

use askama::Template;
use assent_shared::{Locale, PurposeId, SiteId};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use toml::{Table, Value};

use super::super::{Link, Shell, page};
use super::fields::{get, set};
use super::forms::{Form, Paths, edit, sent};
use super::sections::{self, language};
use super::{DoneQuery, Editing};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, LongForm, PathOf};
use crate::locales;
use crate::state::App;

#[derive(Template)]
#[template(path = "admin/notice/languages.html")]
struct LanguagesPage {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    problem: Option<String>,
    default: String,
    /// Tag and name, how many texts are its own, its page, and the page that asks before it is removed.
    languages: Vec<(String, String, usize, String, String)>,
    /// Those that could be added.
    others: Vec<(String, String)>,
}

fn languages_page(editing: &Editing, done: Option<&str>, problem: Option<String>) -> Result<Response> {
    let spoken = sections::languages(&editing.file);
    let replaced = |locale: &Locale| {
        get(&editing.file, &format!("texts.{locale}")).and_then(Value::as_table).map_or(0, Table::len)
    };
    let others = locales::tags().filter_map(|tag| tag.parse().ok()).filter(|locale| !spoken.contains(locale));
    page(&LanguagesPage {
        shell: editing.shell("Languages", done),
        parts: editing.parts("/languages"),
        revision: editing.draft.revision,
        problem,
        default: sections::default_language(&editing.file),
        others: others.map(|locale| (locale.to_string(), language(&locale))).collect(),
        languages: spoken
            .iter()
            .map(|locale| {
                let page = editing.address(&format!("/languages/{locale}"));
                let remove = editing.address(&format!("/remove?key=texts.{locale}"));
                (locale.to_string(), language(locale), replaced(locale), page, remove)
            })
            .collect(),
    })
}

/// `GET …/notice/languages`
pub(super) async fn show_languages(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response> {
    languages_page(&Editing::load(&app, &caller, &site).await?, done.as_deref(), None)
}

/// `POST …/notice/languages`
pub(super) async fn change_languages(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let (added, default) = (sent(&form, "add"), sent(&form, "default"));
    let path = if added.is_empty() { "/languages".to_owned() } else { format!("/languages/{added}") };
    let paths = Paths { next: &path, ..Paths::one("/languages") };
    let changed = edit(&app, &caller, &site, &form, paths, |editing| {
        let file = &mut editing.file;
        if !added.is_empty() {
            let locale: Locale = added.parse().map_err(|error| format!("{error}."))?;
            if sections::languages(file).contains(&locale) {
                return Err(format!("The notice speaks {} already.", language(&locale)));
            }
            set(file, &format!("texts.{locale}"), Some(Value::Table(Table::new())));
        }
        if !default.is_empty() {
            set(file, "default_locale", Some(Value::String(default.to_owned())));
        }
        Ok(())
    });
    again(changed.await?, languages_page)
}

fn again(
    changed: std::result::Result<Response, (Editing, String)>,
    write: impl FnOnce(&Editing, Option<&str>, Option<String>) -> Result<Response>,
) -> Result<Response> {
    match changed {
        Ok(response) => Ok(response),
        Err((editing, problem)) => {
            Ok((error::incomplete(), write(&editing, None, Some(problem))?).into_response())
        }
    }
}

#[derive(Template)]
#[template(path = "admin/notice/purposes.html")]
struct PurposesPage {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    problem: Option<String>,
    purposes: Vec<Listed>,
}

struct Listed {
    id: String,
    name: String,
    essential: bool,
    cookies: usize,
    page: String,
    remove: String,
}

fn purposes_page(editing: &Editing, done: Option<&str>, problem: Option<String>) -> Result<Response> {
    let file = &editing.file;
    let listed =
        sections::purposes(file).into_iter().filter_map(|id| id.parse::<PurposeId>().ok()).map(|id| Listed {
            name: sections::purpose_name(file, &id),
            essential: get(file, &format!("purposes.{id}.essential"))
                .and_then(Value::as_bool)
                .unwrap_or_default(),
            cookies: sections::cookies(file, &id).len(),
            page: editing.address(&format!("/purposes/{id}")),
            remove: editing.address(&format!("/remove?key=purposes.{id}")),
            id: id.to_string(),
        });
    page(&PurposesPage {
        shell: editing.shell("Purposes", done),
        parts: editing.parts("/purposes"),
        revision: editing.draft.revision,
        problem,
        purposes: listed.collect(),
    })
}

/// `GET …/notice/purposes`
pub(super) async fn show_purposes(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(DoneQuery { done }): Query<DoneQuery>,
) -> Result<Response> {
    purposes_page(&Editing::load(&app, &caller, &site).await?, done.as_deref(), None)
}

/// `POST …/notice/purposes`
pub(super) async fn change_purposes(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let added = sent(&form, "add");
    let path = if added.is_empty() { "/purposes".to_owned() } else { format!("/purposes/{added}") };
    let paths = Paths { next: &path, ..Paths::one("/purposes") };
    let changed = edit(&app, &caller, &site, &form, paths, |editing| {
        if added.is_empty() {
            reorder(&mut editing.file, &form);
            Ok(())
        } else {
            add_purpose(&mut editing.file, added)
        }
    });
    again(changed.await?, purposes_page)
}

fn add_purpose(file: &mut Table, id: &str) -> std::result::Result<(), String> {
    let id: PurposeId = id.parse().map_err(|error| format!("{error}."))?;
    if sections::purposes(file).contains(&id.as_str()) {
        return Err(format!("There is a purpose `{id}` already."));
    }
    let mut purpose = Table::new();
    purpose.insert("id".to_owned(), Value::String(id.to_string()));
    purpose.insert("legal_basis".to_owned(), Value::String("consent".to_owned()));
    purpose.insert("texts".to_owned(), Value::Table(Table::new()));
    let list = file.entry("purposes").or_insert_with(|| Value::Array(vec![]));
    let list = list.as_array_mut().ok_or("The file's purposes are no list.")?;
    list.push(Value::Table(purpose));
    Ok(())
}

fn reorder(file: &mut Table, form: &Form) {
    let (up, down) = (sent(form, "up"), sent(form, "down"));
    let at = |id: &str| sections::purposes(file).iter().position(|own| *own == id);
    let (from, to) = match (at(up), at(down)) {
        (Some(at @ 1..), _) => (at, at - 1),
        (_, Some(at)) => (at, at + 1),
        _ => return,
    };
    if let Some(list) = file.get_mut("purposes").and_then(Value::as_array_mut)
        && to < list.len()
    {
        list.swap(from, to);
    }
}

/// What is to be removed.
#[derive(Debug, Deserialize)]
pub(super) struct RemoveQuery {
    #[serde(default)]
    key: String,
}

#[derive(Template)]
#[template(path = "admin/notice/ask.html")]
pub(super) struct AskPage {
    pub(super) shell: Shell,
    pub(super) parts: Vec<Link>,
    pub(super) question: String,
    pub(super) button: &'static str,
    pub(super) hidden: Vec<(&'static str, String)>,
    pub(super) back: String,
}

/// What a key path removes, in words, and where it is listed; nothing but these can be removed.
fn removable(file: &Table, key: &str) -> Option<(String, String)> {
    let there = get(file, key)?;
    match key.split('.').collect::<Vec<_>>().as_slice() {
        ["texts", tag] => {
            let name = language(&tag.parse().ok()?);
            Some((format!("Remove {name}, with all the texts in it?"), "/languages".to_owned()))
        }
        ["purposes", id] => {
            let name = sections::purpose_name(file, &id.parse().ok()?);
            Some((format!("Remove the purpose “{name}” with its texts and cookies?"), "/purposes".to_owned()))
        }
        ["purposes", id, "cookies", _] => {
            let name = there.get("name").and_then(Value::as_str).unwrap_or_default();
            Some((format!("Remove the cookie “{name}”?"), format!("/purposes/{id}")))
        }
        _ => None,
    }
}

/// `GET …/notice/remove`
pub(super) async fn ask_to_remove(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    Query(RemoveQuery { key }): Query<RemoveQuery>,
) -> Result<Response> {
    let editing = Editing::load(&app, &caller, &site).await?;
    let (question, back) = removable(&editing.file, &key).ok_or(Error::NotFound)?;
    page(&AskPage {
        shell: editing.shell("Remove from the draft", None),
        parts: editing.parts("-"),
        question,
        button: "Remove",
        hidden: vec![("key", key), ("revision", editing.draft.revision.to_string())],
        back: editing.address(&back),
    })
}

/// `POST …/notice/remove`
pub(super) async fn remove(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    LongForm(form): LongForm,
) -> Result<Response> {
    let key = sent(&form, "key");
    let editing = Editing::load(&app, &caller, &site).await?;
    let (_, back) = removable(&editing.file, key).ok_or(Error::NotFound)?;
    let paths = Paths { form: "/remove", ..Paths::one(&back) };
    let changed = edit(&app, &caller, &site, &form, paths, |editing| {
        set(&mut editing.file, key, None);
        if let ["texts", tag] = key.split('.').collect::<Vec<_>>().as_slice() {
            forget_language(&mut editing.file, tag);
        }
        Ok(())
    });
    match changed.await? {
        Ok(response) => Ok(response),
        Err((_, problem)) => Err(Error::InvalidNotice(problem)),
    }
}

/// Takes a language's texts out of every purpose and cookie.
fn forget_language(file: &mut Table, tag: &str) {
    let ids: Vec<String> = sections::purposes(file).into_iter().map(str::to_owned).collect();
    for id in ids {
        set(file, &format!("purposes.{id}.texts.{tag}"), None);
        let cookies = id.parse().map(|id| sections::cookies(file, &id).len()).unwrap_or_default();
        for at in 0..cookies {
            set(file, &format!("purposes.{id}.cookies.{at}.about.{tag}"), None);
        }
    }
}
