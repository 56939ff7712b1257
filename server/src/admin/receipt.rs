//! Owns the pages of one receipt: everything known of it, its files, and erasing and holding its visitor's receipts.
//! Refuses to erase at one press: it is asked on a page of its own.

use askama::Template;
use assent_shared::{DecisionId, Receipt, SiteId, VisitorId};
use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;

use super::filter::{chosen, how, when};
use super::{Shell, Tab, address, page};
use crate::access::{Caller, Permission};
use crate::error::{self, Error, Result};
use crate::extract::{BySession, FormBody, PathOf};
use crate::receipts::care::{self, HoldKind};
use crate::receipts::whole::Whole;
use crate::receipts::{self, View};
use crate::state::App;
use crate::store::{Erasure, HoldRow};

/// What `?done=` may say on the pages of receipts.
pub(super) const DONE: [(&str, &str); 4] = [
    ("erased", "The visitor's receipts are erased."),
    ("held", "The visitor's receipts are held: nobody can erase them until you end it."),
    (
        "restricted",
        "The visitor's receipts are restricted: they are kept, and not shown any more, nor exported.",
    ),
    ("lifted", "The hold has ended."),
];

/// The addresses of these pages.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/admin/sites/{site}/receipts/{decision}", get(show_receipt))
        .route("/admin/sites/{site}/receipts/{decision}/{view}", get(download_view))
        .route("/admin/sites/{site}/receipts/{decision}/erase", get(ask_to_erase).post(erase))
        .route("/admin/sites/{site}/receipts/{decision}/hold", get(ask_to_hold).post(hold))
        .route("/admin/sites/{site}/receipts/{decision}/lift", post(lift))
}

#[derive(Debug, Default, Deserialize)]
struct DoneQuery {
    done: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/receipts/one.html")]
struct OnePage<'a> {
    shell: Shell,
    base: String,
    here: String,
    whole: &'a Whole,
    receipt: &'a Receipt,
    granted: String,
    denied: String,
    layer: &'static str,
    may_erase: bool,
}

#[derive(Template)]
#[template(path = "admin/receipts/erase.html")]
struct ErasePage {
    shell: Shell,
    here: String,
    visitor: VisitorId,
    held: Option<HoldRow>,
}

#[derive(Template)]
#[template(path = "admin/receipts/hold.html")]
struct HoldPage {
    shell: Shell,
    here: String,
    visitor: VisitorId,
    restriction: bool,
    reason: String,
    error: Option<String>,
}

fn here(site: &SiteId, decision: &DecisionId) -> String {
    address(site, &format!("/receipts/{decision}"))
}

async fn shell(app: &App, caller: &Caller, site: &SiteId, title: &str) -> Result<Shell> {
    let current = app.catalog.site(site).await?;
    Ok(Shell::of_site(caller, title, &current.site, Tab::Receipts))
}

/// `GET /admin/sites/{site}/receipts/{decision}`
async fn show_receipt(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
    query: Result<Query<DoneQuery>, QueryRejection>,
) -> Result<Response> {
    let whole = receipts::open(&app, &caller, &site, &decision).await?;
    let done = query.ok().and_then(|Query(query)| query.done);
    let receipt = &whole.receipt;
    let layer = match receipt.layer {
        1 => "the banner",
        2 => "the preferences",
        _ => "the placeholder of an embed",
    };
    page(&OnePage {
        shell: shell(&app, &caller, &site, "Receipt").await?.told(done.as_deref(), &DONE),
        base: address(&site, ""),
        here: here(&site, &decision),
        granted: chosen(receipt, true),
        denied: chosen(receipt, false),
        layer,
        may_erase: caller.may(Permission::EraseReceipts, &site),
        receipt,
        whole: &whole,
    })
}

