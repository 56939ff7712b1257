//! Owns where the receipt of a decision is: one row a decision, which keeps it from being recorded twice, and every look-up by it.
//! Refuses to forget a decision whose receipt can still be read; the database holds that by a trigger.

use std::collections::HashMap;

use assent_shared::{DecisionId, Receipt, SiteId};
use sqlx::{Database, Encode, QueryBuilder, Type};

use super::receipts::{New, SHOWN};
use super::{ReceiptRow, Store, Transaction, in_statements, on_engine, on_transaction};

/// From a decision to its receipt; the time of receipt says in which partition to look.
pub(super) const RECEIPT_OF: &str = "decisions join receipts on receipts.site = decisions.site
     and receipts.ledger = decisions.ledger and receipts.leaf_index = decisions.leaf_index
     and receipts.received_at = decisions.received_at";

/// The statement that says where new receipts are.
pub(super) fn push_decisions<'q, Db>(
    text: &mut QueryBuilder<Db>,
    site: &'q SiteId,
    ledger: i64,
    new: &'q [New<'_>],
) where
    Db: Database,
    i64: Encode<'q, Db> + Type<Db>,
    &'q str: Encode<'q, Db> + Type<Db>,
{
    text.push("insert into decisions (site, decision, ledger, leaf_index, received_at) ");
    text.push_values(new, |mut row, New { leaf_index, receipt, .. }| {
        row.push_bind(site.as_str())
            .push_bind(receipt.decision.as_str())
            .push_bind(ledger)
            .push_bind(*leaf_index)
            .push_bind(receipt.received_at);
    });
}

impl Transaction {
    /// What is stored under the ids of these decisions. Mostly nothing is, and then no receipt is looked for.
    pub(super) async fn stored_decisions(
        &mut self,
        site: &SiteId,
        receipts: &[Receipt],
    ) -> sqlx::Result<HashMap<DecisionId, (Receipt, String)>> {
        let mut stored = HashMap::new();
        on_transaction!(self, |transaction, Db| {
            for some in in_statements(receipts) {
                let mut lookup = QueryBuilder::<Db>::new("select decision from decisions where site = ");
                lookup.push_bind(site.as_str()).push(" and decision in (");
                let mut ids = lookup.separated(", ");
                for receipt in some {
                    ids.push_bind(receipt.decision.as_str());
                }
                lookup.push(")");
                let known: Vec<String> = lookup.build_query_scalar().fetch_all(&mut **transaction).await?;
                for decision in known {
                    let mut lookup = QueryBuilder::<Db>::new("select body from ");
                    lookup.push(RECEIPT_OF).push(" where decisions.site = ").push_bind(site.as_str());
                    lookup.push(" and decisions.decision = ").push_bind(decision);
                    let body: String = lookup.build_query_scalar().fetch_one(&mut **transaction).await?;
                    let receipt: Receipt =
                        serde_json::from_str(&body).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                    stored.insert(receipt.decision.clone(), (receipt, body));
                }
            }
        });
        Ok(stored)
    }

    /// Says where the receipts of these decisions are; by the transaction that stores them.
    pub(super) async fn insert_decisions(
        &mut self,
        site: &SiteId,
        ledger: i64,
        new: &[New<'_>],
    ) -> sqlx::Result<()> {
        on_transaction!(self, |transaction, Db| {
            for some in in_statements(new) {
                let mut insert = QueryBuilder::<Db>::new("");
                push_decisions(&mut insert, site, ledger, some);
                insert.build().execute(&mut **transaction).await?;
            }
        });
        Ok(())
    }

    /// Forgets decisions whose receipts are blank now.
    pub(super) async fn forget_decisions(&mut self, site: &SiteId, decisions: &[&str]) -> sqlx::Result<()> {
        on_transaction!(self, |transaction, Db| {
            for some in in_statements(decisions) {
                let mut delete = QueryBuilder::<Db>::new("delete from decisions where site = ");
                delete.push_bind(site.as_str()).push(" and decision in (");
                let mut ids = delete.separated(", ");
                for decision in some {
                    ids.push_bind(*decision);
                }
                delete.push(")");
                delete.build().execute(&mut **transaction).await?;
            }
        });
        Ok(())
    }
}

impl Store {
    /// The receipt of a site's decision, unless it is erased or restricted.
    pub async fn receipt(&self, site: &SiteId, decision: &DecisionId) -> sqlx::Result<Option<ReceiptRow>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(
                "select receipts.ledger, receipts.leaf_index, receipts.received_at, body from ",
            );
            query.push(RECEIPT_OF).push(" where body is not null and decisions.site = ");
            query.push_bind(site.as_str()).push(" and decisions.decision = ").push_bind(decision.as_str());
            query.push(SHOWN).build_query_as().fetch_optional(pool).await
        })
    }

    /// Place, bytes and salt of a decision's receipt, unless it is erased.
    pub(super) async fn opened(
        &self,
        site: &SiteId,
        decision: &str,
    ) -> sqlx::Result<Option<(i64, i64, String, Vec<u8>)>> {
        on_engine!(self, |pool, Db| {
            let mut query =
                QueryBuilder::<Db>::new("select receipts.ledger, receipts.leaf_index, body, salt from ");
            query.push(RECEIPT_OF).push(" where body is not null and decisions.site = ");
            query.push_bind(site.as_str()).push(" and decisions.decision = ").push_bind(decision);
            query.build_query_as().fetch_optional(pool).await
        })
    }

    /// Whether the receipt of a decision may be kept, but not shown (GDPR art. 18).
    pub async fn is_restricted(&self, site: &SiteId, decision: &str) -> sqlx::Result<bool> {
        let holds: i64 = on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new("select count(*) from ");
            query.push(RECEIPT_OF).push(
                " join holds on holds.site = receipts.site
                 and (holds.visitor is null or holds.visitor = receipts.visitor)
                 where holds.kind = 'restriction' and lifted_at is null and decisions.site = ",
            );
            query.push_bind(site.as_str()).push(" and decisions.decision = ").push_bind(decision);
            query.build_query_scalar().fetch_one(pool).await?
        });
        Ok(holds > 0)
    }
}
