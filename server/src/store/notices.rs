//! Owns the SQL of notices: each is inserted once, under the next number, and never changed.
//! Refuses to interpret a notice; it keeps the bytes that were hashed.

use assent_shared::SiteId;
use assent_shared::ledger::Entry;

use super::ledgers::AppendError;
use super::{Store, on_engine, on_transaction};

/// Where a notice comes from that is to be published. Publishing takes it away from there, or does not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin<'a> {
    /// A file or a request's body.
    File,
    /// This revision of the site's draft.
    Draft(i64),
    /// This plan.
    Schedule(&'a str),
}

/// What is kept of how a notice came to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPublication<'a> {
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// Who publishes.
    pub published_by: &'a str,
    /// The purposes that are asked again by decision, as a JSON list.
    pub material: &'a str,
    /// What of the linter is overridden, as JSON.
    pub overrides: &'a str,
    /// A sentence for the list of versions.
    pub note: Option<&'a str>,
}

/// What became of publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publishing {
    /// It is the newest under this number.
    Number(i64),
    /// There was nothing new to publish.
    Unchanged,
    /// Where it should have come from it is no more.
    Gone,
}

/// A published notice and how it came to be.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct VersionRow {
    /// 1 for the site's first.
    pub number: i64,
    /// SHA-256 of the canonical JSON, lower-case hex.
    pub hash: String,
    /// Milliseconds since 1970.
    pub published_at: i64,
    /// Who published it; not known of old ones.
    pub published_by: Option<String>,
    /// The purposes that were asked again by decision, as a JSON list.
    pub material: Option<String>,
    /// What of the linter was overridden, as JSON.
    pub overrides: Option<String>,
    /// A sentence by who published it.
    pub note: Option<String>,
}

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
        publication: &NewPublication<'_>,
        write: impl FnOnce(i64, Option<&NoticeRow>) -> Option<(String, String)>,
    ) -> Result<Publishing, AppendError> {
        let mut transaction = self.begin().await?;
        let (number, entry) = on_transaction!(&mut transaction, |transaction, Db| {
            let number: i64 = sqlx::query_scalar::<Db, _>(
                "update ledgers set notices = notices + 1 where site = $1 returning notices",
            )
            .bind(site.as_str())
            .fetch_one(&mut **transaction)
            .await?;
            // Taken away first: two servers that publish the same plan meet here, and the second one finds nothing.
            let taken = match publication.origin {
                Origin::File => 1,
                Origin::Draft(revision) => sqlx::query::<Db>(
                    "update drafts set body = null, revision = revision + 1, updated_at = $3, updated_by = $4
                     where site = $1 and revision = $2 and body is not null",
                )
                .bind(site.as_str())
                .bind(revision)
                .bind(now)
                .bind(publication.published_by)
                .execute(&mut **transaction)
                .await?
                .rows_affected(),
                Origin::Schedule(id) => {
                    // A draft that says what the plan says has become the notice with it.
                    sqlx::query::<Db>(
                        "update drafts set body = null, revision = revision + 1, updated_at = $3, updated_by = $4
                         where site = $1 and body = (select body from schedule where site = $1 and schedule_id = $2)",
                    )
                    .bind(site.as_str())
                    .bind(id)
                    .bind(now)
                    .bind(publication.published_by)
                    .execute(&mut **transaction)
                    .await?;
                    sqlx::query::<Db>(
                        "delete from schedule where site = $1 and schedule_id = $2 and failed_at is null",
                    )
                    .bind(site.as_str())
                    .bind(id)
                    .execute(&mut **transaction)
                    .await?
                    .rows_affected()
                }
            };
            if taken != 1 {
                return Ok(Publishing::Gone);
            }
            let newest: Option<NoticeRow> = sqlx::query_as::<Db, _>(
                "select number, hash, body, published_at from notices where site = $1 order by number desc limit 1",
            )
            .bind(site.as_str())
            .fetch_optional(&mut **transaction)
            .await?;
            let Some((hash, body)) = write(number, newest.as_ref()) else {
                return Ok(Publishing::Unchanged);
            };
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
            sqlx::query::<Db>(
                "insert into publications (site, number, published_by, published_at, material, overrides, note)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(site.as_str())
            .bind(number)
            .bind(publication.published_by)
            .bind(now)
            .bind(publication.material)
            .bind(publication.overrides)
            .bind(publication.note)
            .execute(&mut **transaction)
            .await?;
            (number, entry)
        });
        // Only now: where there is nothing to publish, it does not matter whether the ledger takes anything.
        let mut ledger = transaction.open_ledger(site, &self.sealer).await?;
        ledger.append_entry(&entry, None);
        transaction.close_ledger(ledger, now).await?;
        transaction.commit().await?;
        Ok(Publishing::Number(number))
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

    /// A site's versions below a number, newest first.
    pub async fn versions(&self, site: &SiteId, below: i64, limit: i64) -> sqlx::Result<Vec<VersionRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select notices.number, notices.hash, notices.published_at, published_by, material, overrides, note
                 from notices left join publications
                 on publications.site = notices.site and publications.number = notices.number
                 where notices.site = $1 and notices.number < $2 order by notices.number desc limit $3",
            )
            .bind(site.as_str())
            .bind(below)
            .bind(limit)
            .fetch_all(pool)
            .await
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
