//! Owns the SQL of who was affected: what each of some visitors decided within a filter.
//! Refuses to look through a site for visitors: it is told whom to look at, by the receipts that were read.

use assent_shared::SiteId;
use sqlx::QueryBuilder;

use super::browse::push_rest;
use super::receipts::SHOWN;
use super::{Filter, Store, in_statements, on_engine};

/// The first or the last decision of a visitor within a filter.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct EdgeRow {
    /// The visitor.
    pub visitor: String,
    /// The decision.
    pub decision: String,
    /// When it was received, milliseconds since 1970.
    pub received_at: i64,
    /// Which of the site's ledgers it is in.
    pub ledger: i64,
    /// Its place there.
    pub leaf_index: i64,
    /// Whether it is the first.
    pub is_first: bool,
    /// Whether it is the last.
    pub is_last: bool,
    /// How many decisions of the visitor there are.
    pub decisions: i64,
}

impl Store {
    /// The first and the last decision of each of these visitors within the filter, in no order.
    pub async fn edges(
        &self,
        site: &SiteId,
        filter: &Filter,
        visitors: &[&str],
    ) -> sqlx::Result<Vec<EdgeRow>> {
        let kinds = self.kinds_within(site, filter).await?;
        let mut rows = Vec::with_capacity(2 * visitors.len());
        on_engine!(self, |pool, Db| {
            for some in in_statements(visitors) {
                let mut query = QueryBuilder::<Db>::new(
                    "select visitor, decision, received_at, ledger, leaf_index, nth = 1 as is_first, nth = decisions as is_last,
                     decisions from (
                         select visitor, decision, received_at, ledger, leaf_index,
                         row_number() over (partition by visitor order by received_at, ledger, leaf_index) as nth,
                         count(*) over (partition by visitor) as decisions
                         from receipts where body is not null and site = ",
                );
                query.push_bind(site.as_str()).push(" and visitor in (");
                let mut list = query.separated(", ");
                for visitor in some {
                    list.push_bind(*visitor);
                }
                query.push(")").push(SHOWN);
                push_rest(&mut query, filter, kinds.as_deref().unwrap_or_default());
                query.push(") as theirs where nth = 1 or nth = decisions");
                let more: Vec<EdgeRow> = query.build_query_as().fetch_all(pool).await?;
                rows.extend(more);
            }
        });
        Ok(rows)
    }
}
