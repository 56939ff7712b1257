//! Owns what an operator does to a visitor's receipts: erasing them, holding them, and letting go again.
//! Refuses to erase what is held, and to do anything that the audit log does not have yet.

use assent_shared::ledger::Reason;
use assent_shared::{SiteId, VisitorId};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::json;

use super::private_json;
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{self, Error, Result};
use crate::extract::{ByKey, JsonBody, PathOf};
use crate::state::App;
use crate::store::{Erasure, HoldRow};

/// What a hold is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
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
pub(crate) async fn erase(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    visitor: &VisitorId,
) -> Result<Erasure> {
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

/// `DELETE /api/v1/sites/{site}/visitors/{visitor}`
pub(super) async fn delete_visitor(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, visitor)): PathOf<(SiteId, VisitorId)>,
) -> Result<Response> {
    Ok(match erase(&app, &caller, &site, &visitor).await? {
        Erasure::Done(count) => private_json(json!({"erased": count}).to_string())?,
        Erasure::Held(hold) => {
            (error::erased(true), private_json(json!({"erased": 0, "hold": hold}).to_string())?).into_response()
        }
    })
}

/// The body of a hold.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHold {
    visitor: Option<VisitorId>,
    kind: HoldKind,
    reason: String,
}

/// `POST /api/v1/sites/{site}/holds`
pub(super) async fn create_hold(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    JsonBody(NewHold { visitor, kind, reason }): JsonBody<NewHold>,
) -> Result<Response> {
    let hold = hold(&app, &caller, &site, visitor.as_ref(), (kind, &reason)).await?;
    Ok((error::created(true), private_json(json!(hold).to_string())?).into_response())
}

/// `GET /api/v1/sites/{site}/holds`
pub(super) async fn get_holds(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
) -> Result<Response> {
    let holds = holds(&app, &caller, &site).await?;
    private_json(json!({"items": holds, "next": null}).to_string())
}

/// `DELETE /api/v1/sites/{site}/holds/{hold}`
pub(super) async fn delete_hold(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf((site, hold)): PathOf<(SiteId, String)>,
) -> Result<Response> {
    lift(&app, &caller, &site, &hold).await?;
    private_json(json!({"lifted": hold}).to_string())
}
