//! Owns the pages of a site's receipts: the list, finding a visitor by their file, and who was affected.
//! Refuses to check anything by itself; the operations of `receipts` and `affected` do.

use askama::Template;
use assent_shared::SiteId;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::filter::{FilterForm, METHODS, Row, when};
use super::{Shell, Tab, address, page};
use crate::access::{Caller, Permission};
use crate::affected::{self, Affected, AffectedFormat};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, PathOf};
use crate::receipts::find::{self, Claim, Upload, upload_limit};
use crate::receipts::list;
use crate::receipts::query::{self, ReceiptsQuery};
use crate::state::App;

/// Rows of a page.
const ROWS: i64 = 50;

/// The addresses of these pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/sites/{site}/receipts", get(list_receipts))
        .route(
            "/admin/sites/{site}/receipts/find",
            get(ask_for_file).post(find_receipts).layer(upload_limit()),
        )
        .route("/admin/sites/{site}/affected", get(list_affected))
        .route("/admin/sites/{site}/affected.csv", get(download_csv))
        .route("/admin/sites/{site}/affected.jsonl", get(download_jsonl))
}

#[derive(Template)]
#[template(path = "admin/receipts/list.html")]
struct ListPage {
    shell: Shell,
    base: String,
    form: FilterForm,
    query: String,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether this is not the first page.
    paged: bool,
    may_export: bool,
}

#[derive(Template)]
#[template(path = "admin/receipts/find.html")]
struct FindPage {
    shell: Shell,
    base: String,
    error: Option<String>,
    found: Vec<Found>,
}

/// A visitor whom a file is of.
struct Found {
    visitor: String,
    claims: Vec<(String, &'static str)>,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "admin/receipts/affected.html")]
struct AffectedPage {
    shell: Shell,
    base: String,
    form: FilterForm,
    query: String,
    rows: Vec<Affected>,
    next: Option<String>,
    paged: bool,
}

/// `GET /admin/sites/{site}/receipts`
async fn list_receipts(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let current = app.catalog.site(&site).await?;
    let (mut form, read) = FilterForm::read(&app, &current, raw.as_deref(), &["after", "done"]).await?;
    let (mut rows, mut next, mut paged, mut asked) = (Vec::new(), None, false, ReceiptsQuery::default());
    let mut done = None;
    if let Some((wanted, others)) = read {
        match query::after(&others) {
            Ok(after) => {
                let listed = list::list(&app, &caller, &site, &wanted, (after, ROWS)).await?;
                rows = listed.items.iter().map(|listed| Row::from(&listed.receipt)).collect();
                (next, paged) = (listed.next.map(query::cursor), after.is_some());
            }
            Err(error) => form.error = Some(error.to_string()),
        }
        (asked, done) = (wanted, others.get("done").cloned());
    }
    let refused = form.error.is_some();
    let shell = Shell::of_site(&caller, "Receipts", &current.site, Tab::Receipts)
        .told(done.as_deref(), &super::receipt::DONE);
    let may_export = caller.may(Permission::ExportReceipts, &site);
    let base = address(&site, "");
    shown(refused, &ListPage { shell, base, form, query: asked.to_query(), rows, next, paged, may_export })
}

/// A page, or the same with a form that has to be corrected.
fn shown(refused: bool, template: &impl Template) -> Result<Response> {
    let answer = page(template)?;
    Ok(if refused { (error::incomplete(), answer).into_response() } else { answer })
}

/// `GET /admin/sites/{site}/receipts/find`
async fn ask_for_file(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    find_page(&app, &caller, &site, None, Vec::new()).await
}

async fn find_page(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    error: Option<String>,
    found: Vec<Found>,
) -> Result<Response> {
    let current = app.catalog.site(site).await?;
    let shell = Shell::of_site(caller, "Find a visitor by their file", &current.site, Tab::Receipts);
    shown(error.is_some(), &FindPage { shell, base: address(site, ""), error, found })
}

/// `POST /admin/sites/{site}/receipts/find`
async fn find_receipts(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    file: Result<Upload>,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let found = match file {
        Ok(Upload(file)) => find::find(&app, &caller, &site, &file).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(found) => {
            let found = found.into_iter().map(|found| Found {
                visitor: found.visitor.to_string(),
                claims: found.claims.iter().map(|(id, claim)| (id.to_string(), said(*claim))).collect(),
                rows: found.stored.iter().map(Row::from).collect(),
            });
            find_page(&app, &caller, &site, None, found.collect()).await
        }
        Err(error @ (Error::MalformedBody(_) | Error::BodyTooLarge(_))) => {
            find_page(&app, &caller, &site, Some(error.to_string()), Vec::new()).await
        }
        Err(error) => Err(error),
    }
}

fn said(claim: Claim) -> &'static str {
    match claim {
        Claim::Stored => "stored exactly like this",
        Claim::Different => "stored differently: the file was changed",
        Claim::Missing => "not stored: it was never here, it was erased, or it is not shown",
    }
}

/// `GET /admin/sites/{site}/affected`
async fn list_affected(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let current = app.catalog.site(&site).await?;
    let (mut form, read) = FilterForm::read(&app, &current, raw.as_deref(), &["after"]).await?;
    let (mut rows, mut next, mut paged, mut asked) = (Vec::new(), None, false, ReceiptsQuery::default());
    if let Some((wanted, others)) = read {
        match query::after(&others) {
            Ok(after) => {
                let more;
                (rows, more) = affected::page(&app, &caller, &site, &wanted, (after, ROWS)).await?;
                (next, paged) = (more.map(query::cursor), after.is_some());
            }
            Err(error) => form.error = Some(error.to_string()),
        }
        asked = wanted;
    }
    let refused = form.error.is_some();
    let shell = Shell::of_site(&caller, "Who was affected", &current.site, Tab::Receipts);
    let base = address(&site, "");
    shown(refused, &AffectedPage { shell, base, form, query: asked.to_query(), rows, next, paged })
}

/// `GET /admin/sites/{site}/affected.csv`
async fn download_csv(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    download(&app, &caller, &site, raw.as_deref(), AffectedFormat::Csv).await
}

/// `GET /admin/sites/{site}/affected.jsonl`
async fn download_jsonl(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    download(&app, &caller, &site, raw.as_deref(), AffectedFormat::Jsonl).await
}

async fn download(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    raw: Option<&str>,
    format: AffectedFormat,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, site)?;
    let (query, _) = ReceiptsQuery::parse(raw, &[])?;
    affected::file(site, format, affected::stream(app, caller, site, &query, format).await?)
}
