//! Owns showing a section as a form, taking it back, and what happens when two people change the draft at once.
//! Refuses to lose what was typed: a form that is not taken is shown again, and a conflict shows both.

use std::collections::BTreeMap;

use askama::Template;
use assent_shared::{Locale, SiteId};
use axum::response::{IntoResponse, Response};
use toml::Table;

use super::super::{Link, Shell, page, time};
use super::fields::{self, Field, Kind};
use super::sections::{self, Section};
use super::{Editing, Found, found};
use crate::access::Caller;
use crate::drafts;
use crate::error::{self, Error, Result};
use crate::state::App;

/// What a form sent.
pub(super) type Form = Vec<(String, String)>;

/// A field with what it shows.
pub(super) struct Shown {
    pub(super) field: Field,
    control: &'static str,
    value: String,
    options: Vec<(&'static str, &'static str)>,
    dir: &'static str,
    error: Option<String>,
    findings: Vec<String>,
}

impl Shown {
    fn new(field: Field, value: String, error: Option<String>, findings: &[Found], keys: &[String]) -> Self {
        let (control, options) = match &field.kind {
            Kind::Line => ("line", vec![]),
            Kind::Area | Kind::List { .. } => ("area", vec![]),
            Kind::Check { .. } => ("check", vec![]),
            Kind::Choice(words) => ("choice", words.clone()),
            Kind::Colour(_) => ("colour", vec![]),
            Kind::Number(_) => ("number", vec![]),
        };
        let rtl = field
            .lang
            .as_deref()
            .and_then(|lang| lang.parse::<Locale>().ok())
            .is_some_and(|lang| lang.is_rtl());
        let own = findings.iter().zip(keys).filter(|(_, key)| **key == field.key);
        let findings = own.map(|(found, _)| found.finding.message.clone()).collect();
        Self { control, value, options, dir: if rtl { "rtl" } else { "ltr" }, error, findings, field }
    }

    /// The ids of what describes it, for `aria-describedby`.
    fn described_by(&self) -> String {
        let parts = [
            (!self.field.hint.is_empty(), "hint"),
            (self.field.beside.is_some(), "beside"),
            (!self.findings.is_empty(), "found"),
            (self.error.is_some(), "error"),
        ];
        let ids = parts
            .into_iter()
            .filter(|(there, _)| *there)
            .map(|(_, part)| format!("{}-{part}", self.field.key));
        ids.collect::<Vec<_>>().join(" ")
    }
}

struct ShownGroup {
    legend: String,
    about: &'static str,
    fields: Vec<Shown>,
}

#[derive(Template)]
#[template(path = "admin/notice/form.html")]
struct FormPage {
    shell: Shell,
    parts: Vec<Link>,
    revision: i64,
    groups: Vec<ShownGroup>,
    problem: Option<String>,
    errors: Vec<(String, String)>,
    /// What of the section has pages of its own, and what can be done with it.
    beside: Vec<Link>,
    /// A purpose's cookies, each with its page and the page that asks before it is removed.
    cookies: Vec<([String; 3], String, String)>,
}

/// Shows a section.
pub(super) async fn show(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    section: &Section,
    done: Option<&str>,
) -> Result<Response> {
    let editing = Editing::load(app, caller, site).await?;
    if !section.is_in(&editing.file) {
        return Err(Error::NotFound);
    }
    let shown = |field: &Field| (field.shown(&editing.file), None);
    write(&editing, section, done, None, shown)
}

