//! Owns a bundle's `leaves/`, `ledger/` and `csv/`: page by page, each with what opens its leaves.
//! Refuses to judge what is stored: what somebody changed in the database goes out as it is, for the verifier to find.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use assent_shared::Receipt;
use assent_shared::bundle::{Content, Line, name};
use assent_shared::ledger::{Entry, Hash};
use serde::Deserialize;

use super::{Bundle, Named, Out};
use crate::error::{Error, Result};
use crate::export::tree::Tree;
use crate::store::{CoverRow, LeafRow};

/// What a receipt names that is public.
#[derive(Deserialize)]
struct Names {
    notice: Number,
    widget: String,
}

#[derive(Deserialize)]
struct Number {
    number: u32,
}

impl Bundle {
    /// Every leaf's hash.
    pub(super) async fn write_hashes(&self, out: &mut Out) -> Result<()> {
        let (site, ledger) = (&self.head.site, self.head.ledger.into());
        let (leaves, step) = (self.size(), name::LEAVES_PER_FILE);
        for (number, first) in (0..).zip((0..leaves).step_by(step)) {
            let end = (first + step as u64).min(leaves);
            // A gap is the verifier's to name, so whatever is there is written.
            let bounds = i64::try_from(first).ok().zip(i64::try_from(end).ok());
            let (from, to) = bounds.ok_or_else(|| Error::Internal("a ledger without an end".to_owned()))?;
            let hashes = self.store.leaf_hashes(site, ledger, from, to).await?;
            let bytes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
            out.file(&name::leaves(number), &bytes).await?;
        }
        Ok(())
    }

    /// What the receipts of a part name.
    pub(super) async fn named(&self) -> Result<Named> {
        let (mut named, mut next) = (Named::default(), 0);
        loop {
            let rows = self.page(&mut next).await?;
            if rows.is_empty() {
                return Ok(named);
            }
            for body in rows.iter().filter(|row| is_shown(row)).filter_map(|row| row.body.as_deref()) {
                if let Ok(Names { notice, widget }) = serde_json::from_str(body) {
                    named.notices.insert(notice.number);
                    named.builds.insert(widget);
                }
            }
        }
    }

    /// The lines; in a part each with its path.
    pub(super) async fn write_lines(
        &self,
        out: &mut Out,
        named: Option<&Named>,
        tree: &mut Tree,
    ) -> Result<()> {
        let (mut next, mut number) = (0, 0);
        // The tombstones that belong to what the lines so far say to be erased.
        let mut tombstones = BTreeSet::new();
        loop {
            let rows = self.page(&mut next).await?;
            if rows.is_empty() {
                return Ok(());
            }
            let covers = self.covers(&rows).await?;
            let mut lines = String::new();
            for row in &rows {
                let belongs = match (named, row.commitment.is_some(), &row.body) {
                    (None, ..) | (_, true, _) => true,
                    (_, false, Some(_)) => tombstones.remove(&row.leaf_index),
                    (Some(named), false, None) => row.entry.as_deref().is_some_and(|entry| {
                        serde_json::from_str::<Entry>(entry).is_ok_and(|entry| named.has(&entry))
                    }),
                };
                if !belongs {
                    continue;
                }
                let tombstone =
                    if row.body.is_none() { tombstone_over(&covers, row.leaf_index) } else { None };
                let content = content(row, tombstone)?;
                tombstones.extend(tombstone.filter(|cover| cover.here).map(|cover| cover.leaf_index));
                let index = u64::try_from(row.leaf_index).map_err(|_| damaged(row.leaf_index))?;
                let path = if named.is_some() { Some(tree.inclusion(index).await?) } else { None };
                let _ = writeln!(lines, "{}", Line { index, content, path });
            }
            self.progress.add(rows.iter().filter(|row| is_shown(row)).count());
            drop(rows);
            if !lines.is_empty() {
                out.file(&name::lines(number), lines.as_bytes()).await?;
                number += 1;
            }
        }
    }

    /// The tombstones that cover what is erased among the rows.
    async fn covers(&self, rows: &[LeafRow]) -> Result<Vec<CoverRow>> {
        let mut erased = rows.iter().filter(|row| row.commitment.is_some() && row.body.is_none());
        let Some(first) = erased.next() else { return Ok(Vec::new()) };
        let last = erased.next_back().unwrap_or(first);
        let (site, ledger) = (&self.head.site, self.head.ledger.into());
        let (bounds, end) =
            ((first.leaf_index, last.leaf_index), i64::try_from(self.size()).unwrap_or(i64::MAX));
        Ok(self.store.tombstones_over(site, ledger, bounds, end).await?)
    }

    /// The same receipts as a table.
    pub(super) async fn write_table(&self, out: &mut Out) -> Result<()> {
        let (mut next, mut number) = (0, 0);
        loop {
            let rows = self.page(&mut next).await?;
            // A table without a receipt still says which columns there are.
            if let Some(table) = self.table_of(&rows, number == 0)? {
                out.file(&name::table(number), &table).await?;
                number += 1;
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// The table of the receipts among some leaves; none without any, unless these are all there is.
    fn table_of(&self, rows: &[LeafRow], is_first: bool) -> Result<Option<Vec<u8>>> {
        let shown = rows.iter().filter(|row| is_shown(row)).filter_map(|row| {
            let receipt: Receipt = serde_json::from_str(row.body.as_deref()?).ok()?;
            Some(Ok((row.leaf_index, receipt)))
        });
        let mut shown = shown.peekable();
        let is_wanted = shown.peek().is_some() || rows.is_empty() && is_first;
        is_wanted.then(|| self.table.csv(shown, true)).transpose()
    }
}

/// The tombstone that covers a leaf. They are in order, and no two cover the same.
fn tombstone_over(covers: &[CoverRow], leaf_index: i64) -> Option<&CoverRow> {
    let behind = covers.partition_point(|cover| cover.first_leaf <= leaf_index);
    let cover = covers.get(behind.checked_sub(1)?)?;
    (leaf_index <= cover.last_leaf).then_some(cover)
}

/// Whether a row is a receipt that may be shown.
fn is_shown(row: &LeafRow) -> bool {
    row.commitment.is_some() && row.body.is_some() && !row.restricted
}

/// What the line says, with the tombstone that covers the leaf.
fn content<'a>(row: &'a LeafRow, tombstone: Option<&CoverRow>) -> Result<Content<'a>> {
    let broken = || damaged(row.leaf_index);
    let Some(commitment) = row.commitment.as_deref() else {
        let entry = row.entry.as_deref().ok_or_else(broken)?;
        return Ok(match (row.body.as_deref(), row.salt()) {
            (Some(body), Some(salt)) => Content::Tombstone { body: Cow::Borrowed(body), salt },
            _ => Content::Public(Cow::Borrowed(entry)),
        });
    };
    let commitment = Hash::from_slice(commitment).ok_or_else(broken)?;
    Ok(match (row.body.as_deref(), row.salt()) {
        (Some(body), Some(salt)) if !row.restricted => Content::Receipt { body: Cow::Borrowed(body), salt },
        // Without any tombstone somebody has blanked it: the verifier will say so.
        (None, _) if tombstone.is_none_or(|cover| cover.here) => Content::Erased(commitment),
        // Restricted; or erased while the bundle was written, or after the ledger had ended: then it was there when the
        // checkpoint was signed.
        _ => Content::Withheld(commitment),
    })
}

fn damaged(leaf_index: i64) -> Error {
    Error::Internal(format!("leaf {leaf_index} is damaged"))
}
