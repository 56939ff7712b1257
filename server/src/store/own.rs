//! Owns the SQL by which receipts are read for those whom they are about.
//! Refuses what was erased.

use assent_shared::{SiteId, VisitorId};

use super::{Store, on_engine};

impl Store {
    /// The stored receipts of one visitor with their decisions, newest first, at most `limit`; restricted ones too: it is their
    /// own data. Their proofs are in [`Store::sealed`].
    pub async fn own_receipts(
        &self,
        site: &SiteId,
        visitor: &VisitorId,
        limit: i64,
    ) -> sqlx::Result<Vec<(String, String)>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select decision, body from receipts where site = $1 and visitor = $2 and body is not null
                 order by ledger desc, leaf_index desc limit $3",
            )
            .bind(site.as_str())
            .bind(visitor.as_str())
            .bind(limit)
            .fetch_all(pool)
            .await
        })
    }
}
