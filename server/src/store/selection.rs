//! Owns reading a part of a ledger for an export: the leaves of a selection page by page, what was said in public, and which
//! tombstones cover what was erased. Refuses to hold a connection between two pages.

use assent_shared::SiteId;
use sqlx::QueryBuilder;

use super::{Filter, LeafRow, Store, on_engine};

/// A tombstone, as far as it covers some leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct CoverRow {
    /// The first leaf of a run that was erased.
    pub first_leaf: i64,
    /// The last.
    pub last_leaf: i64,
    /// The tombstone's own leaf.
    pub leaf_index: i64,
    /// Whether it is in the same ledger, and in the part that was asked for.
    pub here: bool,
}

impl Store {
    /// The next `limit` leaves of a ledger from `first` to before `end`: every receipt that `filter` selects, erased ones too
    /// where it names no visitor, and every other leaf.
    pub async fn selected_leaves(
        &self,
        site: &SiteId,
        ledger: i64,
        filter: &Filter,
        (first, end): (i64, i64),
        limit: i64,
    ) -> sqlx::Result<Vec<LeafRow>> {
        let rows: Vec<LeafRow> = on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(
                "select * from (select leaf_index, commitment, cast(null as text) as entry, body, salt, exists (
                     select 1 from holds where holds.site = receipts.site and kind = 'restriction' and lifted_at is null
                     and (holds.visitor is null or holds.visitor = receipts.visitor)) as restricted
                 from receipts where site = ",
            );
            query.push_bind(site.as_str()).push(" and ledger = ").push_bind(ledger);
            query.push(" and leaf_index >= ").push_bind(first).push(" and leaf_index < ").push_bind(end);
            if let Some(from) = filter.from {
                query.push(" and received_at >= ").push_bind(from);
            }
            if let Some(to) = filter.to {
                query.push(" and received_at < ").push_bind(to);
            }
            if let Some(visitor) = &filter.visitor {
                query.push(" and visitor = ").push_bind(visitor.as_str());
            }
            // Each half has its own limit, so that neither is sorted whole for every page.
            query.push(" order by leaf_index limit ").push_bind(limit).push(
                ") as selected union all select * from (
                     select leaf_index, cast(null as bytea) as commitment, entry, body, salt, 1 = 0 as restricted
                     from entries where site = ",
            );
            query.push_bind(site.as_str()).push(" and ledger = ").push_bind(ledger);
            query.push(" and leaf_index >= ").push_bind(first).push(" and leaf_index < ").push_bind(end);
            query.push(" order by leaf_index limit ").push_bind(limit);
            query.push(") as others order by leaf_index limit ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await?
        });
        if filter.visitor.is_some() {
            // What is erased is nobody's any more.
            return Ok(rows);
        }
        let (time, limit) = ((filter.from, filter.to), usize::try_from(limit).unwrap_or_default());
        self.next_with_folded(site, ledger, (first, end), time, (rows, limit)).await
    }

    /// The leaves before `end` that are public as they are, with their places: notices, builds, keys, and what links ledgers.
    pub async fn public_entries(
        &self,
        site: &SiteId,
        ledger: i64,
        end: i64,
    ) -> sqlx::Result<Vec<(i64, String)>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select leaf_index, entry from entries
                 where site = $1 and ledger = $2 and leaf_index < $3 and body is null order by leaf_index",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(end)
            .fetch_all(pool)
            .await
        })
    }

    /// The tombstones that cover any of the leaves from `first` to `last`, and whether each is in the same ledger before `end`.
    pub async fn tombstones_over(
        &self,
        site: &SiteId,
        ledger: i64,
        (first, last): (i64, i64),
        end: i64,
    ) -> sqlx::Result<Vec<CoverRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select first_leaf, last_leaf, tombstone_leaf as leaf_index,
                 (tombstone_ledger = $2 and tombstone_leaf < $5) as here from tombstones
                 where site = $1 and ledger = $2 and last_leaf >= $3 and first_leaf <= $4
                 order by first_leaf",
            )
            .bind(site.as_str())
            .bind(ledger)
            .bind(first)
            .bind(last)
            .bind(end)
            .fetch_all(pool)
            .await
        })
    }
}
