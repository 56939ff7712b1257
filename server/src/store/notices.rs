//! Owns the SQL of notices: each is inserted once, under the next number, and never changed.
//! Refuses to interpret a notice; it keeps the bytes that were hashed.

use assent_shared::SiteId;
use assent_shared::ledger::Entry;

use super::ledgers::AppendError;
use super::{Store, on_engine, on_transaction};

/// A published notice.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct NoticeRow {
    /// 1 for the site's first.
    pub number: i64,
    /// SHA-256 of `body`, lower-case hex.
    pub hash: String,
    /// The canonical JSON.
    pub body: String,
    /// Milliseconds since 1970.
    pub published_at: i64,
}

impl Store {
    /// Inserts the notice that `write` makes of the next number and the newest notice before it, unless `write` finds
    /// nothing new to publish. Two operators publishing at once get two numbers.
    pub async fn publish_notice(
        &self,
        site: &SiteId,
        now: i64,
        write: impl FnOnce(i64, Option<&NoticeRow>) -> Option<(String, String)>,
    ) -> Result<Option<i64>, AppendError> {
        let mut transaction = self.begin().await?;
        let (number, entry) = on_transaction!(&mut transaction, |transaction, Db| {
            let number: i64 = sqlx::query_scalar::<Db, _>(
                "update ledgers set notices = notices + 1 where site = $1 returning notices",
            )
            .bind(site.as_str())
            .fetch_one(&mut **transaction)
            .await?;
            let newest: Option<NoticeRow> = sqlx::query_as::<Db, _>(
                "select number, hash, body, published_at from notices where site = $1 order by number desc limit 1",
            )
            .bind(site.as_str())
            .fetch_optional(&mut **transaction)
            .await?;
            let Some((hash, body)) = write(number, newest.as_ref()) else { return Ok(None) };
            let entry = entry(number, &hash, now)?;
            sqlx::query::<Db>(
                "insert into notices (site, number, hash, body, published_at) values ($1, $2, $3, $4, $5)",
            )
            .bind(site.as_str())
            .bind(number)
            .bind(hash)
            .bind(body)
            .bind(now)
            .execute(&mut **transaction)
            .await?;
            (number, entry)
        });
        // Only now: where there is nothing to publish, it does not matter whether the ledger takes anything.
        let mut ledger = transaction.open_ledger(site, &self.sealer).await?;
        ledger.append_entry(&entry, None);
        transaction.close_ledger(ledger, now).await?;
        transaction.commit().await?;
        Ok(Some(number))
    }

    /// The notice of that number.
    pub async fn notice(&self, site: &SiteId, number: u32) -> sqlx::Result<Option<NoticeRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select number, hash, body, published_at from notices where site = $1 and number = $2",
            )
            .bind(site.as_str())
            .bind(i64::from(number))
            .fetch_optional(pool)
            .await
        })
    }

    /// The newest notice's number; 0 before the first.
    pub async fn newest_notice(&self, site: &SiteId) -> sqlx::Result<i64> {
        on_engine!(self, |pool| {
            sqlx::query_scalar("select notices from ledgers where site = $1")
                .bind(site.as_str())
                .fetch_optional(pool)
                .await
                .map(Option::unwrap_or_default)
        })
    }

    /// Every notice of a site, oldest first.
    pub async fn notices(&self, site: &SiteId) -> sqlx::Result<Vec<NoticeRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select number, hash, body, published_at from notices where site = $1 order by number",
            )
            .bind(site.as_str())
            .fetch_all(pool)
            .await
        })
    }
}

/// The leaf that says that a notice was published.
pub(super) fn entry(number: i64, hash: &str, published_at: i64) -> sqlx::Result<Entry> {
    let hash = hash.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    let number = u32::try_from(number).map_err(|error| sqlx::Error::Decode(Box::new(error)))?;
    Ok(Entry::Notice { hash, number, published_at })
}
