//! Owns exports: a site's receipts as CSV or JSON Lines, page by page, over HTTP and on the command line.
//! Refuses to hold more than one page in memory, or a connection while a slow reader reads.

use std::collections::BTreeSet;
use std::fmt::Write;

use assent_shared::{PurposeId, Receipt, SiteId, VisitorId};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::extract::{Operator, PathOf};
use crate::state::App;
use crate::store::{Filter, Place, ReceiptRow, Store};

/// Receipts of one page: about half a megabyte, and one query.
const PAGE: i64 = 1000;

/// How an export is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// One row a receipt, for spreadsheets (RFC 4180).
    #[default]
    Csv,
    /// One JSON object a line, each with the receipt's stored bytes.
    Jsonl,
}

/// The query of an export.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    #[serde(default)]
    format: ExportFormat,
    from: Option<String>,
    to: Option<String>,
    visitor: Option<VisitorId>,
}

/// `GET /api/v1/sites/{site}/export`
pub async fn get_export(
    State(app): State<App>,
    operator: Operator,
    PathOf(site): PathOf<SiteId>,
    query: Result<Query<ExportQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response> {
    operator.may_read(&site)?;
    app.catalog.site(&site).await?;
    let Query(query) = query.map_err(|rejection| Error::InvalidQuery(rejection.body_text()))?;
    let filter =
        filter(query.from.as_deref(), query.to.as_deref(), query.visitor).map_err(Error::InvalidQuery)?;
    let (media_type, ending) = match query.format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        ExportFormat::Jsonl => ("application/jsonl", "jsonl"),
    };
    let disposition = format!("attachment; filename=\"{site}-receipts.{ending}\"");
    let export = Export::new(&app.store, site, query.format, filter).await?;
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(export.chunks())).into_response())
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

/// An export under way.
#[derive(Debug)]
pub struct Export {
    store: Store,
    site: SiteId,
    format: ExportFormat,
    filter: Filter,
    /// Every optional purpose that the site ever asked: one CSV column each.
    purposes: Vec<PurposeId>,
    place: Option<Place>,
}

impl Export {
    /// Prepares an export.
    pub async fn new(store: &Store, site: SiteId, format: ExportFormat, filter: Filter) -> Result<Self> {
        let mut purposes = BTreeSet::new();
        for row in store.notices(&site).await? {
            let notice: assent_shared::Notice = serde_json::from_str(&row.body)
                .map_err(|error| Error::Internal(format!("stored notice: {error}")))?;
            purposes.extend(notice.optional().map(|purpose| purpose.id.clone()));
        }
        let purposes = purposes.into_iter().collect();
        Ok(Self { store: store.clone(), site, format, filter, purposes, place: Some(Place::START) })
    }

    /// The export's bytes, a page at a time; the next page is read when the reader asks for it.
    pub fn chunks(self) -> impl Stream<Item = Result<Vec<u8>>> {
        stream::try_unfold(self, async |mut export| {
            let Some(place) = export.place else {
                return Ok(None);
            };
            let rows = export.store.receipts(&export.site, &export.filter, place, PAGE).await?;
            let chunk = match export.format {
                ExportFormat::Csv => export.csv(&rows, place == Place::START)?,
                ExportFormat::Jsonl => jsonl(&rows),
            };
            // A short page is the last one; a full page may be followed by an empty one.
            let full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE);
            export.place =
                rows.last().filter(|_| full).map(|row| Place(row.received_at, row.ledger, row.leaf_index));
            Ok(Some((chunk, export)))
        })
    }

    fn csv(&self, rows: &[ReceiptRow], with_header: bool) -> Result<Vec<u8>> {
        let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("writing CSV: {error}"));
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        if with_header {
            let fixed = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
            let choices = self.purposes.iter().map(|purpose| format!("choice_{purpose}"));
            csv.write_record(fixed.chain(choices)).map_err(|error| failed(&error))?;
        }
        for row in rows {
            let receipt: Receipt = serde_json::from_str(&row.body)
                .map_err(|error| Error::Internal(format!("stored receipt: {error}")))?;
            for (_, cell) in COLUMNS {
                csv.write_field(harmless(cell(row.leaf_index, &receipt))).map_err(|error| failed(&error))?;
            }
            for purpose in &self.purposes {
                let choice = match receipt.choices.get(purpose) {
                    Some(true) => "granted",
                    Some(false) => "denied",
                    None => "",
                };
                csv.write_field(choice).map_err(|error| failed(&error))?;
            }
            csv.write_record(None::<&[u8]>).map_err(|error| failed(&error))?;
        }
        csv.into_inner().map_err(|error| failed(&error))
    }
}

/// Writes one cell of a receipt at a leaf index.
type Cell = fn(i64, &Receipt) -> String;

/// The fixed columns: a name, and how its cell is written.
const COLUMNS: &[(&str, Cell)] = &[
    ("leaf_index", |leaf_index, _| leaf_index.to_string()),
    ("received_at", |_, receipt| rfc3339(receipt.received_at)),
    ("decision", |_, receipt| receipt.decision.to_string()),
    ("visitor", |_, receipt| receipt.visitor.to_string()),
    ("method", |_, receipt| receipt.method.as_str().to_owned()),
    ("layer", |_, receipt| receipt.layer.to_string()),
    ("gpc", |_, receipt| receipt.gpc.to_string()),
    ("notice", |_, receipt| receipt.notice.number.to_string()),
    ("notice_hash", |_, receipt| receipt.notice.hash.clone()),
    ("locale", |_, receipt| receipt.locale.to_string()),
    ("origin", |_, receipt| receipt.origin.clone()),
    ("decided_at", |_, receipt| rfc3339(receipt.decided_at)),
    ("clock_off", |_, receipt| receipt.clock_off.to_string()),
    ("valid_until", |_, receipt| rfc3339(receipt.valid_until)),
    ("replaces", |_, receipt| receipt.replaces.as_ref().map(ToString::to_string).unwrap_or_default()),
    ("widget", |_, receipt| receipt.widget.clone()),
];

/// A visitor's clock may stand anywhere in ECMAScript's range, which is wider than RFC 3339's four-digit years.
fn rfc3339(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(timestamp) => format!("{timestamp:.3}"),
        Err(_) => format!("{milliseconds} ms"),
    }
}

/// Keeps a spreadsheet from taking a cell for a formula (OWASP, "CSV Injection").
fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
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

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(cell.to_owned()), format!("'{cell}"));
        }
        assert_eq!(harmless("granted".to_owned()), "granted");
        assert_eq!(harmless(rfc3339(-8_640_000_000_000_000)), "'-8640000000000000 ms");
    }
}
