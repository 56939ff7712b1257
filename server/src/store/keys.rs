//! Owns the SQL of operator keys.
//! Refuses to see a key itself: only its hash comes here.

use assent_shared::SiteId;

use super::{Store, on_engine};

/// A key to be stored.
#[derive(Debug)]
pub struct NewKey<'a> {
    /// The public half, shown in lists.
    pub key_id: &'a str,
    /// SHA-256 of the whole key, lower-case hex.
    pub hash: &'a str,
    /// What the key is for.
    pub label: &'a str,
    /// The only site it opens; none for all.
    pub site: Option<&'a SiteId>,
}

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// The public half, shown in lists.
    pub key_id: String,
    /// What the key is for.
    pub label: String,
    /// The only site it opens; none for all.
    pub site: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When it stopped working, milliseconds since 1970.
    pub revoked_at: Option<i64>,
}

impl Store {
    /// Stores a key's hash.
    pub async fn add_key(&self, key: &NewKey<'_>, now: i64) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("insert into operator_keys (key_id, hash, label, site, created_at) values ($1, $2, $3, $4, $5)")
                .bind(key.key_id)
                .bind(key.hash)
                .bind(key.label)
                .bind(key.site.map(SiteId::as_str))
                .bind(now)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// The working key with that hash.
    pub async fn key_by_hash(&self, hash: &str) -> sqlx::Result<Option<KeyRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select key_id, label, site, created_at, revoked_at from operator_keys
                 where hash = $1 and revoked_at is null",
            )
            .bind(hash)
            .fetch_optional(pool)
            .await
        })
    }

    /// Every key, oldest first.
    pub async fn keys(&self) -> sqlx::Result<Vec<KeyRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select key_id, label, site, created_at, revoked_at from operator_keys order by created_at, key_id",
            )
            .fetch_all(pool)
            .await
        })
    }

    /// Makes a key stop working; `false` if there is no working key of that id.
    pub async fn revoke_key(&self, key_id: &str, now: i64) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            sqlx::query("update operator_keys set revoked_at = $2 where key_id = $1 and revoked_at is null")
                .bind(key_id)
                .bind(now)
                .execute(pool)
                .await
                .map(|done| done.rows_affected() == 1)
        })
    }
}
