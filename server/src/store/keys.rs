//! Owns the SQL of operator keys.
//! Refuses to see a key itself: only its hash comes here.

use assent_shared::SiteId;

use super::{Store, on_engine};
use crate::access::Permission;

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
    /// What it may do.
    pub scopes: &'a [Permission],
    /// When it stops working by itself, milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Who made it, as the audit log names them.
    pub made_by: &'a str,
}

/// A stored key.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// The public half, shown in lists.
    pub key_id: String,
    /// What the key is for.
    pub label: String,
    /// The only site it opens; none for all.
    #[sqlx(try_from = "Option<String>")]
    pub site: Reach,
    /// What it may do.
    #[sqlx(try_from = "String")]
    pub scopes: Scopes,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When it stops working by itself, milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// When it was last used, give or take a minute.
    pub last_used_at: Option<i64>,
    /// Who made it, as the audit log names them; unknown of the oldest.
    pub made_by: Option<String>,
    /// When it was made to stop working, milliseconds since 1970.
    pub revoked_at: Option<i64>,
}

/// The only site of a key; none for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach(pub Option<SiteId>);

impl TryFrom<Option<String>> for Reach {
    type Error = String;

    fn try_from(site: Option<String>) -> Result<Self, String> {
        site.map(|site| site.parse()).transpose().map(Self).map_err(|error| format!("{error}"))
    }
}

/// What a key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(pub Vec<Permission>);

impl TryFrom<String> for Scopes {
    type Error = serde_json::Error;

    fn try_from(scopes: String) -> serde_json::Result<Self> {
        serde_json::from_str(&scopes).map(Self)
    }
}

impl KeyRow {
    /// Whether it opens anything at `now`.
    #[must_use]
    pub fn works(&self, now: i64) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl Store {
    /// Stores a key's hash.
    pub async fn add_key(&self, key: &NewKey<'_>, now: i64) -> sqlx::Result<()> {
        let scopes =
            serde_json::to_string(key.scopes).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
        on_engine!(self, |pool| {
            sqlx::query(
                "insert into operator_keys (key_id, hash, label, site, scopes, expires_at, made_by, created_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(key.key_id)
            .bind(key.hash)
            .bind(key.label)
            .bind(key.site.map(SiteId::as_str))
            .bind(scopes)
            .bind(key.expires_at)
            .bind(key.made_by)
            .bind(now)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// The key with that hash, whether it works or not.
    pub async fn key_by_hash(&self, hash: &str) -> sqlx::Result<Option<KeyRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select key_id, label, site, scopes, created_at, expires_at, last_used_at, made_by, revoked_at
                 from operator_keys where hash = $1",
            )
            .bind(hash)
            .fetch_optional(pool)
            .await
        })
    }

    /// The key with that id.
    pub async fn key(&self, key_id: &str) -> sqlx::Result<Option<KeyRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select key_id, label, site, scopes, created_at, expires_at, last_used_at, made_by, revoked_at
                 from operator_keys where key_id = $1",
            )
            .bind(key_id)
            .fetch_optional(pool)
            .await
        })
    }

    /// Every key, oldest first.
    pub async fn keys(&self) -> sqlx::Result<Vec<KeyRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select key_id, label, site, scopes, created_at, expires_at, last_used_at, made_by, revoked_at
                 from operator_keys order by created_at, key_id",
            )
            .fetch_all(pool)
            .await
        })
    }

    /// Notes that a key was used.
    pub async fn note_key_use(&self, key_id: &str, now: i64) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("update operator_keys set last_used_at = $2 where key_id = $1")
                .bind(key_id)
                .bind(now)
                .execute(pool)
                .await?;
        });
        Ok(())
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
