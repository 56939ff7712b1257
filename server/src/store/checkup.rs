//! Owns the SQL of `assent doctor`: what tells how the database stands.
//! Refuses to write, and to walk over whole tables.

use super::{Pool, Store, on_engine};

impl Store {
    /// When the newest receipt of all was taken.
    pub async fn newest_receipt(&self) -> sqlx::Result<Option<i64>> {
        // Site by site, along the index; a maximum over all of them would read every receipt.
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select max(newest) from (
                     select (select received_at from receipts where receipts.site = ledgers.site and body is not null
                         order by received_at desc, ledger desc, leaf_index desc limit 1) as newest
                     from ledgers
                 ) as newest_of_each",
            )
            .fetch_one(pool)
            .await
        })
    }

    /// The database's own clock, where it has one.
    pub async fn database_time(&self) -> sqlx::Result<Option<i64>> {
        let Pool::Postgres(pool) = &self.pool else { return Ok(None) };
        sqlx::query_scalar("select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)")
            .fetch_one(pool)
            .await
    }

    /// Why a PostgreSQL server takes no receipts, if it does not.
    pub async fn refuses_writes(&self) -> sqlx::Result<Option<&'static str>> {
        let Pool::Postgres(pool) = &self.pool else { return Ok(None) };
        let standby: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(pool).await?;
        if standby {
            return Ok(Some("it is a standby, which only follows another server"));
        }
        let may: Option<bool> = sqlx::query_scalar(
            "select has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'select') from pg_class
             where oid = to_regclass('receipts')",
        )
        .fetch_optional(pool)
        .await?;
        Ok((may == Some(false)).then_some("this user may not insert receipts"))
    }
}
