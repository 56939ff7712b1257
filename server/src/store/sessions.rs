//! Owns the SQL of operators' sessions.
//! Refuses to see a session's id: only its hash comes here; and to bring back one that was ended.

use std::fmt;

use super::{Store, on_engine};

/// A session.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct SessionRow {
    /// SHA-256 of its id, lower-case hex.
    pub hash: String,
    /// Whose it is; nobody's on the way in.
    pub operator: Option<String>,
    /// Such as `Firefox on Linux`.
    pub device: String,
    /// What the pages remember in it, as JSON.
    pub data: String,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When it was last used, give or take a minute.
    pub seen_at: i64,
    /// When it ends at the latest.
    pub expires_at: i64,
}

impl fmt::Debug for SessionRow {
    /// On the way in, a session remembers what is nobody's to read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRow").field("device", &self.device).finish_non_exhaustive()
    }
}

impl Store {
    /// Stores a new session; `false` if there is one of that id.
    pub async fn add_session(&self, session: &SessionRow) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            sqlx::query(
                "insert into operator_sessions (hash, operator, device, data, created_at, seen_at, expires_at)
                 values ($1, $2, $3, $4, $5, $6, $7) on conflict (hash) do nothing",
            )
            .bind(&session.hash)
            .bind(&session.operator)
            .bind(&session.device)
            .bind(&session.data)
            .bind(session.created_at)
            .bind(session.seen_at)
            .bind(session.expires_at)
            .execute(pool)
            .await
            .map(|done| done.rows_affected() == 1)
        })
    }

    /// Replaces what a session remembers; one that was ended stays so.
    pub async fn save_session(&self, hash: &str, data: &str) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operator_sessions set data = $2 where hash = $1")
                .bind(hash)
                .bind(data)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The session with that hash, if it has not ended at `now` and was used since `idle_since`.
    pub async fn session(&self, hash: &str, now: i64, idle_since: i64) -> sqlx::Result<Option<SessionRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select hash, operator, device, data, created_at, seen_at, expires_at from operator_sessions
                 where hash = $1 and expires_at > $2 and seen_at > $3",
            )
            .bind(hash)
            .bind(now)
            .bind(idle_since)
            .fetch_optional(pool)
            .await
        })
    }

    /// An operator's sessions that have not ended, the last used first.
    pub async fn sessions_of(
        &self,
        operator: &str,
        now: i64,
        idle_since: i64,
    ) -> sqlx::Result<Vec<SessionRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select hash, operator, device, data, created_at, seen_at, expires_at from operator_sessions
                 where operator = $1 and expires_at > $2 and seen_at > $3 order by seen_at desc, hash",
            )
            .bind(operator)
            .bind(now)
            .bind(idle_since)
            .fetch_all(pool)
            .await
        })
    }

    /// Notes that a session was used.
    pub async fn see_session(&self, hash: &str, now: i64) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operator_sessions set seen_at = $2 where hash = $1")
                .bind(hash)
                .bind(now)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Ends a session.
    pub async fn end_session(&self, hash: &str) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("delete from operator_sessions where hash = $1").bind(hash).execute(pool).await?;
        });
        Ok(())
    }

    /// Ends an operator's sessions: that one, or all but that one, or all. Says how many.
    pub async fn end_sessions_of(&self, operator: &str, which: Ending<'_>) -> sqlx::Result<u64> {
        let (condition, hash) = match which {
            Ending::Only(hash) => ("delete from operator_sessions where operator = $1 and hash = $2", hash),
            Ending::AllBut(hash) => {
                ("delete from operator_sessions where operator = $1 and hash <> $2", hash)
            }
            Ending::All => ("delete from operator_sessions where operator = $1 and hash <> $2", ""),
        };
        on_engine!(self, |pool| {
            sqlx::query(condition)
                .bind(operator)
                .bind(hash)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
    }

    /// Forgets the sessions that have ended by themselves.
    pub async fn forget_sessions(&self, now: i64, idle_since: i64) -> sqlx::Result<u64> {
        on_engine!(self, |pool| {
            sqlx::query("delete from operator_sessions where expires_at <= $1 or seen_at <= $2")
                .bind(now)
                .bind(idle_since)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
    }
}

/// Which of an operator's sessions end.
#[derive(Debug, Clone, Copy)]
pub enum Ending<'a> {
    /// The one with that hash.
    Only(&'a str),
    /// All but the one with that hash.
    AllBut(&'a str),
    /// All.
    All,
}