/// `GET /admin/sites/{site}/receipts/{decision}/{view}`
async fn download_view(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision, view)): PathOf<(SiteId, DecisionId, View)>,
) -> Result<Response> {
    let text = receipts::show(&app, &caller, &site, &decision, view).await?;
    let headers = [
        (CONTENT_TYPE, view.media_type().to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", view.file(&decision))),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, text).into_response())
}

/// Whose receipt it is, for who may erase it.
async fn visitor_of(app: &App, caller: &Caller, site: &SiteId, decision: &DecisionId) -> Result<VisitorId> {
    caller.require(Permission::EraseReceipts, site)?;
    let row = app.store.receipt(site, decision).await?.ok_or(Error::NotFound)?;
    Ok(receipts::read(&row.body)?.visitor)
}

/// `GET /admin/sites/{site}/receipts/{decision}/erase`
async fn ask_to_erase(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
) -> Result<Response> {
    let visitor = visitor_of(&app, &caller, &site, &decision).await?;
    let shell = shell(&app, &caller, &site, "Erase a visitor's receipts").await?;
    page(&ErasePage { shell, here: here(&site, &decision), visitor, held: None })
}

/// `POST /admin/sites/{site}/receipts/{decision}/erase`
async fn erase(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
) -> Result<Response> {
    let visitor = visitor_of(&app, &caller, &site, &decision).await?;
    match care::erase(&app, &caller, &site, &visitor).await? {
        Erasure::Done(_) => Ok(error::see_other(&address(&site, "/receipts?done=erased"))),
        Erasure::Held(hold) => {
            let shell = shell(&app, &caller, &site, "Erase a visitor's receipts").await?;
            let kept = page(&ErasePage { shell, here: here(&site, &decision), visitor, held: Some(hold) })?;
            Ok((error::erased(true), kept).into_response())
        }
    }
}

/// `GET /admin/sites/{site}/receipts/{decision}/hold`
async fn ask_to_hold(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
) -> Result<Response> {
    let visitor = visitor_of(&app, &caller, &site, &decision).await?;
    let shell = shell(&app, &caller, &site, "Hold a visitor's receipts").await?;
    let (here, reason) = (here(&site, &decision), String::new());
    page(&HoldPage { shell, here, visitor, restriction: false, reason, error: None })
}

/// `POST /admin/sites/{site}/receipts/{decision}/hold`
async fn hold(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let visitor = visitor_of(&app, &caller, &site, &decision).await?;
    let field =
        |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let restriction = field("kind") == Some("restriction");
    let kind = if restriction { HoldKind::Restriction } else { HoldKind::LegalHold };
    let reason = field("reason").unwrap_or_default();
    match care::hold(&app, &caller, &site, Some(&visitor), (kind, reason)).await {
        // A restricted receipt has no page any more.
        Ok(_) if restriction => Ok(error::see_other(&address(&site, "/receipts?done=restricted"))),
        Ok(_) => Ok(error::see_other(&format!("{}?done=held", here(&site, &decision)))),
        Err(Error::MalformedBody(said)) => {
            let shell = shell(&app, &caller, &site, "Hold a visitor's receipts").await?;
            let (here, reason, error) = (here(&site, &decision), reason.to_owned(), Some(said));
            let refused = page(&HoldPage { shell, here, visitor, restriction, reason, error })?;
            Ok((error::incomplete(), refused).into_response())
        }
        Err(error) => Err(error),
    }
}

/// `POST /admin/sites/{site}/receipts/{decision}/lift`
async fn lift(
    State(app): State<App>,
    BySession(caller): BySession,
    PathOf((site, decision)): PathOf<(SiteId, DecisionId)>,
    FormBody(fields): FormBody,
) -> Result<Response> {
    let hold = fields.iter().find(|(name, _)| name == "hold").map(|(_, id)| id.as_str()).unwrap_or_default();
    care::lift(&app, &caller, &site, hold).await?;
    Ok(error::see_other(&format!("{}?done=lifted", here(&site, &decision))))
}
