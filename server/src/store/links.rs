//! Owns the SQL of the links by which operators come in: once each, and for a while.
//! Refuses to see a link itself: only its hash comes here.

use super::{Store, on_engine};

/// A link to be stored.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// SHA-256 of its token, lower-case hex.
    pub hash: &'a str,
    /// `first`, `welcome` or `reset`.
    pub purpose: &'a str,
    /// Whom it lets in; nobody yet, where it makes the first owner.
    pub operator: Option<&'a str>,
    /// Milliseconds since 1970.
    pub expires_at: i64,
}

/// What somebody who comes in by a link brings along.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// Their id.
    pub operator: &'a str,
    /// Their e-mail address; counts only for the first owner, others have theirs.
    pub email: &'a str,
    /// Their name.
    pub name: &'a str,
    /// The hash of their password.
    pub password: &'a str,
    /// The secret of their one-time codes.
    pub totp: &'a str,
    /// The step of the code by which they showed that they have it.
    pub totp_step: i64,
}

impl Store {
    /// Stores a link. Those before it for the same operator, or for the first owner, stop working.
    pub async fn add_link(&self, link: &NewLink<'_>, now: i64) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            let mut transaction = pool.begin().await?;
            sqlx::query(
                "delete from operator_links where used_at is null
                 and (operator = $1 or (operator is null and $1 is null))",
            )
            .bind(link.operator)
            .execute(&mut *transaction)
            .await?;
            sqlx::query(
                "insert into operator_links (hash, purpose, operator, created_at, expires_at)
                 values ($1, $2, $3, $4, $5)",
            )
            .bind(link.hash)
            .bind(link.purpose)
            .bind(link.operator)
            .bind(now)
            .bind(link.expires_at)
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await
        })
    }

    /// The purpose of a working link, and the operator's id.
    pub async fn link(&self, hash: &str, now: i64) -> sqlx::Result<Option<(String, Option<String>)>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select purpose, operator from operator_links
                 where hash = $1 and used_at is null and expires_at > $2",
            )
            .bind(hash)
            .bind(now)
            .fetch_optional(pool)
            .await
        })
    }

    /// Forgets the links whose day is over.
    pub async fn forget_links(&self, now: i64) -> sqlx::Result<u64> {
        on_engine!(self, |pool| {
            sqlx::query("delete from operator_links where expires_at <= $1")
                .bind(now)
                .execute(pool)
                .await
                .map(|done| done.rows_affected())
        })
    }

    /// Uses a link up and lets its operator in, ending the sessions that they had; `false` if it does not work (any more).
    pub async fn use_link(&self, hash: &str, arrival: &Arrival<'_>, now: i64) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let mut transaction = pool.begin().await?;
            let link: Option<(Option<String>,)> = sqlx::query_as(
                "update operator_links set used_at = $2
                 where hash = $1 and used_at is null and expires_at > $2 returning operator",
            )
            .bind(hash)
            .bind(now)
            .fetch_optional(&mut *transaction)
            .await?;
            let Some((operator,)) = link else { return Ok(false) };
            if operator.is_none() {
                // Whoever was added on the command line meanwhile is the first.
                let added = sqlx::query(
                    "insert into operators (operator, email, name, created_at)
                     select $1, $2, '', $3 where not exists (select 1 from operators)",
                )
                .bind(arrival.operator)
                .bind(arrival.email)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
                if added.rows_affected() == 0 {
                    return Ok(false);
                }
                sqlx::query("insert into operator_roles (operator, role) values ($1, 'owner')")
                    .bind(arrival.operator)
                    .execute(&mut *transaction)
                    .await?;
            }
            let operator = operator.as_deref().unwrap_or(arrival.operator);
            let let_in = sqlx::query(
                "update operators set name = $2, password = $3, totp = $4, totp_step = $5, signed_in_at = $6
                 where operator = $1 and disabled_at is null",
            )
            .bind(operator)
            .bind(arrival.name)
            .bind(arrival.password)
            .bind(arrival.totp)
            .bind(arrival.totp_step)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
            if let_in.rows_affected() == 0 {
                return Ok(false);
            }
            sqlx::query("delete from operator_sessions where operator = $1")
                .bind(operator)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok(true)
        })
    }
}
