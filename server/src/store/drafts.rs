//! Owns the SQL of what is not published yet: a site's draft with its revisions, and the notice that waits for its date.
//! Refuses a save that was made from another revision than the one that is there.

use assent_shared::SiteId;

use super::{Store, on_engine};

/// The notice that a site's operators are writing.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct DraftRow {
    /// TOML; none while there is no draft.
    pub body: Option<String>,
    /// Counted up by every change.
    pub revision: i64,
    /// Milliseconds since 1970.
    pub updated_at: i64,
    /// Who changed it last.
    pub updated_by: String,
}

/// A notice that waits for its date.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ScheduleRow {
    /// Tells this plan from another one.
    pub schedule_id: String,
    /// TOML.
    pub body: String,
    /// The purposes that are asked again, as a JSON list.
    pub material: String,
    /// What of the linter is overridden, as JSON.
    pub overrides: String,
    /// A sentence for the list of versions.
    pub note: Option<String>,
    /// Milliseconds since 1970.
    pub publish_at: i64,
    /// Who planned it.
    pub made_by: String,
    /// Milliseconds since 1970.
    pub made_at: i64,
    /// When publishing it failed.
    pub failed_at: Option<i64>,
    /// Why.
    pub failure: Option<String>,
}

impl Store {
    /// A site's draft; `None` before there ever was one.
    pub async fn draft(&self, site: &SiteId) -> sqlx::Result<Option<DraftRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as("select body, revision, updated_at, updated_by from drafts where site = $1")
                .bind(site.as_str())
                .fetch_optional(pool)
                .await
        })
    }

    /// Replaces the draft that was `made_from` a revision (0 before the first one), or takes it away. The new revision;
    /// `None` if there is another one by now.
    pub async fn save_draft(
        &self,
        site: &SiteId,
        made_from: i64,
        body: Option<&str>,
        by: &str,
        now: i64,
    ) -> sqlx::Result<Option<i64>> {
        on_engine!(self, |pool| {
            let text = if made_from == 0 {
                "insert into drafts (site, revision, body, updated_at, updated_by) values ($1, cast($2 as bigint) + 1, $3, $4, $5)
                 on conflict (site) do nothing returning revision"
            } else {
                "update drafts set revision = revision + 1, body = $3, updated_at = $4, updated_by = $5
                 where site = $1 and revision = $2 returning revision"
            };
            sqlx::query_scalar(text)
                .bind(site.as_str())
                .bind(made_from)
                .bind(body)
                .bind(now)
                .bind(by)
                .fetch_optional(pool)
                .await
        })
    }

    /// What a site plans to publish, or could not.
    pub async fn schedule(&self, site: &SiteId) -> sqlx::Result<Option<ScheduleRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select schedule_id, body, material, overrides, note, publish_at, made_by, made_at, failed_at, failure
                 from schedule where site = $1",
            )
            .bind(site.as_str())
            .fetch_optional(pool)
            .await
        })
    }

    /// Plans, in place of whatever was planned.
    pub async fn set_schedule(&self, site: &SiteId, plan: &ScheduleRow) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query(
                "insert into schedule (site, schedule_id, body, material, overrides, note, publish_at, made_by, made_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                 on conflict (site) do update set schedule_id = excluded.schedule_id, body = excluded.body,
                 material = excluded.material, overrides = excluded.overrides, note = excluded.note,
                 publish_at = excluded.publish_at, made_by = excluded.made_by, made_at = excluded.made_at,
                 failed_at = null, failure = null",
            )
            .bind(site.as_str())
            .bind(&plan.schedule_id)
            .bind(&plan.body)
            .bind(&plan.material)
            .bind(&plan.overrides)
            .bind(&plan.note)
            .bind(plan.publish_at)
            .bind(&plan.made_by)
            .bind(plan.made_at)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Takes a plan back; `false` if it is another one by now, or none.
    pub async fn cancel_schedule(&self, site: &SiteId, schedule_id: &str) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let cancelled = sqlx::query("delete from schedule where site = $1 and schedule_id = $2")
                .bind(site.as_str())
                .bind(schedule_id)
                .execute(pool)
                .await?;
            Ok(cancelled.rows_affected() == 1)
        })
    }

    /// The sites whose plans are due.
    pub async fn due_schedules(&self, now: i64) -> sqlx::Result<Vec<String>> {
        on_engine!(self, |pool| {
            sqlx::query_scalar(
                "select site from schedule where publish_at <= $1 and failed_at is null order by publish_at, site",
            )
            .bind(now)
            .fetch_all(pool)
            .await
        })
    }

    /// Keeps why a plan could not be carried out.
    pub async fn fail_schedule(
        &self,
        site: &SiteId,
        schedule_id: &str,
        failure: &str,
        now: i64,
    ) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query(
                "update schedule set failed_at = $3, failure = $4
                 where site = $1 and schedule_id = $2 and failed_at is null",
            )
            .bind(site.as_str())
            .bind(schedule_id)
            .bind(now)
            .bind(failure)
            .execute(pool)
            .await?;
        });
        Ok(())
    }
}
