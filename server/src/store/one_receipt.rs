//! Owns the SQL that finds one receipt by its decision.
//! Refuses to read many; that is `receipts.rs`.

use assent_shared::{DecisionId, SiteId};
use sqlx::QueryBuilder;

use super::receipts::SHOWN;
use super::{ReceiptRow, Store, on_engine};

impl Store {
    /// The receipt of a site's decision, unless it is erased or restricted.
    pub async fn receipt(&self, site: &SiteId, decision: &DecisionId) -> sqlx::Result<Option<ReceiptRow>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(
                "select ledger, leaf_index, received_at, body from receipts where body is not null and site = ",
            );
            query.push_bind(site.as_str()).push(" and decision = ").push_bind(decision.as_str()).push(SHOWN);
            query.build_query_as().fetch_optional(pool).await
        })
    }
}