/// Takes a section's form.
pub(super) async fn save(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    section: &Section,
    form: &Form,
) -> Result<Response> {
    let mut editing = Editing::load(app, caller, site).await?;
    if !section.is_in(&editing.file) {
        return Err(Error::NotFound);
    }
    let groups = section.groups(&editing.file);
    let all = || groups.iter().flat_map(|group| &group.fields);
    if revision(form) != editing.draft.revision {
        let rows = all()
            .map(|field| (field.label.clone(), field.sent(form), field.shown(&editing.file)))
            .filter(|(_, mine, theirs)| mine != theirs)
            .collect();
        return conflict(&editing, &section.path(), &section.path(), rows, form);
    }
    let errors = fields::take(all(), form, &mut editing.file);
    let sent = |field: &Field| (field.sent(form), errors.get(&field.key).cloned());
    let refused = |editing: &Editing, problem: Option<String>| {
        let again = write(editing, section, None, problem, sent)?;
        Ok((error::incomplete(), again).into_response())
    };
    if !errors.is_empty() {
        return refused(&editing, None);
    }
    let text = match editing.text() {
        Ok(text) => text,
        Err(problem) => return refused(&editing, Some(problem)),
    };
    match drafts::save(app, caller, site, editing.draft.revision, &text).await {
        Ok(_) => {
            // A cookie's form leads back to its purpose, where the next one is added.
            let back = match section {
                Section::Cookie(id, _) => Section::Purpose(id.clone()).path(),
                other => other.path(),
            };
            Ok(error::see_other(&format!("{}?done=saved", editing.address(&back))))
        }
        Err(Error::InvalidNotice(problem)) => refused(&editing, Some(problem)),
        Err(Error::DraftConflict { .. }) => {
            let editing = Editing::load(app, caller, site).await?;
            conflict(&editing, &section.path(), &section.path(), vec![], form)
        }
        Err(error) => Err(error),
    }
}

fn write(
    editing: &Editing,
    section: &Section,
    done: Option<&str>,
    problem: Option<String>,
    shown: impl Fn(&Field) -> (String, Option<String>),
) -> Result<Response> {
    let findings = found(editing, drafts::examine(&editing.draft.text).findings);
    let keys: Vec<String> = findings.iter().map(|found| own_key(&editing.file, &found.finding.at)).collect();
    let mut errors = Vec::new();
    let groups = section.groups(&editing.file).into_iter().map(|group| {
        let fields = group.fields.into_iter().map(|field| {
            let (value, error) = shown(&field);
            if error.is_some() {
                errors.push((field.key.clone(), field.label.clone()));
            }
            Shown::new(field, value, error, &findings, &keys)
        });
        ShownGroup { legend: group.legend, about: group.about, fields: fields.collect() }
    });
    let groups = groups.collect();
    let here = match section {
        Section::Who => "/who",
        Section::Looks => "/looks",
        Section::Language(_) => "/languages",
        Section::Purpose(_) | Section::Cookie(..) => "/purposes",
    };
    let link = |text: &str, path: String| Link {
        text: text.to_owned(),
        address: editing.address(&path),
        here: false,
    };
    let (mut beside, mut cookies) = (Vec::new(), Vec::new());
    if let Section::Purpose(id) = section {
        let listed = sections::cookies(&editing.file, id);
        beside.push(link("Add a cookie", Section::Cookie(id.clone(), listed.len()).path()));
        beside.push(link("Add a service from the catalogue", format!("/purposes/{id}/services")));
        cookies = listed
            .iter()
            .enumerate()
            .map(|(at, facts)| {
                let page = editing.address(&Section::Cookie(id.clone(), at).path());
                let remove = editing.address(&format!("/remove?key=purposes.{id}.cookies.{at}"));
                (facts.map(str::to_owned), page, remove)
            })
            .collect();
    }
    page(&FormPage {
        shell: editing.shell(section.title(&editing.file), done),
        parts: editing.parts(here),
        revision: editing.draft.revision,
        groups,
        problem,
        errors,
        beside,
        cookies,
    })
}

#[derive(Template)]
#[template(path = "admin/notice/conflict.html")]
struct ConflictPage<'a> {
    shell: Shell,
    parts: Vec<Link>,
    /// When the other change was made, and by whom.
    other: Option<(String, String)>,
    /// What is different: label, mine, theirs.
    rows: Vec<(String, String, String)>,
    revision: i64,
    form: &'a [(String, String)],
    /// Where mine is sent again.
    address: String,
    /// Where theirs is seen.
    look: String,
}

