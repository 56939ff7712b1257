//! Owns the SQL of sightings: from which origins a site's tag was asked for.
//! Refuses a path, and more origins of a site than an operator could look through.

use assent_shared::SiteId;

use super::{Store, on_engine};

/// Origins kept of a site; of its own also more.
pub const ORIGINS_KEPT: i64 = 50;

/// An origin whose pages asked for the tag.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow, serde::Serialize, utoipa::ToSchema)]
pub struct SightingRow {
    /// `scheme://host[:port]`
    pub origin: String,
    /// Whether the tag came from the page's own host.
    pub first_party: bool,
    /// When it was seen first, milliseconds since 1970.
    #[sqlx(rename = "first_seen")]
    #[serde(rename = "first_seen_at")]
    pub first_seen: i64,
    /// When it was seen last, within ten minutes.
    #[serde(rename = "last_seen_at")]
    pub last_seen: i64,
}

impl Store {
    /// Keeps that a page of that origin asked for the tag; one that is not the site's `own` only while there is room.
    pub async fn add_sighting(&self, site: &SiteId, row: &SightingRow, own: bool) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query(
                "insert into sightings (site, origin, first_party, first_seen, last_seen)
                 select $1, $2, $3, $4, $5
                 where $6 or (select count(*) from sightings where site = $1) < $7
                    or exists (select 1 from sightings where site = $1 and origin = $2 and first_party = $3)
                 on conflict (site, origin, first_party) do update set last_seen = excluded.last_seen
                 where sightings.last_seen < excluded.last_seen",
            )
            .bind(site.as_str())
            .bind(&row.origin)
            .bind(row.first_party)
            .bind(row.first_seen)
            .bind(row.last_seen)
            .bind(own)
            .bind(ORIGINS_KEPT)
            .execute(pool)
            .await?;
        });
        Ok(())
    }

    /// Where a site's tag was asked for, the newest first.
    pub async fn sightings(&self, site: &SiteId) -> sqlx::Result<Vec<SightingRow>> {
        on_engine!(self, |pool| {
            sqlx::query_as(
                "select origin, first_party, first_seen, last_seen from sightings where site = $1
                 order by last_seen desc, origin, first_party",
            )
            .bind(site.as_str())
            .fetch_all(pool)
            .await
        })
    }

    /// Forgets every origin at which a site's tag was seen; they come back when they ask again.
    pub async fn forget_sightings(&self, site: &SiteId) -> sqlx::Result<()> {
        on_engine!(self, |pool| {
            sqlx::query("delete from sightings where site = $1").bind(site.as_str()).execute(pool).await?;
        });
        Ok(())
    }
}
