//! Owns what an operator does to a visitor's receipts: erasing them, holding them, and letting go again.
//! Refuses to erase what is held, and to do anything that the audit log does not have yet.

use assent_shared::ledger::Reason;
use assent_shared::{SiteId, VisitorId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::private_json;
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{self, Error, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::state::App;
use crate::store::{Erasure, HoldRow};

/// What a hold is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum HoldKind {
    /// Kept, and neither shown nor exported (GDPR art. 18).
    Restriction,
    /// Kept for legal claims (GDPR art. 17(3)(e)).
    LegalHold,
}

impl HoldKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Restriction => "restriction",
            Self::LegalHold => "legal_hold",
        }
    }
}

/// Erases all of a visitor's receipts, because they asked for it.
pub(crate) async fn erase(app: &App, caller: &Caller, site: &SiteId, visitor: &VisitorId) -> Result<Erasure> {
    caller.require(Permission::EraseReceipts, site)?;
    app.catalog.site(site).await?;
    audit::record(app, caller, Action::ReceiptErase, Some(site), visitor.as_str()).await?;
    Ok(app.store.erase_visitor(site, visitor, Reason::Request, app.clock.now()).await?)
}

/// Holds a visitor's receipts, or the whole site's.
pub(crate) async fn hold(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    visitor: Option<&VisitorId>,
    (kind, reason): (HoldKind, &str),
) -> Result<HoldRow> {
    caller.require(Permission::EraseReceipts, site)?;
    app.catalog.site(site).await?;
    let reason = reason.trim();
    if !(1..=500).contains(&reason.chars().count()) {
        return Err(Error::MalformedBody("say why, in 1 to 500 characters".to_owned()));
    }
    let mut id = [0; 4];
    getrandom::fill(&mut id).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    let hold = HoldRow {
        hold_id: HEXLOWER.encode(&id),
        visitor: visitor.map(ToString::to_string),
        kind: kind.as_str().to_owned(),
        reason: reason.to_owned(),
        made_by: caller.name.clone(),
        made_at: app.clock.now(),
        lifted_at: None,
    };
    let whose = hold.visitor.as_deref().unwrap_or("everybody");
    let about = format!("{} {} {whose}: {reason}", hold.hold_id, hold.kind);
    audit::record(app, caller, Action::HoldMake, Some(site), about).await?;
    app.store.add_hold(site, &hold).await?;
    Ok(hold)
}

/// Ends a hold.
pub(crate) async fn lift(app: &App, caller: &Caller, site: &SiteId, hold: &str) -> Result<()> {
    caller.require(Permission::EraseReceipts, site)?;
    app.catalog.site(site).await?;
    audit::record(app, caller, Action::HoldLift, Some(site), hold).await?;
    if app.store.lift_hold(site, hold, app.clock.now()).await? { Ok(()) } else { Err(Error::NotFound) }
}

/// Every hold of a site, newest first, also those that have ended.
pub(crate) async fn holds(app: &App, caller: &Caller, site: &SiteId) -> Result<Vec<HoldRow>> {
    caller.require(Permission::EraseReceipts, site)?;
    app.catalog.site(site).await?;
    audit::record(app, caller, Action::HoldList, Some(site), "all").await?;
    Ok(app.store.holds(site).await?)
}

/// What was erased.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Erased {
    /// How many receipts.
    erased: u64,
    /// What keeps them, if nothing was erased.
    hold: Option<HoldRow>,
}

/// Erases all of a visitor's receipts.
///
/// The ledger goes on proving that so many were there, and nothing else about them.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site}/visitors/{visitor}",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ("visitor" = VisitorId, Path, description = "Their pseudonym")),
    responses(
        (status = 200, description = "They are erased", body = Erased),
        (status = 409, description = "They are held; nothing was erased", body = Erased),
    )
)]
pub(super) async fn delete_visitor(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, visitor)): PathOf<(SiteId, VisitorId)>,
) -> Result<Response> {
    Ok(match erase(&app, &caller, &site, &visitor).await? {
        Erasure::Done(erased) => private_json(json!(Erased { erased, hold: None }).to_string()),
        Erasure::Held(hold) => {
            let kept = json!(Erased { erased: 0, hold: Some(hold) });
            (error::erased(true), private_json(kept.to_string())).into_response()
        }
    })
}

/// The body of a hold.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHold {
    /// Whose receipts; nobody in particular means all of the site.
    visitor: Option<VisitorId>,
    kind: HoldKind,
    /// Why.
    reason: String,
}

/// Keeps receipts from being erased, or from being shown.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site}/holds",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body = NewHold,
    responses((status = 201, description = "They are held", body = HoldRow))
)]
pub(super) async fn create_hold(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    JsonBody(NewHold { visitor, kind, reason }): JsonBody<NewHold>,
) -> Result<Response> {
    let hold = hold(&app, &caller, &site, visitor.as_ref(), (kind, &reason)).await?;
    Ok((error::created(true), private_json(json!(hold).to_string())).into_response())
}

/// Every hold of a site.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Holds {
    items: Vec<HoldRow>,
    /// Always nothing: they are few.
    next: Option<String>,
}

/// What is held at a site, newest first, also what has ended.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/holds",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id")),
    responses((status = 200, description = "The holds", body = Holds))
)]
pub(super) async fn get_holds(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let holds = holds(&app, &caller, &site).await?;
    Ok(private_json(json!(Holds { items: holds, next: None }).to_string()))
}

/// The hold that has ended.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Lifted {
    /// Its id.
    lifted: String,
}

/// Ends a hold.
#[utoipa::path(
    delete,
    path = "/api/v1/sites/{site}/holds/{hold}",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ("hold" = String, Path, description = "The hold's id")),
    responses((status = 200, description = "It has ended", body = Lifted))
)]
pub(super) async fn delete_hold(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, hold)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    lift(&app, &caller, &site, &hold).await?;
    Ok(private_json(json!(Lifted { lifted: hold }).to_string()))
}