/// Shows both, and lets the operator decide; what they sent travels along.
pub(super) fn conflict(
    editing: &Editing,
    path: &str,
    look: &str,
    rows: Vec<(String, String, String)>,
    form: &[(String, String)],
) -> Result<Response> {
    let other = editing.draft.saved.as_ref();
    let shown = page(&ConflictPage {
        shell: editing.shell("The draft has changed meanwhile", None),
        parts: editing.parts("-"),
        other: other.map(|(at, by)| (time(*at), by.clone())),
        rows,
        revision: editing.draft.revision,
        form,
        address: editing.address(path),
        look: editing.address(look),
    })?;
    Ok((error::outdated(), shown).into_response())
}

/// Where a form is sent, where what it changes is seen, and where it leads once it is taken.
pub(super) struct Paths<'a> {
    pub(super) form: &'a str,
    pub(super) look: &'a str,
    pub(super) next: &'a str,
}

impl<'a> Paths<'a> {
    /// All three are one page.
    pub(super) fn one(path: &'a str) -> Self {
        Self { form: path, look: path, next: path }
    }
}

/// Changes the draft by something other than a section's form; `Err` has the draft as it was and what is wrong, for the page
/// to say.
pub(super) async fn edit(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    form: &Form,
    paths: Paths<'_>,
    change: impl FnOnce(&mut Editing) -> std::result::Result<(), String>,
) -> Result<std::result::Result<Response, (Editing, String)>> {
    let mut editing = Editing::load(app, caller, site).await?;
    if revision(form) != editing.draft.revision {
        return conflict(&editing, paths.form, paths.look, vec![], form).map(Ok);
    }
    let file = editing.file.clone();
    let changed = change(&mut editing).and_then(|()| editing.text());
    let problem = match changed {
        Ok(text) => match drafts::save(app, caller, site, editing.draft.revision, &text).await {
            Ok(_) => {
                return Ok(Ok(error::see_other(&format!("{}?done=saved", editing.address(paths.next)))));
            }
            Err(Error::InvalidNotice(problem)) => problem,
            Err(Error::DraftConflict { .. }) => {
                let editing = Editing::load(app, caller, site).await?;
                return conflict(&editing, paths.form, paths.look, vec![], form).map(Ok);
            }
            Err(error) => return Err(error),
        },
        Err(problem) => problem,
    };
    editing.file = file;
    Ok(Err((editing, problem)))
}

/// The revision that a form was made from.
pub(super) fn revision(form: &[(String, String)]) -> i64 {
    sent(form, "revision").parse().unwrap_or(-1)
}

/// What a form sent under a name.
pub(super) fn sent<'a>(form: &'a [(String, String)], name: &str) -> &'a str {
    form.iter().find(|(own, _)| own == name).map(|(_, value)| value.trim()).unwrap_or_default()
}

/// A finding's key path as the editor's fields have it: cookies by their place, not by their name.
pub(super) fn own_key(file: &Table, at: &str) -> String {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let Some((before, after)) = at.split_once(".cookies.") else { return at.to_owned() };
    let Some(Ok(id)) = before.strip_prefix("purposes.").map(str::parse) else { return at.to_owned() };
    for (place, [name, ..]) in sections::cookies(file, &id).into_iter().enumerate() {
        names.entry(name.to_owned()).or_insert(place);
    }
    // The longest name first: one may begin with another.
    let own = names.iter().rev().find_map(|(name, place)| {
        let rest = after.strip_prefix(name.as_str())?;
        (rest.is_empty() || rest.starts_with('.')).then(|| format!("{before}.cookies.{place}{rest}"))
    });
    own.unwrap_or_else(|| at.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_about_a_cookie_leads_to_its_place() {
        let file: Table = toml::from_str(
            "[[purposes]]\nid = \"a\"\n[[purposes.cookies]]\nname = \"_ga\"\n[[purposes.cookies]]\nname = \"_ga.x\"\n",
        )
        .unwrap();
        for (at, own) in [
            ("purposes.a.cookies._ga.lifetime", "purposes.a.cookies.0.lifetime"),
            ("purposes.a.cookies._ga.x.lifetime", "purposes.a.cookies.1.lifetime"),
            ("purposes.a.cookies._ga", "purposes.a.cookies.0"),
            ("purposes.a.texts.en.name", "purposes.a.texts.en.name"),
            ("purposes.a.cookies.other.name", "purposes.a.cookies.other.name"),
        ] {
            assert_eq!(own_key(&file, at), own);
        }
    }
}
