//! Owns folding up: where nothing of a month can be read any more, the commitments of its leaves are kept as runs of bytes, and the
//! rows go. A month that is a partition goes as a whole; elsewhere the rows go one by one.
//! Refuses to take a row whose commitment is not kept; the database holds that by a trigger.

use assent_shared::SiteId;
use sqlx::QueryBuilder;

use super::folded::{COMMITMENT, RUN};
use super::months::Month;
use super::{Pool, Store, Transaction, in_statements, on_engine, on_transaction, partitions};
use crate::clock::DAY;

/// Rows of one transaction, and of one site: blank ones are small, and whoever records waits for some milliseconds at most.
const AT_ONCE: i64 = 2048;

/// A receipt that is erased.
#[derive(Debug, sqlx::FromRow)]
struct Blank {
    ledger: i64,
    leaf_index: i64,
    commitment: Vec<u8>,
    received_at: i64,
}

impl Store {
    /// Folds up every month that is over since a day and of which nothing is left to read, whosever it was; says how many leaves.
    pub async fn fold(&self, now: i64) -> sqlx::Result<u64> {
        let until = now.saturating_sub(DAY);
        let (mut folded, mut failed) = (0, None);
        if let Pool::Postgres(pool) = &self.pool {
            for partition in self.partitions().await?.iter().filter(|partition| partition.ends <= until) {
                match partitions::fold_and_drop(pool, &partition.name).await {
                    Ok(leaves) => folded += leaves.unwrap_or_default(),
                    // One that cannot be locked, or is damaged, keeps no other one.
                    Err(error) => failed = Some(error),
                }
            }
        }
        let mut from = i64::MIN;
        while let Some(oldest) = self.oldest_blank(from).await? {
            let month = Month::of(oldest);
            if month.ends() > until {
                break;
            }
            from = month.ends();
            for site in self.sites_with_blanks(month).await? {
                let Ok(site) = site.parse::<SiteId>() else { continue };
                loop {
                    let some = self.fold_some(&site, month).await?;
                    folded += some;
                    if some < AT_ONCE.unsigned_abs() {
                        break;
                    }
                    // Whoever records takes the site's lock in between.
                    tokio::task::yield_now().await;
                }
            }
        }
        failed.map_or(Ok(folded), Err)
    }

    /// Where receipts are that are in no month's partition.
    fn loose(&self) -> &'static str {
        match &self.pool {
            Pool::Sqlite(_) => "receipts",
            Pool::Postgres(_) => "receipts_default",
        }
    }

    /// When the oldest receipt was received that is erased, from `from` on. Read from an index that has nothing else.
    async fn oldest_blank(&self, from: i64) -> sqlx::Result<Option<i64>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new("select min(received_at) from ");
            query.push(self.loose()).push(" where body is null and received_at >= ").push_bind(from);
            query.build_query_scalar().fetch_one(pool).await
        })
    }

    /// The sites that have erased receipts of a month; none as long as anybody has one that can be read.
    async fn sites_with_blanks(&self, month: Month) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new("select site from ledgers where exists (select 1 from ");
            query.push(self.loose()).push(" as blank where blank.site = ledgers.site and body is null");
            push_month(&mut query, month);
            query.push(")");
            push_nothing_readable(&mut query, self.loose(), month);
            query.push(" order by site").build_query_scalar().fetch_all(pool).await
        })
    }

    /// Folds up the next rows of a site that were received in a month; says how many.
    async fn fold_some(&self, site: &SiteId, month: Month) -> sqlx::Result<u64> {
        let loose = self.loose();
        let mut transaction = self.begin().await?;
        let mut rows = transaction.blank_rows(site, month, loose).await?;
        rows.sort_by_key(|row| (row.ledger, row.leaf_index));
        let runs: Vec<&[Blank]> = rows.chunk_by(are_of_one_run).collect();
        on_transaction!(&mut transaction, |transaction, Db| {
            for some in in_statements(&runs) {
                let mut insert = QueryBuilder::<Db>::new(
                    "insert into folded (site, ledger, first_leaf, commitments, first_received, last_received) ",
                );
                insert.push_values(some, |mut row, run| {
                    let times = || run.iter().map(|blank| blank.received_at);
                    let commitments: Vec<u8> =
                        run.iter().flat_map(|blank| blank.commitment.iter().copied()).collect();
                    row.push_bind(site.as_str())
                        .push_bind(run[0].ledger)
                        .push_bind(run[0].leaf_index)
                        .push_bind(commitments)
                        .push_bind(times().min())
                        .push_bind(times().max());
                });
                insert.build().execute(&mut **transaction).await?;
            }
            for run in &runs {
                let (first, last) = (&run[0], &run[run.len() - 1]);
                let mut delete = QueryBuilder::<Db>::new("delete from ");
                delete.push(loose).push(" where body is null and site = ").push_bind(site.as_str());
                delete.push(" and ledger = ").push_bind(first.ledger);
                delete.push(" and leaf_index between ").push_bind(first.leaf_index);
                delete.push(" and ").push_bind(last.leaf_index);
                push_month(&mut delete, month);
                let gone = delete.build().execute(&mut **transaction).await?.rows_affected();
                if usize::try_from(gone) != Ok(run.len()) {
                    return Err(damaged(site, first));
                }
            }
        });
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }
}

