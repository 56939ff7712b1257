//! Owns exports that are rows of receipts: CSV, JSON, JSON Lines and SQL, page by page. While one is written, the next is read.
//! Refuses to hold more than two pages in memory, a connection while a slow reader reads, or a thread that answers visitors.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use assent_shared::{Receipt, SiteId};
use futures_util::stream::{self, Stream};
use tokio::task::{JoinError, JoinHandle, spawn_blocking};
use tokio::time::Instant;
use tracing::Instrument as _;

use super::pace::Pace;
use super::sql::Sql;
use super::table::Table;
use super::{ExportFormat, Progress};
use crate::error::{Error, Result};
use crate::store::{Filter, Order, Reader, ReceiptRow, Store};

/// Receipts of one page: about two megabytes, and one query. PostgreSQL plans each anew, which takes as long as reading a thousand.
const PAGE: i64 = 4000;

/// An export of rows that is about to be written.
#[derive(Debug)]
pub(super) struct Rows {
    shape: Shape,
    reader: Reader,
    progress: Progress,
    pace: Pace,
}

#[derive(Debug)]
enum Shape {
    Csv(Table),
    Json,
    Jsonl,
    Sql(Sql),
}

/// A page that is being read, with how long that took. It is read to its end even if nobody asks for it any more: a query that
/// is waited for only now and then would hold its connection for as long.
type Ahead = JoinHandle<sqlx::Result<(Reader, Vec<ReceiptRow>, Duration)>>;

impl Rows {
    pub(super) async fn new(
        store: &Store,
        site: SiteId,
        format: ExportFormat,
        filter: &Filter,
        progress: Progress,
    ) -> Result<Self> {
        let shape = match format {
            ExportFormat::Json => Shape::Json,
            ExportFormat::Jsonl => Shape::Jsonl,
            ExportFormat::Sql => Shape::Sql(Sql::new(store, &site).await?),
            ExportFormat::Csv | ExportFormat::Bundle => Shape::Csv(Table::new(store, &site).await?),
        };
        let reader = store.reader(&site, filter, Order::OldestFirst, None).await?;
        Ok(Self { shape, reader, progress, pace: Pace::new(store) })
    }

    /// The export's bytes, a page at a time.
    pub(super) fn chunks(self) -> impl Stream<Item = Result<Vec<u8>>> {
        let Self { shape, reader, progress, pace } = self;
        let shape = Arc::new(shape);
        stream::try_unfold((Some(read_ahead(reader)), pace, true), move |(ahead, mut pace, is_first)| {
            let (shape, progress) = (shape.clone(), progress.clone());
            async move {
                let Some(ahead) = ahead else { return Ok(None) };
                let (reader, rows, reading) = ahead.await.map_err(|error| failed(&error))??;
                let ahead = if rows.is_empty() { None } else { Some(read_ahead(reader)) };
                progress.add(rows.len());
                let (chunk, writing) = shape.write_apart(rows, is_first).await?;
                pace.rest_after(reading + writing).await;
                Ok(Some((chunk, (ahead, pace, false))))
            }
        })
    }
}

fn read_ahead(mut reader: Reader) -> Ahead {
    let read = async move {
        let start = Instant::now();
        let rows = reader.next(PAGE).await?;
        Ok((reader, rows, start.elapsed()))
    };
    tokio::spawn(read.in_current_span())
}

fn failed(error: &JoinError) -> Error {
    Error::Internal(format!("a page of an export: {error}"))
}

impl Shape {
    /// As [`Shape::write`], in a thread of its own; returns how long that took.
    async fn write_apart(
        self: Arc<Self>,
        rows: Vec<ReceiptRow>,
        is_first: bool,
    ) -> Result<(Vec<u8>, Duration)> {
        let write = move || {
            let start = Instant::now();
            self.write(&rows, is_first).map(|chunk| (chunk, start.elapsed()))
        };
        spawn_blocking(write).await.map_err(|error| failed(&error))?
    }

    /// A page; one without receipts is the end.
    fn write(&self, rows: &[ReceiptRow], is_first: bool) -> Result<Vec<u8>> {
        Ok(match self {
            // At the end there is nothing to say, unless nothing was said yet.
            Self::Csv(_) if rows.is_empty() && !is_first => Vec::new(),
            Self::Csv(table) => table.csv(rows.iter().map(read), is_first)?,
            Self::Jsonl => objects(rows, "", "\n"),
            Self::Json => {
                let mut text = if is_first { b"[\n".to_vec() } else { Vec::new() };
                text.extend(objects(rows, if is_first { "" } else { ",\n" }, ""));
                if rows.is_empty() {
                    text.extend(b"\n]\n");
                }
                text
            }
            Self::Sql(sql) => {
                let mut text = if is_first { sql.beginning() } else { String::new() };
                text.push_str(&Sql::receipts(rows)?);
                if rows.is_empty() {
                    text.push_str(Sql::END);
                }
                text.into_bytes()
            }
        })
    }
}

/// The receipt of a row, with its leaf index.
pub(super) fn read(row: &ReceiptRow) -> Result<(i64, Receipt)> {
    let receipt = serde_json::from_str(&row.body)
        .map_err(|error| Error::Internal(format!("stored receipt: {error}")))?;
    Ok((row.leaf_index, receipt))
}

/// An object a row: `before` stands before the first, and with neither `before` nor `after` a comma between two.
fn objects(rows: &[ReceiptRow], before: &str, after: &str) -> Vec<u8> {
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let between = if after.is_empty() { ",\n" } else { "" };
        text.push_str(if at == 0 { before } else { between });
        // The stored bytes go in as they are: nothing re-serialises a receipt.
        let _ = write!(text, "{{\"leaf_index\":{},\"receipt\":{}}}{after}", row.leaf_index, row.body);
    }
    text.into_bytes()
}
