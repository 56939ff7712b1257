//! Owns receipts as a table: its columns, and cells that are harmless in a spreadsheet.
//! Refuses to be proof of anything: what is proven is the ledger's bytes.

use std::collections::BTreeSet;

use assent_shared::{PurposeId, Receipt, SiteId};
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

    /// Writes receipts with their leaf indexes.
    pub(crate) fn csv(&self, receipts: &[(i64, Receipt)], with_header: bool) -> Result<Vec<u8>> {
        let failed = |error: &dyn std::fmt::Display| Error::Internal(format!("writing CSV: {error}"));
        let mut csv = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        if with_header {
            let fixed = COLUMNS.iter().map(|(name, _)| (*name).to_owned());
            let choices = self.purposes.iter().map(|purpose| format!("choice_{purpose}"));
            csv.write_record(fixed.chain(choices)).map_err(|error| failed(&error))?;
        }
        for (leaf_index, receipt) in receipts {
            for (_, cell) in COLUMNS {
                csv.write_field(harmless(cell(*leaf_index, receipt))).map_err(|error| failed(&error))?;
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
pub(crate) fn rfc3339(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(timestamp) => format!("{timestamp:.3}"),
        Err(_) => format!("{milliseconds} ms"),
    }
}

/// Keeps a spreadsheet from taking a cell for a formula (OWASP, "CSV Injection").
pub(crate) fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell }
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
