//! Owns the pages of exports: those in the background with their progress and files, asking for one, and one at once.
//! Refuses to check anything by itself; the operations of `exports` do.

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use url::form_urlencoded;

use super::filter::{FilterForm, METHODS, when};
use super::{Shell, Tab, address, page};
use crate::access::{Caller, Permission};
use crate::error::{self, Error, Result};
use crate::export::{self, ExportFormat};
use crate::exports::{self, Export, NewExport};
use crate::extract::{BySession, FormBody, PathOf};
use crate::receipts::query::{self, ReceiptsQuery};
use crate::state::App;

/// What `?done=` may say on these pages.
const DONE: [(&str, &str); 2] = [
    ("asked", "It is under way. You may leave this page and come back."),
    ("removed", "It is cancelled or removed."),
];

const FORMATS: [(&str, &str); 5] = [
    ("csv", "CSV: a table for spreadsheets"),
    ("json", "JSON: one array"),
    ("jsonl", "JSON Lines: one object a line"),
    ("sql", "SQL: tables for SQLite and PostgreSQL, with settings and notices"),
    ("bundle", "Bundle: the ledger, which proves itself"),
];

/// How often the list follows what goes on, in seconds.
const REFRESH: u32 = 2;
/// Exports of a page.
const ROWS: i64 = 50;

/// The addresses of these pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/sites/{site}/exports", get(list_exports).post(make_export))
        .route("/admin/sites/{site}/exports/new", get(new_export))
        .route("/admin/sites/{site}/exports/{export}/file", get(download_file))
        .route("/admin/sites/{site}/exports/{export}/remove", post(remove_export))
        .route("/admin/sites/{site}/export", get(download_now))
}

#[derive(Template)]
#[template(path = "admin/exports/list.html")]
struct ListPage {
    shell: Shell,
    base: String,
    days: u32,
    exports: Vec<Export>,
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/exports/new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    format: String,
    form: FilterForm,
}

/// `GET /admin/sites/{site}/exports`
async fn list_exports(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    let current = app.catalog.site(&site).await?;
    let others = query::only(raw.as_deref(), &["after", "done"])?;
    let after = others.get("after").map(String::as_str);
    let (exports, next) = exports::list(&app, &caller, &site, (after, ROWS)).await?;
    let mut shell = Shell::of_site(&caller, "Exports", &current.site, Tab::Exports)
        .told(others.get("done").map(String::as_str), &DONE);
    shell.refresh = exports.iter().any(Export::is_under_way).then_some(REFRESH);
    page(&ListPage { shell, base: address(&site, ""), days: app.exports.days(), exports, next })
}

/// `GET /admin/sites/{site}/exports/new`
async fn new_export(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    form_page(&app, &caller, &site, raw.as_deref(), None).await
}

async fn form_page(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    raw: Option<&str>,
    problem: Option<String>,
) -> Result<Response> {
    let current = app.catalog.site(site).await?;
    let (mut form, read) = FilterForm::read(app, &current, raw, &["format", "done"]).await?;
    form.error = problem.or(form.error);
    let refused = form.error.is_some();
    let format = read.and_then(|(_, others)| others.get("format").cloned()).unwrap_or_default();
    let shell = Shell::of_site(caller, "New export", &current.site, Tab::Exports);
    let answer = page(&NewPage { shell, base: address(site, ""), format, form })?;
    Ok(if refused { (error::incomplete(), answer).into_response() } else { answer })
}

/// `POST /admin/sites/{site}/exports`
async fn make_export(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    FormBody(fields): FormBody,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    let raw = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let made = async {
        let (which, others) = ReceiptsQuery::parse(Some(&raw), &["format"])?;
        let formats = match others.get("format").map(String::as_str) {
            // The two of which everything else can be made.
            Some("everything") => vec![ExportFormat::Bundle, ExportFormat::Sql],
            Some(name) => vec![name.parse()?],
            None => vec![ExportFormat::Csv],
        };
        for format in formats {
            let new = NewExport { format, ledger: None, which: which.clone() };
            exports::make(&app, &caller, &site, &new).await?;
        }
        Ok(())
    };
    match made.await {
        Ok(()) => Ok(error::see_other(&address(&site, "/exports?done=asked"))),
        Err(Error::InvalidQuery(said)) => form_page(&app, &caller, &site, Some(&raw), Some(said)).await,
        Err(error) => Err(error),
    }
}

/// `GET /admin/sites/{site}/export`: the same at once, without the background.
async fn download_now(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    let begun = match ReceiptsQuery::parse(raw.as_deref(), &["format"]) {
        Ok((query, others)) => export::download(&app, &caller, site.clone(), &query, &others).await,
        Err(error) => Err(error),
    };
    match begun {
        Err(Error::InvalidQuery(said)) => form_page(&app, &caller, &site, raw.as_deref(), Some(said)).await,
        begun => begun,
    }
}

/// `GET /admin/sites/{site}/exports/{export}/file`
async fn download_file(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, export)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    exports::file(&app, &caller, &site, &export).await
}

/// `POST /admin/sites/{site}/exports/{export}/remove`
async fn remove_export(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, export)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    exports::remove(&app, &caller, &site, &export).await?;
    Ok(error::see_other(&address(&site, "/exports?done=removed")))
}

/// A file's length as people read it.
fn size(bytes: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}
