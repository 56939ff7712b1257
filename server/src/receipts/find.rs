//! Owns finding a visitor by what they downloaded: one receipt, all of theirs, or a proof; sent as a file or pasted.
//! Refuses to believe the file: what it says is compared with what is stored.

use std::collections::BTreeMap;

use assent_shared::ledger::ReceiptProof;
use assent_shared::{DecisionId, Receipt, SiteId, VisitorId};
use axum::body::Bytes;
use axum::extract::multipart::Multipart;
use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;

use super::private_json;
use super::query::{ReceiptsQuery, cursor};
use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::state::App;
use crate::store::{Order, Place, Reader, ReceiptRow};

/// Bytes of a file. A visitor's download has 200 receipts and their notices, half a megabyte.
const FILE_LIMIT: usize = 4 * 1024 * 1024;
/// Visitors whose receipts one file may hold: whoever wants more wants an export.
const VISITORS: usize = 20;
/// Receipts that are shown of each.
const SHOWN: i64 = 50;

/// How long a file may be, for the routes that take one.
pub(crate) fn upload_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(FILE_LIMIT)
}

/// A text that was sent as a file or pasted into a form, or that is the body itself.
pub(crate) struct Upload(pub(crate) String);

impl FromRequest<App> for Upload {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if !kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
            let bytes =
                Bytes::from_request(request, app).await.map_err(|_| Error::BodyTooLarge(FILE_LIMIT))?;
            return text(&bytes).map(Self);
        }
        let unreadable = |error: &dyn std::fmt::Display| Error::MalformedBody(format!("the form: {error}"));
        let mut form = Multipart::from_request(request, app).await.map_err(|error| unreadable(&error))?;
        while let Some(field) = form.next_field().await.map_err(|error| unreadable(&error))? {
            let bytes = field.bytes().await.map_err(|_| Error::BodyTooLarge(FILE_LIMIT))?;
            if !bytes.trim_ascii().is_empty() {
                return text(&bytes).map(Self);
            }
        }
        Err(Error::MalformedBody("choose a file, or paste what is in it".to_owned()))
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| not_ours())
}

fn not_ours() -> Error {
    Error::MalformedBody(
        "this is neither a receipt, nor a visitor's download of receipts, nor a proof (.tlog-proof)"
            .to_owned(),
    )
}

/// Whoever a file is of.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) visitor: VisitorId,
    /// What the file says they decided, and what became of it.
    pub(crate) claims: Vec<(DecisionId, Claim)>,
    /// What is stored of them, newest first.
    pub(crate) stored: Vec<Receipt>,
    /// Where their list goes on.
    pub(crate) next: Option<Place>,
}

/// What became of a receipt in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Claim {
    /// It is stored, byte for byte.
    Stored,
    /// Another one is stored under its id: the file was changed.
    Different,
    /// There is none: it was never here, it was erased, or it is not shown.
    Missing,
}

/// The visitors whom a file's receipts are of.
pub(crate) async fn find(app: &App, caller: &Caller, site: &SiteId, file: &str) -> Result<Vec<Found>> {
    caller.require(Permission::ReadReceipts, site)?;
    app.catalog.site(site).await?;
    let receipts = receipts_in(file)?;
    if let Some(foreign) = receipts.iter().find(|receipt| receipt.site != *site) {
        return Err(Error::MalformedBody(format!("this is a receipt of the site `{}`", foreign.site)));
    }
    let mut by_visitor: BTreeMap<VisitorId, Vec<Receipt>> = BTreeMap::new();
    for receipt in receipts {
        by_visitor.entry(receipt.visitor.clone()).or_default().push(receipt);
    }
    if by_visitor.len() > VISITORS {
        return Err(Error::MalformedBody(format!("the file has receipts of more than {VISITORS} visitors")));
    }
    let names: Vec<&str> = by_visitor.keys().map(VisitorId::as_str).collect();
    audit::record(app, caller, Action::ReceiptFind, Some(site), names.join(" ")).await?;
    let mut found = Vec::with_capacity(by_visitor.len());
    for (visitor, receipts) in by_visitor {
        let mut claims = Vec::with_capacity(receipts.len());
        for receipt in receipts {
            let claim = match app.store.receipt(site, &receipt.decision).await? {
                Some(row) if row.body == receipt.canonical_json() => Claim::Stored,
                Some(_) => Claim::Different,
                None => Claim::Missing,
            };
            claims.push((receipt.decision, claim));
        }
        let query = ReceiptsQuery { visitor: Some(visitor.clone()), ..ReceiptsQuery::default() };
        let mut reader: Reader = app.store.reader(site, &query.filter()?, Order::NewestFirst, None).await?;
        let rows = reader.next(SHOWN).await?;
        let more = i64::try_from(rows.len()).is_ok_and(|count| count == SHOWN);
        let next = rows.last().filter(|_| more).map(ReceiptRow::place);
        let stored = rows.iter().map(|row| super::read(&row.body)).collect::<Result<_>>()?;
        found.push(Found { visitor, claims, stored, next });
    }
    Ok(found)
}

