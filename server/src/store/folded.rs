//! Owns reading what is folded up: the commitments of erased receipts, in runs of neighbouring leaves.
//! Refuses to show a leaf twice: what was read as a row is not read from a run as well, though it was folded in between.

use std::collections::HashSet;

use assent_shared::SiteId;

use super::{LeafRow, Store, on_engine};

/// Leaves of one run at most; a tile's, so that a tile is in one run where nothing else was said in between.
pub(super) const RUN: i64 = 256;
/// Bytes of a commitment.
pub(super) const COMMITMENT: usize = 32;
/// Runs that are read at once where nobody knows how many leaves they have.
const RUNS: i64 = 32;

/// Neighbouring leaves.
#[derive(sqlx::FromRow)]
pub(super) struct Run {
    first_leaf: i64,
    commitments: Vec<u8>,
}

impl Run {
    fn leaves(&self) -> impl Iterator<Item = (i64, &[u8])> {
        (self.first_leaf..).zip(self.commitments.chunks(COMMITMENT))
    }
}

impl LeafRow {
    fn folded(leaf_index: i64, commitment: &[u8]) -> Self {
        let commitment = Some(commitment.to_vec());
        Self { leaf_index, commitment, entry: None, body: None, salt: None, restricted: false }
    }
}

impl Store {
    /// Fills the gaps of `rows`, which are every other leaf from `first` to before `end`; in order afterwards. They must have
    /// been read before, so that what is folded up meanwhile is in one or the other.
    pub(super) async fn with_folded(
        &self,
        site: &SiteId,
        ledger: i64,
        (first, end): (i64, i64),
        mut rows: Vec<LeafRow>,
    ) -> sqlx::Result<Vec<LeafRow>> {
        if i64::try_from(rows.len()) == Ok(end.saturating_sub(first)) {
            return Ok(rows);
        }
        let there: HashSet<i64> = rows.iter().map(|row| row.leaf_index).collect();
        let mut next = first;
        loop {
            let runs = self.runs(site, ledger, (next, end), (None, None)).await?;
            for (leaf_index, commitment) in runs.iter().flat_map(Run::leaves) {
                if (next..end).contains(&leaf_index) && !there.contains(&leaf_index) {
                    rows.push(LeafRow::folded(leaf_index, commitment));
                }
            }
            match runs.last().and_then(|run| run.leaves().last()) {
                Some((last, _)) if last >= next => next = last + 1,
                _ => break,
            }
        }
        rows.sort_by_key(|row| row.leaf_index);
        Ok(rows)
    }

    /// Adds to `rows` what is folded up among the `limit` next leaves of which they are all others, received in the given time
    /// as far as a run tells; in order, and `limit` at most.
    pub(super) async fn next_with_folded(
        &self,
        site: &SiteId,
        ledger: i64,
        (first, end): (i64, i64),
        time: (Option<i64>, Option<i64>),
        (mut rows, limit): (Vec<LeafRow>, usize),
    ) -> sqlx::Result<Vec<LeafRow>> {
        // Behind the last row of a full page there may be others that were not read.
        let end = if rows.len() < limit { end } else { rows.last().map_or(end, |last| last.leaf_index) };
        let there: HashSet<i64> = rows.iter().map(|row| row.leaf_index).collect();
        let (mut next, mut found) = (first, 0);
        while found < limit {
            let runs = self.runs(site, ledger, (next, end), time).await?;
            for (leaf_index, commitment) in runs.iter().flat_map(Run::leaves) {
                if (next..end).contains(&leaf_index) && !there.contains(&leaf_index) {
                    rows.push(LeafRow::folded(leaf_index, commitment));
                    found += 1;
                }
            }
            match runs.last().and_then(|run| run.leaves().last()) {
                Some((last, _)) if last >= next => next = last + 1,
                _ => break,
            }
        }
        rows.sort_by_key(|row| row.leaf_index);
        rows.truncate(limit);
        Ok(rows)
    }

    /// The next runs that have leaves from `first` to before `end`.
    async fn runs(
        &self,
        site: &SiteId,
        ledger: i64,
        (first, end): (i64, i64),
        (from, to): (Option<i64>, Option<i64>),
    ) -> sqlx::Result<Vec<Run>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select first_leaf, commitments from folded
                 where site = $1 and ledger = $2 and first_leaf > $3 and first_leaf < $5
                 and first_leaf + length(commitments) / 32 > $4 and last_received >= $6 and first_received < $7
                 order by first_leaf limit $8",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(first - RUN)
            .bind(first)
            .bind(end)
            .bind(from.unwrap_or(i64::MIN))
            .bind(to.unwrap_or(i64::MAX))
            .bind(RUNS)
            .fetch_all(pool)
            .await
        })
    }
}
