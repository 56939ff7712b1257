//! Owns exports that are rows of receipts: CSV, JSON, JSON Lines and SQL, page by page.
//! Refuses to hold more than one page in memory, or a connection while a slow reader reads.

use std::fmt::Write;

use assent_shared::{Receipt, SiteId};
use futures_util::stream::{self, Stream};

use super::sql::Sql;
use super::table::Table;
use super::{ExportFormat, Progress};
use crate::error::{Error, Result};
use crate::store::{Filter, Order, Reader, ReceiptRow, Store};

/// Receipts of one page: about half a megabyte, and one query.
const PAGE: i64 = 1000;

/// An export of rows under way.
#[derive(Debug)]
pub(super) struct Rows {
    shape: Shape,
    reader: Reader,
    progress: Progress,
    /// What comes next.
    stage: Stage,
}

#[derive(Debug)]
enum Shape {
    Csv(Table),
    Json,
    Jsonl,
    Sql(Sql),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Beginning,
    Middle,
    Ended,
}

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
        Ok(Self { shape, reader, progress, stage: Stage::Beginning })
    }

    /// The export's bytes, a page at a time; the next page is read when the reader asks for it.
    pub(super) fn chunks(self) -> impl Stream<Item = Result<Vec<u8>>> {
        stream::try_unfold(self, async |mut export| {
            if export.stage == Stage::Ended {
                return Ok(None);
            }
            let rows = export.reader.next(PAGE).await?;
            let chunk = export.write(&rows)?;
            export.progress.add(rows.len());
            export.stage = if rows.is_empty() { Stage::Ended } else { Stage::Middle };
            Ok(Some((chunk, export)))
        })
    }

    /// A page; one without receipts is the end.
    fn write(&self, rows: &[ReceiptRow]) -> Result<Vec<u8>> {
        let is_first = self.stage == Stage::Beginning;
        Ok(match &self.shape {
            // At the end there is nothing to say, unless nothing was said yet.
            Shape::Csv(_) if rows.is_empty() && !is_first => Vec::new(),
            Shape::Csv(table) => table.csv(&read(rows)?, is_first)?,
            Shape::Jsonl => objects(rows, "", "\n"),
            Shape::Json => {
                let mut text = if is_first { b"[\n".to_vec() } else { Vec::new() };
                text.extend(objects(rows, if is_first { "" } else { ",\n" }, ""));
                if rows.is_empty() {
                    text.extend(b"\n]\n");
                }
                text
            }
            Shape::Sql(sql) => {
                let mut text = if is_first { sql.beginning() } else { String::new() };
                let receipts = read(rows)?;
                text.push_str(&Sql::receipts(rows, &receipts));
                if rows.is_empty() {
                    text.push_str(Sql::END);
                }
                text.into_bytes()
            }
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
