//! Owns receipts as a table: its columns, and cells that are harmless in a spreadsheet.
//! Refuses to be proof of anything: what is proven is the ledger's bytes.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use assent_shared::{DecisionId, PurposeId, Receipt, SiteId};
use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::store::Store;

/// The table of a site's receipts.
#[derive(Debug)]
pub(crate) struct Table {
    /// Every optional purpose that the site ever asked: one column each.
    purposes: Vec<PurposeId>,
}

impl Table {
    pub(crate) async fn new(store: &Store, site: &SiteId) -> Result<Self> {
        let mut purposes = BTreeSet::new();
        for row in store.notices(site).await? {
            let notice: assent_shared::Notice = serde_json::from_str(&row.body)
                .map_err(|error| Error::Internal(format!("stored notice: {error}")))?;
            purposes.extend(notice.optional().map(|purpose| purpose.id.clone()));
        }
        Ok(Self { purposes: purposes.into_iter().collect() })
    }

    /// Writes receipts with their leaf indexes; they are taken one by one.
    pub(crate) fn csv(
        &self,
        receipts: impl Iterator<Item = Result<(i64, Receipt)>>,
        with_header: bool,
    ) -> Result<Vec<u8>> {
        let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("writing CSV: {error}"));
        let room = Vec::with_capacity(receipts.size_hint().0 * ROOM);
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(room);
        if with_header {
            let fixed = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
            let choices = self.purposes.iter().map(|purpose| format!("choice_{purpose}"));
            csv.write_record(fixed.chain(choices)).map_err(|error| failed(&error))?;
        }
        let mut cell = String::new();
        for receipt in receipts {
            let (leaf_index, receipt) = receipt?;
            for (_, write) in COLUMNS {
                cell.clear();
                // Writing to a text never fails.
                let _ = write(&mut cell, leaf_index, &receipt);
                make_harmless(&mut cell);
                csv.write_field(&cell).map_err(|error| failed(&error))?;
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

/// Bytes that most rows take.
const ROOM: usize = 320;

/// Writes one cell of a receipt at a leaf index.
type Cell = fn(&mut String, i64, &Receipt) -> fmt::Result;

/// The fixed columns: a name, and how its cell is written. They are written by the million, so none is made for itself.
const COLUMNS: &[(&str, Cell)] = &[
    ("leaf_index", |cell, leaf_index, _| write!(cell, "{leaf_index}")),
    ("received_at", |cell, _, receipt| write_rfc3339(cell, receipt.received_at)),
    ("decision", |cell, _, receipt| cell.write_str(receipt.decision.as_str())),
    ("visitor", |cell, _, receipt| cell.write_str(receipt.visitor.as_str())),
    ("method", |cell, _, receipt| cell.write_str(receipt.method.as_str())),
    ("layer", |cell, _, receipt| write!(cell, "{}", receipt.layer)),
    ("gpc", |cell, _, receipt| write!(cell, "{}", receipt.gpc)),
    ("notice", |cell, _, receipt| write!(cell, "{}", receipt.notice.number)),
    ("notice_hash", |cell, _, receipt| cell.write_str(&receipt.notice.hash)),
    ("locale", |cell, _, receipt| cell.write_str(receipt.locale.as_str())),
    ("origin", |cell, _, receipt| cell.write_str(&receipt.origin)),
    ("decided_at", |cell, _, receipt| write_rfc3339(cell, receipt.decided_at)),
    ("clock_off", |cell, _, receipt| write!(cell, "{}", receipt.clock_off)),
    ("valid_until", |cell, _, receipt| write_rfc3339(cell, receipt.valid_until)),
    ("replaces", |cell, _, receipt| cell.write_str(receipt.replaces.as_ref().map_or("", DecisionId::as_str))),
    ("widget", |cell, _, receipt| cell.write_str(&receipt.widget)),
];

/// An instant as RFC 3339 has it.
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    let mut text = String::new();
    let _ = write_rfc3339(&mut text, milliseconds);
    text
}

/// A visitor's clock may stand anywhere in ECMAScript's range, which is wider than RFC 3339's four-digit years.
fn write_rfc3339(text: &mut String, milliseconds: i64) -> fmt::Result {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(timestamp) => write!(text, "{timestamp:.3}"),
        Err(_) => write!(text, "{milliseconds} ms"),
    }
}

/// Keeps a spreadsheet from taking a cell for a formula (OWASP, "CSV Injection").
pub(crate) fn harmless(mut cell: String) -> String {
    make_harmless(&mut cell);
    cell
}

fn make_harmless(cell: &mut String) {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        cell.insert(0, '\'');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_taken_for_a_formula() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(cell.to_owned()), format!("'{cell}"));
        }
        assert_eq!(harmless("granted".to_owned()), "granted");
        assert_eq!(harmless(rfc3339(-8_640_000_000_000_000)), "'-8640000000000000 ms");
    }
}
