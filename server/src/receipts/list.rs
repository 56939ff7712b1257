//! Owns the list of a site's receipts: newest first, filtered, page by page.
//! Refuses to show anything before the audit log has it.

use assent_shared::{Receipt, SiteId};
use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;

use super::query::{self, Paging, ReceiptsQuery};
use super::{private_json, read};
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::state::App;
use crate::store::{Order, Place, ReceiptRow};

/// A page of receipts.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) items: Vec<Listed>,
    /// Where the next page goes on; nothing on the last.
    pub(crate) next: Option<Place>,
}

/// A receipt in a list.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) place: Place,
    pub(crate) body: String,
    pub(crate) receipt: Receipt,
}

/// A site's receipts after a place.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    query: &ReceiptsQuery,
    (after, limit): (Option<Place>, i64),
) -> Result<Page> {
    caller.require(Permission::ReadReceipts, site)?;
    app.catalog.site(site).await?;
    let filter = query.filter()?;
    audit::record(app, caller, Action::ReceiptList, Some(site), query.about()).await?;
    let mut reader = app.store.reader(site, &filter, Order::NewestFirst, after).await?;
    // One more, to know whether there is a next page.
    let rows = reader.next(limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let next = rows.get(wanted).and_then(|_| rows.get(wanted.checked_sub(1)?)).map(ReceiptRow::place);
    let listed = rows.into_iter().take(wanted).map(|row| {
        let receipt = read(&row.body)?;
        Ok(Listed { place: row.place(), body: row.body, receipt })
    });
    Ok(Page { items: listed.collect::<Result<_>>()?, next })
}

/// A page of receipts, newest first.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ReceiptPage)]
pub(super) struct Answer {
    items: Vec<Item>,
    /// Goes into `after`, for the next page; nothing on the last.
    next: Option<String>,
}

/// A receipt and where it stands.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ListedReceipt)]
struct Item {
    /// Which of the site's ledgers it is in.
    ledger: i64,
    /// Its place there.
    leaf_index: i64,
    /// The stored bytes.
    #[schema(value_type = Receipt)]
    receipt: Box<RawValue>,
}

impl Page {
    /// As programs read it; the receipts as they are stored.
    pub(crate) fn json(self) -> Result<String> {
        let failed = |error| Error::Internal(format!("a list of receipts: {error}"));
        let items =
            self.items.into_iter().map(|Listed { place: Place(_, ledger, leaf_index), body, .. }| {
                Ok(Item { ledger, leaf_index, receipt: RawValue::from_string(body).map_err(failed)? })
            });
        let items = items.collect::<Result<_>>()?;
        serde_json::to_string(&Answer { items, next: self.next.map(query::cursor) }).map_err(failed)
    }
}

/// A site's receipts.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/receipts",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ReceiptsQuery, Paging),
    responses((status = 200, description = "A page of them, newest first", body = Answer))
)]
pub(super) async fn get_receipts(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let (wanted, others) = ReceiptsQuery::parse(raw.as_deref(), &["limit", "after"])?;
    let at = (query::after(&others)?, query::limit(&others)?);
    Ok(private_json(list(&app, &caller, &site, &wanted, at).await?.json()?))
}
