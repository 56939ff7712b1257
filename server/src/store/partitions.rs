//! Owns PostgreSQL's partitions of receipts, one a month: made before they are needed, listed, and dropped once all is folded up.
//! Refuses to keep whoever records waiting: what cannot be locked within half a second is left for the next hour.

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Postgres, QueryBuilder};

use super::months::Month;
use super::{Pool, Store};

/// Months that have a partition beforehand: this one and the next two.
const AHEAD: usize = 3;

/// Names the lock on PostgreSQL under which partitions come and go; any number, the same in every version.
const LOCK: i64 = 0x4153_5345_4e55;

/// Shorter than the second after which PostgreSQL looks for deadlocks: whoever else is in one goes on, and this gives up.
const PATIENCE: &str = "set local lock_timeout = '500ms'";

/// A partition but the default one.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PartitionRow {
    /// What it is called.
    pub name: String,
    /// The first time of receipt that it takes, milliseconds since 1970; nothing before the first.
    pub begins: Option<i64>,
    /// The first that it does not take any more.
    pub ends: i64,
}

impl Store {
    /// Every partition but the default one, oldest first; none on SQLite.
    pub async fn partitions(&self) -> sqlx::Result<Vec<PartitionRow>> {
        match &self.pool {
            Pool::Postgres(pool) => partitions(&mut *pool.acquire().await?).await,
            Pool::Sqlite(_) => Ok(Vec::new()),
        }
    }

    /// Makes the partitions that lack of this month and the next two; says how many. Any number of servers may do so at once.
    pub async fn make_partitions(&self, now: i64) -> sqlx::Result<usize> {
        let Pool::Postgres(pool) = &self.pool else { return Ok(0) };
        let mut made = 0;
        let mut month = Month::of(now);
        for _ in 0..AHEAD {
            if !is_covered(&self.partitions().await?, month) {
                made += usize::from(make(pool, month).await?);
            }
            month = month.next();
        }
        Ok(made)
    }
}

async fn partitions(connection: &mut PgConnection) -> sqlx::Result<Vec<PartitionRow>> {
    sqlx::query_as(
        "select name, cast(substring(bounds from $1) as bigint) as begins, cast(substring(bounds from $2) as bigint) as ends
         from (
             select cast(relname as text) as name, pg_get_expr(relpartbound, pg_class.oid) as bounds
             from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = to_regclass('receipts')
         ) as partitions where bounds <> 'DEFAULT' order by ends",
    )
    .bind(r"FROM \('?(-?\d+)'?\)")
    .bind(r"TO \('?(-?\d+)'?\)")
    .fetch_all(connection)
    .await
}

/// Months and partitions begin and end together, so a month is in a partition with its first instant.
fn is_covered(partitions: &[PartitionRow], month: Month) -> bool {
    let at = month.begins();
    partitions.iter().any(|row| row.begins.is_none_or(|begins| begins <= at) && at < row.ends)
}

/// Runs a statement that nobody needs prepared. Names cannot be bound; those of partitions are ours, of letters, digits and `_`.
async fn run(connection: &mut PgConnection, text: impl Into<String>) -> sqlx::Result<()> {
    QueryBuilder::<Postgres>::new(text).build().persistent(false).execute(connection).await?;
    Ok(())
}

