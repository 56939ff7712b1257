//! Owns the SQL of pinned tags: bytes that pages know by their hash, and the widget's files that go with them.
//! Refuses to change or to drop any: some page may still ask for them.

use assent_shared::SiteId;

use super::{Store, on_engine};

/// A pinned tag, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PinRow {
    /// What the tag's address names it by.
    pub hash: String,
    /// The notice that it shows.
    pub notice: i64,
    /// The language in which it does.
    pub locale: String,
    /// The build of the widget that it asks for.
    pub widget: String,
    /// When it was pinned, milliseconds since 1970.
    pub pinned_at: i64,
    /// By whom.
    pub pinned_by: String,
}

impl Store {
    /// Keeps a tag's bytes and the files of its widget; `false` if it was pinned before.
    pub async fn pin_tag(
        &self,
        site: &SiteId,
        pin: &PinRow,
        body: &[u8],
        files: &[(&str, &[u8])],
    ) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let mut transaction = pool.begin().await?;
            for (file, bytes) in files {
                sqlx::query("insert into pinned_files (hash, file, body) values ($1, $2, $3) on conflict (hash, file) do nothing")
                    .bind(&pin.widget)
                    .bind(*file)
                    .bind(*bytes)
                    .execute(&mut *transaction)
                    .await?;
            }
            let pinned = sqlx::query(
                "insert into pinned_tags (site, hash, notice, locale, widget, body, pinned_at, pinned_by)
                 values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (site, hash) do nothing",
            )
            .bind(site.as_str())
            .bind(&pin.hash)
            .bind(pin.notice)
            .bind(&pin.locale)
            .bind(&pin.widget)
            .bind(body)
            .bind(pin.pinned_at)
            .bind(&pin.pinned_by)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            transaction.commit().await?;
            Ok(pinned == 1)
        })
    }

    /// A pinned tag's bytes.
    pub async fn pinned_tag(&self, site: &SiteId, hash: &str) -> sqlx::Result<Option<Vec<u8>>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar("select body from pinned_tags where site = $1 and hash = $2")
                .bind(site.as_str())
                .bind(hash)
                .fetch_optional(pool)
                .await
        })
    }

    /// A file of a build of the widget that some pinned tag asks for.
    pub async fn pinned_file(&self, hash: &str, file: &str) -> sqlx::Result<Option<Vec<u8>>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar("select body from pinned_files where hash = $1 and file = $2")
                .bind(hash)
                .bind(file)
                .fetch_optional(pool)
                .await
        })
    }

    /// A site's pinned tags, the newest first.
    pub async fn pins(&self, site: &SiteId) -> sqlx::Result<Vec<PinRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select hash, notice, locale, widget, pinned_at, pinned_by from pinned_tags where site = $1
                 order by pinned_at desc, hash",
            )
            .bind(site.as_str())
            .fetch_all(pool)
            .await
        })
    }
}
