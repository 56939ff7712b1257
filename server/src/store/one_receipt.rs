//! Owns the SQL that finds one receipt by its decision.
//! Refuses to read many; that is `receipts.rs`.

use assent_shared::{DecisionId, SiteId};

use super::{ReceiptRow, Store, on_engine};

impl Store {
    /// The receipt of a site's decision.
    pub async fn receipt(&self, site: &SiteId, decision: &DecisionId) -> sqlx::Result<Option<ReceiptRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select ledger, leaf_index, received_at, body from receipts
                 where site = $1 and decision = $2 and body is not null",
            )
            .bind(site.as_str())
            .bind(decision.as_str())
            .fetch_optional(pool)
            .await
        })
    }
}
