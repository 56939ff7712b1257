//! Owns the SQL of exports that are made in the background: waiting, under way, done.
//! Refuses to let two processes write one export: whoever takes it says so, and must be heard of again and again.

use assent_shared::SiteId;
use sqlx::QueryBuilder;

use super::{Store, on_engine};

/// An export that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExportRow {
    /// The site.
    pub site: String,
    /// Its id at the site; the later one asked, the greater.
    pub export_id: String,
    /// Who asked.
    pub made_by: String,
    /// When, milliseconds since 1970.
    pub made_at: i64,
    /// How it is written.
    pub format: String,
    /// Which receipts, as JSON.
    pub filter: String,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Receipts that were written so far.
    pub receipts_done: i64,
    /// How many there were when it began.
    pub receipts_expected: Option<i64>,
    /// The file's name in the folder of exports.
    pub file: Option<String>,
    /// The file's length.
    pub bytes: Option<i64>,
    /// When it ended, milliseconds since 1970.
    pub finished_at: Option<i64>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it is removed, milliseconds since 1970.
    pub expires_at: Option<i64>,
}

const COLUMNS: &str =
    "select site, export_id, made_by, made_at, format, filter, state, receipts_done, receipts_expected, file,
     bytes, finished_at, error, expires_at from exports where ";

/// How an export ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportEnd<'a> {
    /// `done` or `failed`.
    pub state: &'a str,
    /// Receipts that were written.
    pub receipts: i64,
    /// The file and its length.
    pub file: Option<(&'a str, i64)>,
    /// Why it failed.
    pub error: Option<&'a str>,
    /// When it ended, and when it is removed, milliseconds since 1970.
    pub at: (i64, i64),
}

impl Store {
    /// Lets an export wait for its turn.
    pub async fn add_export(&self, row: &ExportRow) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query(
                "insert into exports (site, export_id, made_by, made_at, format, filter, state)
                 values ($1, $2, $3, $4, $5, $6, 'waiting')",
            )
            .bind(&row.site)
            .bind(&row.export_id)
            .bind(&row.made_by)
            .bind(row.made_at)
            .bind(&row.format)
            .bind(&row.filter)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// A site's exports before `before`, newest first.
    pub async fn exports(
        &self,
        site: &SiteId,
        before: Option<&str>,
        limit: i64,
    ) -> sqlx::Result<Vec<ExportRow>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(COLUMNS);
            query.push("site = ").push_bind(site.as_str());
            if let Some(before) = before {
                query.push(" and export_id < ").push_bind(before);
            }
            query.push(" order by export_id desc limit ").push_bind(limit);
            query.build_query_as().fetch_all(pool).await
        })
    }

    /// One of a site's exports.
    pub async fn export(&self, site: &SiteId, export_id: &str) -> sqlx::Result<Option<ExportRow>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(COLUMNS);
            query.push("site = ").push_bind(site.as_str()).push(" and export_id = ").push_bind(export_id);
            query.build_query_as().fetch_optional(pool).await
        })
    }

    /// Takes the export that waits longest, or one whose process was not heard of since `lost`; it begins again.
    pub async fn take_export(&self, runner: &str, now: i64, lost: i64) -> sqlx::Result<Option<ExportRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "update exports set state = 'running', runner = $1, seen_at = $2, receipts_done = 0
                 where (state = 'waiting' or state = 'running' and seen_at < $3) and (site, export_id) = (
                     select site, export_id from exports
                     where state = 'waiting' or state = 'running' and seen_at < $3
                     order by made_at, export_id limit 1
                 )
                 returning site, export_id, made_by, made_at, format, filter, state, receipts_done, receipts_expected, file,
                 bytes, finished_at, error, expires_at",
            )
            .bind(runner)
            .bind(now)
            .bind(lost)
            .fetch_optional(pool)
            .await
        })
    }

    /// Says how far an export is; `false` if it is not the runner's any more, because it was cancelled or taken over.
    pub async fn report_export(
        &self,
        (site, export_id): (&str, &str),
        runner: &str,
        (done, expected): (i64, Option<i64>),
        now: i64,
    ) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let reported = sqlx::query(
                "update exports set receipts_done = $4, receipts_expected = coalesce($5, receipts_expected), seen_at = $6
                 where site = $1 and export_id = $2 and runner = $3 and state = 'running'",
            )
            .bind(site)
            .bind(export_id)
            .bind(runner)
            .bind(done)
            .bind(expected)
            .bind(now)
            .execute(pool)
            .await?;
            Ok(reported.rows_affected() == 1)
        })
    }

    /// Ends an export; `false` if it is not the runner's any more.
    pub async fn end_export(
        &self,
        (site, export_id): (&str, &str),
        runner: &str,
        end: &ExportEnd<'_>,
    ) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let ended = sqlx::query(
                "update exports set state = $4, receipts_done = $5, file = $6, bytes = $7, error = $8, finished_at = $9,
                 expires_at = $10, runner = null
                 where site = $1 and export_id = $2 and runner = $3 and state = 'running'",
            )
            .bind(site)
            .bind(export_id)
            .bind(runner)
            .bind(end.state)
            .bind(end.receipts)
            .bind(end.file.map(|(name, _)| name))
            .bind(end.file.map(|(_, bytes)| bytes))
            .bind(end.error)
            .bind(end.at.0)
            .bind(end.at.1)
            .execute(pool)
            .await?;
            Ok(ended.rows_affected() == 1)
        })
    }

    /// Lets what a process has not finished wait again.
    pub async fn release_exports(&self, runner: &str) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query(
                "update exports set state = 'waiting', runner = null where runner = $1 and state = 'running'",
            )
            .bind(runner)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Cancels an export that has not ended; `false` if it has.
    pub async fn cancel_export(
        &self,
        site: &SiteId,
        export_id: &str,
        (now, expires): (i64, i64),
    ) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let cancelled = sqlx::query(
                "update exports set state = 'cancelled', runner = null, finished_at = $3, expires_at = $4
                 where site = $1 and export_id = $2 and state in ('waiting', 'running')",
            )
            .bind(site.as_str())
            .bind(export_id)
            .bind(now)
            .bind(expires)
            .execute(pool)
            .await?;
            Ok(cancelled.rows_affected() == 1)
        })
    }

    /// The exports that have had their time.
    pub async fn expired_exports(&self, now: i64) -> sqlx::Result<Vec<ExportRow>> {
        on_engine!(self, |pool, Db| {
            let mut query = QueryBuilder::<Db>::new(COLUMNS);
            query.push("expires_at <= ").push_bind(now);
            query.build_query_as().fetch_all(pool).await
        })
    }

    /// Forgets an export that has ended.
    pub async fn remove_export(&self, site: &str, export_id: &str) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("delete from exports where site = $1 and export_id = $2 and state not in ('waiting', 'running')")
                .bind(site)
                .bind(export_id)
                .execute(pool)
                .await?;
        });
        Ok(())
    }
}
