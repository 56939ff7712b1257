//! Owns the SQL of what the metrics say: how much there is, and how busy the connections are.
//! Refuses to name a site.

use super::{Pool, Store, on_engine};

/// Connections to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    /// That are open.
    pub size: u64,
    /// Of these, that wait for work.
    pub idle: u64,
    /// That may be open.
    pub max: u64,
}

/// What there is in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// Present ledgers of sites.
    pub ledgers: i64,
    /// Their leaves.
    pub leaves: i64,
    /// Leaves of the audit log, those of ledgers that ended too.
    pub audit_leaves: i64,
    /// How large the database is, where the engine says so.
    pub database_bytes: Option<i64>,
}

impl Store {
    /// Asks for nothing, to see how long an answer takes.
    pub(crate) async fn ping(&self) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("select 1").execute(pool).await?;
        });
        Ok(())
    }

    /// How many connections there are, and how many of them are free.
    #[must_use]
    pub fn connections(&self) -> Connections {
        on_engine!(self, |pool| {
            Connections {
                size: u64::from(pool.size()),
                idle: pool.num_idle() as u64,
                max: u64::from(pool.options().get_max_connections()),
            }
        })
    }

    /// Adds up every ledger.
    pub async fn sums(&self) -> sqlx::Result<Sums> {
        let (ledgers, leaves, audit_leaves) = on_engine!(self, |pool| {
            sqlx::query_as::<_, (i64, i64, i64)>(
                "select count(*), cast(coalesce(sum(leaves), 0) as bigint),
                 (select cast(coalesce(sum(leaves), 0) as bigint) from audit_ledgers) from ledgers",
            )
            .fetch_one(pool)
            .await?
        });
        // Both are told from what the engine knows anyhow; no table is read.
        let bytes = match &self.pool {
            Pool::Sqlite(pool) => {
                sqlx::query_scalar("select page_count * page_size from pragma_page_count, pragma_page_size")
                    .fetch_one(pool)
                    .await
            }
            Pool::Postgres(pool) => {
                sqlx::query_scalar("select pg_database_size(current_database())").fetch_one(pool).await
            }
        };
        Ok(Sums { ledgers, leaves, audit_leaves, database_bytes: bytes.ok() })
    }

    /// How many exports in the background are in which state.
    pub async fn count_exports(&self) -> sqlx::Result<Vec<(String, i64)>> {
        let known: Vec<(String, i64)> = on_engine!(self, |pool| {
            sqlx::query_as("select state, count(*) from exports group by state").fetch_all(pool).await?
        });
        // Each state always, so that a number that is 0 is told from one that is not known.
        let count = |state: &str| known.iter().find(|(name, _)| name == state).map_or(0, |(_, count)| *count);
        Ok(["waiting", "running", "done", "failed"].map(|state| (state.to_owned(), count(state))).into())
    }
}