/// The receipts in a file of ours; at least one.
fn receipts_in(file: &str) -> Result<Vec<Receipt>> {
    if let Ok(proof) = ReceiptProof::parse(&format!("{}\n", file.trim_end())) {
        let opening = proof.opening.ok_or_else(|| {
            Error::MalformedBody("this proof does not hold its receipt; send the receipt itself".to_owned())
        })?;
        return serde_json::from_str(opening.receipt.get())
            .map(|receipt| vec![receipt])
            .map_err(|_| not_ours());
    }
    let mut receipts = Vec::new();
    for value in serde_json::Deserializer::from_str(file).into_iter::<Value>() {
        gather(value.map_err(|_| not_ours())?, &mut receipts)?;
    }
    if receipts.is_empty() { Err(not_ours()) } else { Ok(receipts) }
}

/// A receipt by itself, within its answer or line, or among others.
fn gather(value: Value, receipts: &mut Vec<Receipt>) -> Result<()> {
    match value {
        Value::Array(values) => values.into_iter().try_for_each(|value| gather(value, receipts)),
        Value::Object(mut object) => {
            if let Some(inner) = object.remove("receipts").or_else(|| object.remove("receipt")) {
                return gather(inner, receipts);
            }
            receipts.push(serde_json::from_value(Value::Object(object)).map_err(|_| not_ours())?);
            Ok(())
        }
        _ => Err(not_ours()),
    }
}

/// Whom a file of receipts is of.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct FoundVisitors {
    items: Vec<FoundVisitor>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct FoundVisitor {
    visitor: VisitorId,
    /// What the file says they decided, and what became of it.
    in_file: Vec<ClaimedDecision>,
    /// What is stored of them, newest first.
    receipts: Vec<Receipt>,
    /// Goes into `after` of their list, if it is longer.
    next: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct ClaimedDecision {
    decision: DecisionId,
    is: Claim,
}

/// The visitors whom a file is of, with their receipts.
///
/// The body is what a visitor downloaded: one receipt, all of theirs, or a proof; or a form with such a file.
#[utoipa::path(
    post,
    path = "/api/v1/sites/{site}/receipts/find",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id")),
    request_body(content((Object = "application/json"), (String = "text/plain"))),
    responses((status = 200, description = "Whom it is of", body = FoundVisitors))
)]
pub(super) async fn find_receipts(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    Upload(file): Upload,
) -> Result<Response> {
    let found = find(&app, &caller, &site, &file).await?;
    let items = found.into_iter().map(|Found { visitor, claims, stored, next }| FoundVisitor {
        visitor,
        in_file: claims.into_iter().map(|(decision, is)| ClaimedDecision { decision, is }).collect(),
        receipts: stored,
        next: next.map(cursor),
    });
    let found = FoundVisitors { items: items.collect() };
    Ok(private_json(serde_json::to_string(&found).map_err(|error| super::broken(&error))?))
}
