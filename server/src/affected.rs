//! Owns who was affected: the visitors who decided within a time or under a notice, with their first and last decision in it.
//! Refuses to gather them in memory: receipts are read in their order, and a visitor is told at the first one.

use std::collections::{HashMap, HashSet};
use std::pin::Pin;

use assent_shared::{Receipt, SiteId};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::export::rfc3339;
use crate::extract::{ByKey, PathOf};
use crate::receipts::query::{self, Paging, ReceiptsQuery};
use crate::receipts::{private_json, read};
use crate::state::App;
use crate::store::{EdgeRow, Filter, Order, Place, Reader, Store};

/// Receipts that are read at once.
const PAGE: i64 = 1000;
/// Whoever decided more often is remembered, so that they are not looked up again with every page.
const BUSY: i64 = 100;

/// The addresses of who was affected.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get_affected))
}

/// How the list is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AffectedFormat {
    /// A page of it.
    #[default]
    #[value(skip)]
    Json,
    /// All of it, one row a visitor.
    Csv,
    /// All of it, one JSON object a line.
    Jsonl,
}

/// A visitor who was affected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Affected {
    /// Their pseudonym at the site.
    pub visitor: String,
    /// How often they decided.
    pub decisions: i64,
    /// When first, milliseconds since 1970.
    pub first_at: i64,
    /// Their first decision.
    pub first_decision: String,
    /// When last, milliseconds since 1970.
    pub last_at: i64,
    /// Their last decision.
    pub last_decision: String,
}

/// Reads who was affected, in the order of their first decision.
#[derive(Debug)]
pub(crate) struct Walk {
    store: Store,
    site: SiteId,
    filter: Filter,
    reader: Reader,
    busy: HashSet<String>,
}

impl Walk {
    /// Begins after a place. The first receipt that a visitor has in the filter is where they are told of.
    pub(crate) async fn new(
        store: &Store,
        site: &SiteId,
        filter: Filter,
        after: Option<Place>,
    ) -> Result<Self> {
        let reader = store.reader(site, &filter, Order::OldestFirst, after).await?;
        Ok(Self { store: store.clone(), site: site.clone(), filter, reader, busy: HashSet::new() })
    }

    /// The visitors of the next receipts, each with the place of their first; nothing at the end.
    pub(crate) async fn next(&mut self, limit: i64) -> Result<Option<Vec<(Place, Affected)>>> {
        let rows = self.reader.next(limit).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let receipts = rows.iter().map(|row| read(&row.body)).collect::<Result<Vec<Receipt>>>()?;
        let visitors: HashSet<&str> = receipts.iter().map(|receipt| receipt.visitor.as_str()).collect();
        let visitors: Vec<&str> =
            visitors.into_iter().filter(|visitor| !self.busy.contains(*visitor)).collect();
        let edges = self.store.edges(&self.site, &self.filter, &visitors).await?;
        let mut firsts: HashMap<Place, Affected> = HashMap::new();
        let mut lasts: HashMap<String, EdgeRow> = HashMap::new();
        for edge in edges {
            if edge.is_first {
                let place = Place(edge.received_at, edge.ledger, edge.leaf_index);
                firsts.insert(place, affected(&edge));
            }
            if edge.is_last {
                lasts.insert(edge.visitor.clone(), edge);
            }
        }
        let mut told = Vec::new();
        for row in &rows {
            let Some(mut one) = firsts.remove(&row.place()) else { continue };
            if let Some(last) = lasts.remove(&one.visitor) {
                (one.last_at, one.last_decision) = (last.received_at, last.decision);
            }
            if one.decisions > BUSY {
                self.busy.insert(one.visitor.clone());
            }
            told.push((row.place(), one));
        }
        Ok(Some(told))
    }
}

fn affected(edge: &EdgeRow) -> Affected {
    Affected {
        visitor: edge.visitor.clone(),
        decisions: edge.decisions,
        first_at: edge.received_at,
        first_decision: edge.decision.clone(),
        last_at: edge.received_at,
        last_decision: edge.decision.clone(),
    }
}

/// A page of who was affected, and where the next one goes on.
pub(crate) async fn page(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    query: &ReceiptsQuery,
    (after, limit): (Option<Place>, i64),
) -> Result<(Vec<Affected>, Option<Place>)> {
    let mut walk = begin(app, caller, site, query, after).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut told: Vec<(Place, Affected)> = Vec::new();
    while told.len() <= wanted {
        // Most visitors decide once, so that as many receipts as visitors are wanted do it.
        let Some(more) = walk.next(limit + 1).await? else { break };
        told.extend(more);
    }
    let next = (told.len() > wanted).then(|| told[wanted - 1].0);
    Ok((told.into_iter().take(wanted).map(|(_, one)| one).collect(), next))
}

