//! Owns exports: what can be asked for, over HTTP and on the command line, and receipts as CSV or JSON Lines, page by page.
//! Refuses to hold more than one page in memory, or a connection while a slow reader reads.

mod bundle;
pub mod command;
mod table;
mod tree;

use std::fmt::Write;
use std::pin::Pin;

use assent_shared::{Receipt, SiteId, VisitorId};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use self::bundle::Bundle;
use self::table::Table;
use crate::access::Permission;
use crate::error::{Error, Result};
use crate::extract::{ByKey, PathOf};
use crate::state::App;
use crate::store::{Filter, Place, ReceiptRow, Store};

/// Receipts of one page: about half a megabyte, and one query.
const PAGE: i64 = 1000;

/// How an export is written.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// One row a receipt, for spreadsheets (RFC 4180).
    #[default]
    Csv,
    /// One JSON object a line, each with the receipt's stored bytes.
    Jsonl,
    /// One tar file that proves itself: receipts, what opens them, the ledger, the notices.
    Bundle,
}

/// The query of an export.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// How the file is written.
    #[serde(default)]
    #[param(inline)]
    format: ExportFormat,
    /// Received at this time or later.
    from: Option<String>,
    /// Received before this time.
    to: Option<String>,
    /// Only this visitor's.
    visitor: Option<VisitorId>,
    /// Which of the site's ledgers, in a bundle; the present one otherwise.
    ledger: Option<u32>,
}

/// The bytes of an export, piece by piece.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>>> + Send>>;

/// A site's receipts as a file.
///
/// It is written while it is read. A bundle proves itself: `assent verify` checks it without this server.
#[utoipa::path(
    get,
    path = "/api/v1/sites/{site}/export",
    tag = "exports",
    params(("site" = SiteId, Path, description = "The site's id"), ExportQuery),
    responses((
        status = 200,
        description = "The file",
        content(
            (String = "text/csv"),
            (String = "application/jsonl"),
            (Vec<u8> = "application/x-tar"),
        ),
    ))
)]
pub async fn get_export(
    State(app): State<App>,
    ByKey(caller): ByKey,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<ExportQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response> {
    caller.require(Permission::ExportReceipts, &site)?;
    app.catalog.site(&site).await?;
    let Query(query) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let filter =
        filter(query.from.as_deref(), query.to.as_deref(), query.visitor).map_err(Error::InvalidQuery)?;
    let (media_type, file) = match query.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", format!("{site}-receipts.csv")),
        ExportFormat::Jsonl => ("application/jsonl", format!("{site}-receipts.jsonl")),
        ExportFormat::Bundle => ("application/x-tar", format!("{site}-ledger.tar")),
    };
    let wanted = Wanted { site, format: query.format, ledger: query.ledger, filter };
    let chunks = wanted.begin(&app.store, app.clock.now()).await?;
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks)).into_response())
}

/// What somebody wants exported.
#[derive(Debug)]
pub struct Wanted {
    /// The site.
    pub site: SiteId,
    /// How it is written.
    pub format: ExportFormat,
    /// Which of the site's ledgers, in a bundle; the present one otherwise.
    pub ledger: Option<u32>,
    /// Which receipts; all of them without any wish.
    pub filter: Filter,
}

impl Wanted {
    /// Begins the export; what can be refused is refused before its first byte.
    pub async fn begin(self, store: &Store, now: i64) -> Result<Chunks> {
        let Self { site, format, ledger, filter } = self;
        if format == ExportFormat::Bundle {
            return Ok(Box::pin(Bundle::new(store, site, ledger, filter, now).await?.chunks()));
        }
        if ledger.is_some() {
            return Err(Error::InvalidQuery("a ledger is chosen for the format `bundle` only".to_owned()));
        }
        Ok(Box::pin(Export::new(store, site, format, filter).await?.chunks()))
    }
}

/// Reads the filter of an export; instants are RFC 3339 times, or dates that begin at midnight UTC.
pub fn filter(from: Option<&str>, to: Option<&str>, visitor: Option<VisitorId>) -> Result<Filter, String> {
    Ok(Filter { from: from.map(instant).transpose()?, to: to.map(instant).transpose()?, visitor })
}

fn instant(text: &str) -> Result<i64, String> {
    let timestamp = match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => date.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()),
        _ => text.parse::<Timestamp>(),
    };
    timestamp.map(Timestamp::as_millisecond).map_err(|_| {
        format!(
            "`{text}` is no time: write a date such as 2026-11-21, or a time such as 2026-11-21T09:30:00Z"
        )
    })
}

/// An export of rows under way.
#[derive(Debug)]
struct Export {
    store: Store,
    site: SiteId,
    format: ExportFormat,
    filter: Filter,
    table: Table,
    place: Option<Place>,
}

impl Export {
    async fn new(store: &Store, site: SiteId, format: ExportFormat, filter: Filter) -> Result<Self> {
        let table = Table::new(store, &site).await?;
        Ok(Self { store: store.clone(), site, format, filter, table, place: Some(Place::START) })
    }

    /// The export's bytes, a page at a time; the next page is read when the reader asks for it.
    fn chunks(self) -> impl Stream<Item = Result<Vec<u8>>> {
        stream::try_unfold(self, async |mut export| {
            let Some(place) = export.place else {
                return Ok(None);
            };
            let rows = export.store.receipts(&export.site, &export.filter, place, PAGE).await?;
            let chunk = match export.format {
                ExportFormat::Jsonl => jsonl(&rows),
                _ => export.table.csv(&read(&rows)?, place == Place::START)?,
            };
            // A short page is the last one; a full page may be followed by an empty one.
            let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
            export.place =
                rows.last().filter(|_| full).map(|row| Place(row.received_at, row.ledger, row.leaf_index));
            Ok(Some((chunk, export)))
        })
    }
}

/// The receipts of rows, with their leaf indexes.
fn read(rows: &[ReceiptRow]) -> Result<Vec<(i64, Receipt)>> {
    let read = |row: &ReceiptRow| {
        let receipt = serde_json::from_str(&row.body)
            .map_err(|error| Error::Internal(format!("stored receipt: {error}")))?;
        Ok((row.leaf_index, receipt))
    };
    rows.iter().map(read).collect()
}

fn jsonl(rows: &[ReceiptRow]) -> Vec<u8> {
    let mut lines = String::new();
    for row in rows {
        // The stored bytes go in as they are: nothing re-serialises a receipt.
        let _ = writeln!(lines, "{{\"leaf_index\":{},\"receipt\":{}}}", row.leaf_index, row.body);
    }
    lines.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_dates_or_times() {
        assert_eq!(instant("1970-01-02"), Ok(86_400_000));
        assert_eq!(instant("1970-01-01T01:00:00+01:00"), Ok(0));
        assert!(instant("yesterday").unwrap_err().contains("`yesterday` is no time"));
        assert!(instant("2026-13-01").is_err());
    }
}