/// Makes the partition of a month; `false` if another server has made it meanwhile. It is attached and not created in its place, because
/// that would lock out everybody who records. Receipts of the month that an odd clock brought before go where they belong.
async fn make(pool: &PgPool, month: Month) -> sqlx::Result<bool> {
    let (name, begins, ends) = (month.partition(), month.begins(), month.ends());
    let mut transaction = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    if is_covered(&partitions(&mut transaction).await?, month) {
        return Ok(false);
    }
    let connection = &mut *transaction;
    run(connection, PATIENCE).await?;
    run(
        connection,
        format!(
            "create table {name} (like receipts including defaults including constraints including indexes)"
        ),
    )
    .await?;
    run(
        connection,
        format!(
            "create trigger receipts_are_not_emptied before truncate on {name}
             for each statement execute function refuse('receipts are never deleted')"
        ),
    )
    .await?;
    // The default partition may hold nothing of the month when it is attached, and PostgreSQL looks.
    run(connection, "lock table only receipts in share update exclusive mode").await?;
    run(connection, "lock table receipts_default in access exclusive mode").await?;
    let odd: bool = sqlx::query_scalar(
        "select exists (select 1 from receipts_default where received_at >= $1 and received_at < $2)",
    )
    .bind(begins)
    .bind(ends)
    .fetch_one(&mut *connection)
    .await?;
    if odd {
        run(connection, "alter table receipts_default disable trigger receipts_are_kept").await?;
        run(
            connection,
            format!(
                "with odd as (
                     delete from receipts_default where received_at >= {begins} and received_at < {ends} returning *
                 ) insert into {name} select * from odd"
            ),
        )
        .await?;
        run(connection, "alter table receipts_default enable trigger receipts_are_kept").await?;
    }
    run(
        connection,
        format!("alter table receipts attach partition {name} for values from ({begins}) to ({ends})"),
    )
    .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Folds a partition up and drops it, if nothing in it can be read; says how many leaves it had, or nothing if it stays.
///
/// What is blank stays as it is, so that folding it needs no lock. Only then the partition is locked against whoever would add to
/// it, and compared with what was folded; the rest of the table is locked at the very end, for as long as dropping takes.
pub(super) async fn fold_and_drop(pool: &PgPool, name: &str) -> sqlx::Result<Option<u64>> {
    let mut transaction = pool.begin().await?;
    let alone: bool = sqlx::query_scalar("select pg_try_advisory_xact_lock($1)")
        .bind(LOCK)
        .fetch_one(&mut *transaction)
        .await?;
    if !alone || !partitions(&mut transaction).await?.iter().any(|row| row.name == name) {
        return Ok(None);
    }
    let readable = format!("select exists (select 1 from {name} where body is not null)");
    let is_readable: bool = QueryBuilder::<Postgres>::new(&readable)
        .build_query_scalar()
        .persistent(false)
        .fetch_one(&mut *transaction)
        .await?;
    if is_readable {
        return Ok(None);
    }
    let fold = format!(
        "with numbered as (
             select *, leaf_index - row_number() over (partition by site, ledger order by leaf_index) as run from {name}
         ), runs as (
             select site, ledger, min(leaf_index) as first_leaf, count(*) as leaves,
                 string_agg(commitment, ''::bytea order by leaf_index) as commitments,
                 min(received_at) as first_received, max(received_at) as last_received
             from numbered group by site, ledger, run, leaf_index / 256
         ), done as (
             insert into folded (site, ledger, first_leaf, commitments, first_received, last_received)
             select site, ledger, first_leaf, commitments, first_received, last_received from runs
             where length(commitments) = leaves * 32
             returning length(commitments) / 32 as leaves
         ) select cast(coalesce(sum(leaves), 0) as bigint) from done"
    );
    let folded: i64 = QueryBuilder::<Postgres>::new(fold)
        .build_query_scalar()
        .persistent(false)
        .fetch_one(&mut *transaction)
        .await?;
    run(&mut transaction, PATIENCE).await?;
    run(&mut transaction, format!("lock table {name} in share row exclusive mode")).await?;
    let check = format!("select ({readable}), count(*) from {name}");
    let (is_readable, rows): (bool, i64) = QueryBuilder::<Postgres>::new(check)
        .build_query_as()
        .persistent(false)
        .fetch_one(&mut *transaction)
        .await?;
    if is_readable {
        return Ok(None);
    }
    if rows != folded {
        return Err(sqlx::Error::Decode(
            format!("{rows} receipts of {name} are erased, and {folded} of them have a commitment that can be folded up").into(),
        ));
    }
    run(&mut transaction, format!("drop table {name}")).await?;
    transaction.commit().await?;
    Ok(Some(folded.unsigned_abs()))
}