impl Transaction {
    /// Takes the site's lock, so that nobody else folds or erases there, and reads what is blank; nothing if somebody's receipt of
    /// the month can be read by now.
    async fn blank_rows(
        &mut self,
        site: &SiteId,
        month: Month,
        loose: &'static str,
    ) -> sqlx::Result<Vec<Blank>> {
        let rows: Vec<Blank> = on_transaction!(self, |transaction, Db| {
            sqlx::query::<Db>("update ledgers set leaves = leaves where site = $1")
                .bind(site.as_str())
                .execute(&mut **transaction)
                .await?;
            let mut query =
                QueryBuilder::<Db>::new("select ledger, leaf_index, commitment, received_at from ");
            query.push(loose).push(" as blank where body is null and blank.site = ").push_bind(site.as_str());
            push_month(&mut query, month);
            push_nothing_readable(&mut query, loose, month);
            query.push(" order by received_at, ledger, leaf_index limit ").push_bind(AT_ONCE);
            query.build_query_as().fetch_all(&mut **transaction).await?
        });
        match rows.iter().find(|row| row.commitment.len() != COMMITMENT) {
            Some(row) => Err(damaged(site, row)),
            None => Ok(rows),
        }
    }
}

fn push_month<Db: sqlx::Database>(query: &mut QueryBuilder<Db>, month: Month)
where
    for<'q> i64: sqlx::Encode<'q, Db> + sqlx::Type<Db>,
{
    query.push(" and received_at >= ").push_bind(month.begins());
    query.push(" and received_at < ").push_bind(month.ends());
}

/// Site by site, along the index of what can be read.
fn push_nothing_readable<Db: sqlx::Database>(query: &mut QueryBuilder<Db>, loose: &'static str, month: Month)
where
    for<'q> i64: sqlx::Encode<'q, Db> + sqlx::Type<Db>,
{
    query.push(" and not exists (select 1 from ledgers as others where exists (select 1 from ").push(loose);
    query.push(" as shown where shown.site = others.site and body is not null");
    push_month(query, month);
    query.push("))");
}

/// Whether the right one is the leaf behind the left one, within the same 256.
fn are_of_one_run(left: &Blank, right: &Blank) -> bool {
    left.ledger == right.ledger && left.leaf_index + 1 == right.leaf_index && right.leaf_index % RUN != 0
}

fn damaged(site: &SiteId, row: &Blank) -> sqlx::Error {
    let Blank { ledger, leaf_index, .. } = row;
    sqlx::Error::Decode(
        format!("leaf {leaf_index} of ledger {ledger} of `{site}` is damaged, and is not folded up").into(),
    )
}
