//! Owns the SQL of receipts: appending many at once to their sites' ledgers, and reading them in order.
//! Refuses to change a receipt: there is no update and no delete here.

use std::collections::HashMap;

use assent_shared::{DecisionId, Receipt, SiteId, VisitorId};
use sqlx::QueryBuilder;

use super::{Store, on_engine};

/// Rows of one statement, largest first. Few sizes mean few texts, so that the engines keep every one of them prepared.
const STATEMENT_ROWS: [usize; 4] = [512, 64, 8, 1];

/// What became of a receipt that was to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Appended {
    /// It is stored now.
    New {
        /// Its place in the site's ledger.
        leaf_index: i64,
        /// The bytes that were stored.
        body: String,
    },
    /// The same decision was stored before.
    Repeated {
        /// The bytes that were stored then.
        body: String,
    },
    /// Another decision has the same id; nothing was stored.
    Conflict {
        /// The bytes that were stored for that one.
        body: String,
    },
}

/// A stored receipt.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReceiptRow {
    /// Its place in the site's ledger.
    pub leaf_index: i64,
    /// When it was received, milliseconds since 1970.
    pub received_at: i64,
    /// The canonical JSON.
    pub body: String,
}

/// Which receipts are read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Received at or after, milliseconds since 1970.
    pub from: Option<i64>,
    /// Received before, milliseconds since 1970.
    pub to: Option<i64>,
    /// One visitor's only.
    pub visitor: Option<VisitorId>,
}

/// Where reading goes on: after the receipt received then, at that leaf index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(pub i64, pub i64);

impl Place {
    /// Before the first receipt.
    pub const START: Self = Self(i64::MIN, -1);
}

impl Store {
    /// Appends `receipts`, which must be sorted by site, in one transaction, and says of each what became of it. When this
    /// returns, what is new is durable; when it fails, nothing was stored.
    pub async fn append_receipts(&self, receipts: &[Receipt]) -> sqlx::Result<Vec<Appended>> {
        let mut appended = Vec::with_capacity(receipts.len());
        on_engine!(self, |pool, Db| {
            let mut transaction = pool.begin().await?;
            for of_site in receipts.chunk_by(|left, right| left.site == right.site) {
                let site = &of_site[0].site;
                // The write that comes first takes the site's lock, on both engines; what is read after it stays true.
                let mut next: i64 =
                    sqlx::query_scalar("update ledgers set leaves = leaves where site = $1 returning leaves")
                        .bind(site.as_str())
                        .fetch_one(&mut *transaction)
                        .await?;

                let mut stored: HashMap<DecisionId, (Receipt, String)> = HashMap::new();
                for some in in_statements(of_site) {
                    let mut lookup = QueryBuilder::<Db>::new("select body from receipts where site = ");
                    lookup.push_bind(site.as_str()).push(" and decision in (");
                    let mut ids = lookup.separated(", ");
                    for receipt in some {
                        ids.push_bind(receipt.decision.as_str());
                    }
                    lookup.push(")");
                    let bodies: Vec<String> =
                        lookup.build_query_scalar().fetch_all(&mut *transaction).await?;
                    for body in bodies {
                        let receipt: Receipt = serde_json::from_str(&body)
                            .map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
                        stored.insert(receipt.decision.clone(), (receipt, body));
                    }
                }

                let mut new: Vec<(i64, &Receipt, String)> = Vec::with_capacity(of_site.len());
                let mut in_this_batch: HashMap<&DecisionId, usize> = HashMap::new();
                for receipt in of_site {
                    let before = match in_this_batch.get(&receipt.decision) {
                        Some(at) => Some((new[*at].1, &new[*at].2)),
                        None => stored.get(&receipt.decision).map(|(before, body)| (before, body)),
                    };
                    appended.push(match before {
                        Some((before, body)) if before.seals_same_decision(receipt) => {
                            Appended::Repeated { body: body.clone() }
                        }
                        Some((_, body)) => Appended::Conflict { body: body.clone() },
                        None => {
                            let body = receipt.canonical_json();
                            in_this_batch.insert(&receipt.decision, new.len());
                            new.push((next, receipt, body.clone()));
                            next += 1;
                            Appended::New { leaf_index: next - 1, body }
                        }
                    });
                }
                for some in in_statements(&new) {
                    let mut insert = QueryBuilder::<Db>::new(
                        "insert into receipts (site, leaf_index, decision, visitor, received_at, body) ",
                    );
                    insert.push_values(some, |mut row, (leaf_index, receipt, body)| {
                        row.push_bind(site.as_str())
                            .push_bind(*leaf_index)
                            .push_bind(receipt.decision.as_str())
                            .push_bind(receipt.visitor.as_str())
                            .push_bind(receipt.received_at)
                            .push_bind(body.as_str());
                    });
                    insert.build().execute(&mut *transaction).await?;
                }
                sqlx::query("update ledgers set leaves = $2 where site = $1")
                    .bind(site.as_str())
                    .bind(next)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
        });
        Ok(appended)
    }

    /// The decision of the receipt that a visitor got last.
    pub async fn newest_decision(
        &self,
        site: &SiteId,
        visitor: &VisitorId,
    ) -> sqlx::Result<Option<DecisionId>> {
        let decision: Option<String> = on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select decision from receipts where site = $1 and visitor = $2 order by leaf_index desc limit 1",
            )
            .bind(site.as_str())
            .bind(visitor.as_str())
            .fetch_optional(pool)
            .await
        })?;
        Ok(decision.and_then(|decision| decision.parse().ok()))
    }

    /// The next `limit` receipts of a site after `place`, in the order in which they were received.
    pub async fn receipts(
        &self,
        site: &SiteId,
        filter: &Filter,
        place: Place,
        limit: i64,
    ) -> sqlx::Result<Vec<ReceiptRow>> {
        on_engine!(self, |pool, Db| {
            let mut query =
                QueryBuilder::<Db>::new("select leaf_index, received_at, body from receipts where site = ");
            query.push_bind(site.as_str());
            query
                .push(" and (received_at, leaf_index) > (")
                .push_bind(place.0)
                .push(", ")
                .push_bind(place.1)
                .push(")");
            if let Some(from) = filter.from {
                query.push(" and received_at >= ").push_bind(from);
            }
            if let Some(to) = filter.to {
                query.push(" and received_at < ").push_bind(to);
            }
            if let Some(visitor) = &filter.visitor {
                query.push(" and visitor = ").push_bind(visitor.as_str());
            }
            query.push(" order by received_at, leaf_index limit ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })
    }
}

/// Cuts `rows` into statements of [`STATEMENT_ROWS`].
fn in_statements<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = STATEMENT_ROWS.into_iter().find(|size| *size <= rows.len())?;
        let (some, rest) = rows.split_at(size);
        rows = rest;
        Some(some)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_row_is_in_exactly_one_statement() {
        let rows: Vec<usize> = (0..1_234).collect();
        let statements: Vec<&[usize]> = super::in_statements(&rows).collect();
        assert_eq!(statements.concat(), rows);
        assert!(statements.iter().all(|statement| super::STATEMENT_ROWS.contains(&statement.len())));
    }
}