/// All who were affected, piece by piece.
pub(crate) async fn stream(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    query: &ReceiptsQuery,
    format: AffectedFormat,
) -> Result<Chunks> {
    let walk = begin(app, caller, site, query, None).await?;
    Ok(Box::pin(chunks(walk, format)))
}

/// The bytes of the list, piece by piece.
pub(crate) type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>>> + Send>>;

pub(crate) fn chunks(walk: Walk, format: AffectedFormat) -> impl Stream<Item = Result<Vec<u8>>> {
    stream::try_unfold((walk, format, true), async |(mut walk, format, is_first)| {
        let told = walk.next(PAGE).await?;
        let chunk = match &told {
            Some(told) => write(told, format, is_first)?,
            // Whoever reads a table wants its header, also of an empty one.
            None if is_first => write(&[], format, true)?,
            None => return Ok(None),
        };
        Ok(Some((chunk, (walk, format, false))))
    })
}

fn write(told: &[(Place, Affected)], format: AffectedFormat, is_first: bool) -> Result<Vec<u8>> {
    let failed =
        |error: &dyn std::fmt::Display| Error::Internal(format!("writing who was affected: {error}"));
    if format != AffectedFormat::Csv {
        let mut lines = Vec::new();
        for (_, one) in told {
            serde_json::to_writer(&mut lines, one).map_err(|error| failed(&error))?;
            lines.push(b'\n');
        }
        return Ok(lines);
    }
    let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if is_first {
        let header = ["visitor", "decisions", "first_at", "first_decision", "last_at", "last_decision"];
        csv.write_record(header).map_err(|error| failed(&error))?;
    }
    for (_, one) in told {
        // Nothing of it can be taken for a formula: pseudonyms begin with v_, ids with a digit or a letter.
        let cells = [
            one.visitor.clone(),
            one.decisions.to_string(),
            rfc3339(one.first_at),
            one.first_decision.clone(),
            rfc3339(one.last_at),
            one.last_decision.clone(),
        ];
        csv.write_record(cells).map_err(|error| failed(&error))?;
    }
    csv.into_inner().map_err(|error| failed(&error))
}

async fn begin(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    query: &ReceiptsQuery,
    after: Option<Place>,
) -> Result<Walk> {
    caller.require(Permission::ReadReceipts, site)?;
    app.catalog.site(site).await?;
    let filter = query.filter()?;
    audit::record(app, caller, Action::ReceiptAffected, Some(site), query.about()).await?;
    Walk::new(&app.store, site, filter, after).await
}

/// A page of who was affected.
#[derive(Serialize, utoipa::ToSchema)]
struct AffectedPage {
    items: Vec<Affected>,
    /// Goes into `after`, for the next page; nothing on the last.
    next: Option<String>,
}

/// How the list is written.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "what the handler reads, for the document")]
struct FormatQuery {
    /// A page as `json`, or all of it as `csv` or `jsonl`.
    #[param(inline)]
    format: Option<AffectedFormat>,
}

/// Who decided within a time or under a notice.
///
/// One entry a visitor, in the order of their first decision in it.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/affected",
    tag = "receipts",
    params(("site" = SiteId, Path, description = "The site's id"), ReceiptsQuery, Paging, FormatQuery),
    responses((
        status = 200,
        description = "Who was affected",
        content((AffectedPage = "application/json"), (String = "text/csv"), (String = "application/jsonl")),
    ))
)]
async fn get_affected(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    RawQuery(raw): RawQuery,
) -> Result<Response> {
    caller.require(Permission::ReadReceipts, &site)?;
    let (wanted, others) = ReceiptsQuery::parse(raw.as_deref(), &["limit", "after", "format"])?;
    let format = match others.get("format") {
        Some(format) => serde_json::from_value(format.as_str().into()).map_err(|_| {
            Error::InvalidQuery(format!("`{format}` is no format of this list: write json, csv or jsonl"))
        })?,
        None => AffectedFormat::Json,
    };
    if format == AffectedFormat::Json {
        let at = (query::after(&others)?, query::limit(&others)?);
        let (items, next) = page(&app, &caller, &site, &wanted, at).await?;
        let page = AffectedPage { items, next: next.map(query::cursor) };
        return Ok(private_json(json!(page).to_string()));
    }
    Ok(file(&site, format, stream(&app, &caller, &site, &wanted, format).await?))
}

/// All of it, as a file.
pub(crate) fn file(site: &SiteId, format: AffectedFormat, chunks: Chunks) -> Response {
    let (media_type, ending) = match format {
        AffectedFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        AffectedFormat::Json | AffectedFormat::Jsonl => ("application/jsonl", "jsonl"),
    };
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{site}-affected.{ending}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    (headers, Body::from_stream(chunks)).into_response()
}
