//! Owns the SQL by which receipts are read for those whom they are about, and one by its decision.
//! Refuses what was erased.

use assent_shared::{DecisionId, SiteId, VisitorId};

use super::{Store, on_engine};

impl Store {
    /// The stored receipts of one visitor, newest first, at most `limit`; restricted ones too: it is their own data.
    pub async fn own_receipts(
        &self,
        site: &SiteId,
        visitor: &VisitorId,
        limit: i64,
    ) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select body from receipts where site = $1 and visitor = $2 and body is not null
                 order by ledger desc, leaf_index desc limit $3",
            )
            .bind(site.as_str())
            .bind(visitor.as_str())
            .bind(limit)
            .fetch_all(pool)
            .await
        })
    }

    /// The stored receipt of a decision for the operator: not if it is restricted.
    pub async fn shown_receipt(&self, site: &SiteId, decision: &DecisionId) -> sqlx::Result<Option<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select body from receipts where site = $1 and decision = $2 and body is not null and not exists (
                     select 1 from holds where holds.site = receipts.site and kind = 'restriction' and lifted_at is null
                     and (holds.visitor is null or holds.visitor = receipts.visitor))",
            )
            .bind(site.as_str())
            .bind(decision.as_str())
            .fetch_optional(pool)
            .await
        })
    }
}
