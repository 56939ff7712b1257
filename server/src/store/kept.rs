//! Owns the connection that the recorder keeps from one commit to the next: giving one back to its pool is a round trip to the
//! database, and a commit is little more than that.
//! Refuses to be kept from whoever else writes: SQLite's one writer goes to the next who waits for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{Database, Pool, Transaction};
use tokio::time::Instant;

use super::health::Health;

/// A connection that was used so recently is not asked whether it is still there: the next statement tells as well.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// Then the pool sees it again, which renews connections that are old.
const LONGEST: Duration = Duration::from_mins(1);

/// A pool that one connection may be kept out of.
#[derive(Debug)]
pub(super) struct Kept<Db: Database> {
    pool: Pool<Db>,
    health: Health,
    state: Mutex<State<Db>>,
}

#[derive(Debug)]
struct State<Db: Database> {
    kept: Option<Connection<Db>>,
    /// How many others wait for a connection.
    waiting: usize,
}

/// A connection that may be kept again after use. Where that is not said, its pool gets it, and looks at it.
#[derive(Debug)]
pub(super) struct Connection<Db: Database> {
    pub(super) inner: PoolConnection<Db>,
    since: Instant,
    used: Instant,
}

impl<Db: Database> Kept<Db> {
    pub(super) fn of(pool: Pool<Db>, health: &Health) -> Arc<Self> {
        let state = Mutex::new(State { kept: None, waiting: 0 });
        Arc::new(Self { pool, health: health.clone(), state })
    }

    /// The connection that was kept, or one of the pool's.
    pub(super) async fn take(&self) -> sqlx::Result<Connection<Db>> {
        let kept = self.state().kept.take();
        if let Some(kept) = kept
            && kept.used.elapsed() < FRESH
            && kept.since.elapsed() < LONGEST
            && self.health.trusts(kept.since.elapsed())
        {
            return Ok(kept);
        }
        let inner = self.pool.acquire().await?;
        let now = Instant::now();
        Ok(Connection { inner, since: now, used: now })
    }

    /// Keeps a connection for the next commit, unless somebody waits for one.
    pub(super) fn keep(&self, connection: Connection<Db>) {
        let mut state = self.state();
        if state.waiting == 0 && !self.pool.is_closed() {
            state.kept = Some(Connection { used: Instant::now(), ..connection });
        }
    }

    /// Begins a transaction for somebody else.
    pub(super) async fn begin(&self) -> sqlx::Result<Transaction<'static, Db>> {
        let _waiting = Waiting::begin(self);
        self.pool.begin().await
    }

    /// Closes the pool, waiting for connections in use.
    pub(super) async fn close(&self) {
        let _waiting = Waiting::begin(self);
        self.pool.close().await;
    }

    fn state(&self) -> MutexGuard<'_, State<Db>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits for a connection, for as long as this lives.
struct Waiting<'a, Db: Database>(&'a Kept<Db>);

impl<'a, Db: Database> Waiting<'a, Db> {
    fn begin(from: &'a Kept<Db>) -> Self {
        let mut state = from.state();
        state.waiting += 1;
        let kept = state.kept.take();
        drop(state);
        drop(kept);
        Self(from)
    }
}

impl<Db: Database> Drop for Waiting<'_, Db> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Sqlite;
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    /// One connection, as SQLite's writer has.
    async fn writer() -> Arc<Kept<Sqlite>> {
        let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
        Kept::of(pool, &Health::default())
    }

    #[tokio::test]
    async fn a_connection_is_kept_until_somebody_else_wants_one() {
        let kept = writer().await;
        let since = kept.take().await.map(|connection| {
            let since = connection.since;
            kept.keep(connection);
            since
        });
        let again = kept.take().await.unwrap();
        assert_eq!(again.since, since.unwrap(), "the same one");
        assert_eq!(kept.pool.num_idle(), 0);

        let other = tokio::spawn({
            let kept = kept.clone();
            async move { kept.begin().await.unwrap().commit().await.unwrap() }
        });
        while kept.state().waiting == 0 {
            tokio::task::yield_now().await;
        }
        kept.keep(again);
        other.await.unwrap();
        assert!(kept.state().kept.is_none(), "it went to the one who waited");

        let next = kept.take().await.unwrap();
        kept.keep(next);
        kept.begin().await.unwrap().rollback().await.unwrap();
        kept.close().await;
        assert!(kept.take().await.is_err());
    }

    #[tokio::test]
    async fn what_is_not_kept_again_goes_back_to_its_pool() {
        let kept = writer().await;
        drop(kept.take().await.unwrap());
        let next = kept.take().await.unwrap();
        kept.keep(next);
        kept.close().await;
        assert!(kept.pool.is_closed() && kept.pool.size() == 0, "closing waits for what was kept too");
    }
}
