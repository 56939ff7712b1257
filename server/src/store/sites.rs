//! Owns the SQL of sites and of their ledgers' counters.
//! Refuses to remove a site: its receipts would lose their meaning.

use std::fmt;

use assent_shared::SiteId;
use serde::{Deserialize, Serialize};

use super::{Store, on_engine};

/// One registered property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The site's name in addresses.
    pub id: SiteId,
    /// The site's name for people.
    pub name: String,
    /// Receipts of one environment never mix with another's.
    pub environment: Environment,
    /// The pages' origins (RFC 6454), `scheme://host[:port]`.
    pub origins: Vec<String>,
    /// Whether one choice holds for all subdomains of the origins' registrable domains.
    pub share_subdomains: bool,
}

/// What a site is for.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the meaning")]
pub enum Environment {
    #[default]
    Production,
    Staging,
    Development,
}

impl Environment {
    /// The name used in SQL and on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
            Self::Development => "development",
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

type Row = (String, String, String, String, bool);
type WholeRow = (String, String, String, String, bool, Option<i64>, i64);

impl Store {
    /// Adds a site; `false` if its id is taken.
    pub async fn add_site(&self, site: &Site, now: i64) -> sqlx::Result<bool> {
        let origins = origins_to_sql(&site.origins)?;
        on_engine!(self, |pool| {
            let mut transaction = pool.begin().await?;
            let added = sqlx::query(
                "insert into sites (site, name, environment, origins, created_at, share_subdomains)
                 values ($1, $2, $3, $4, $5, $6) on conflict (site) do nothing",
            )
            .bind(site.id.as_str())
            .bind(&site.name)
            .bind(site.environment.as_str())
            .bind(origins)
            .bind(now)
            .bind(site.share_subdomains)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
            if added == 1 {
                sqlx::query("insert into ledgers (site, notices, leaves, origin) values ($1, 0, 0, $2)")
                    .bind(site.id.as_str())
                    .bind(ledger_origin(site))
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok(added == 1)
        })
    }

    /// Replaces a site's origins.
    pub async fn set_origins(&self, site: &SiteId, origins: &[String]) -> sqlx::Result<()> {
        let origins = origins_to_sql(origins)?;
        on_engine!(self, |pool| {
            sqlx::query("update sites set origins = $2 where site = $1")
                .bind(site.as_str())
                .bind(origins)
                .execute(pool)
                .await?;
        });
        Ok(())
    }

    /// Sets everything of a site but its id; `false`, and nothing, if it has receipts of another environment.
    pub async fn change_site(&self, site: &Site, retention_days: Option<i64>) -> sqlx::Result<bool> {
        let origins = origins_to_sql(&site.origins)?;
        on_engine!(self, |pool| {
            let changed = sqlx::query(
                "update sites set name = $2, environment = $3, origins = $4, share_subdomains = $5, retention_days = $6
                 where site = $1 and (environment = $3 or (
                     not exists (select 1 from receipts where receipts.site = $1)
                     and not exists (select 1 from folded where folded.site = $1)))",
            )
            .bind(site.id.as_str())
            .bind(&site.name)
            .bind(site.environment.as_str())
            .bind(origins)
            .bind(site.share_subdomains)
            .bind(retention_days)
            .execute(pool)
            .await?
            .rows_affected();
            Ok(changed == 1)
        })
    }

    /// Whether a site has receipts, erased ones included.
    pub async fn has_receipts(&self, site: &SiteId) -> sqlx::Result<bool> {
        on_engine!(self, |pool| {
            let found: Option<i64> = sqlx::query_scalar(
                "select leaf_index from receipts where site = $1
                     union all select first_leaf from folded where site = $1 limit 1",
            )
            .bind(site.as_str())
            .fetch_optional(pool)
            .await?;
            Ok(found.is_some())
        })
    }

    /// Every site by id, with after how many days its receipts are erased and its newest notice's number.
    pub async fn site_rows(&self) -> sqlx::Result<Vec<(Site, Option<i64>, i64)>> {
        let rows: Vec<WholeRow> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select sites.site, name, environment, origins, share_subdomains, retention_days, notices
                 from sites join ledgers on ledgers.site = sites.site order by sites.site",
            )
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(from_whole_row).collect()
    }

    /// The same of one site.
    pub async fn site_row(&self, site: &SiteId) -> sqlx::Result<Option<(Site, Option<i64>, i64)>> {
        let row: Option<WholeRow> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select sites.site, name, environment, origins, share_subdomains, retention_days, notices
                 from sites join ledgers on ledgers.site = sites.site where sites.site = $1",
            )
            .bind(site.as_str())
            .fetch_optional(pool)
            .await?
        });
        row.map(from_whole_row).transpose()
    }

    /// One site.
    pub async fn site(&self, site: &SiteId) -> sqlx::Result<Option<Site>> {
        let row: Option<Row> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select site, name, environment, origins, share_subdomains from sites where site = $1",
            )
            .bind(site.as_str())
            .fetch_optional(pool)
            .await?
        });
        row.map(from_row).transpose()
    }

    /// Every site, by id.
    pub async fn sites(&self) -> sqlx::Result<Vec<Site>> {
        let rows: Vec<Row> = on_engine!(self, |pool| {
            sqlx::query_as(
                "select site, name, environment, origins, share_subdomains from sites order by site",
            )
            .fetch_all(pool)
            .await?
        });
        rows.into_iter().map(from_row).collect()
    }
}

/// The ledger's name: its address without the scheme, under the first of the site's own hosts (tlog-tiles). It stays as it is
/// if the site moves.
fn ledger_origin(site: &Site) -> String {
    let host = site.origins.first().and_then(|origin| origin.split("://").nth(1)).unwrap_or("assent.invalid");
    format!("{host}/_assent/{}/log", site.id)
}

fn origins_to_sql(origins: &[String]) -> sqlx::Result<String> {
    serde_json::to_string(origins).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}

fn from_whole_row(
    (id, name, environment, origins, share_subdomains, retention_days, notices): WholeRow,
) -> sqlx::Result<(Site, Option<i64>, i64)> {
    Ok((from_row((id, name, environment, origins, share_subdomains))?, retention_days, notices))
}

fn from_row((id, name, environment, origins, share_subdomains): Row) -> sqlx::Result<Site> {
    let decode = |error: Box<dyn std::error::Error + Send + Sync>| sqlx::Error::Decode(error);
    Ok(Site {
        id: id.parse().map_err(|error| decode(Box::new(error)))?,
        name,
        environment: match environment.as_str() {
            "staging" => Environment::Staging,
            "development" => Environment::Development,
            _ => Environment::Production,
        },
        origins: serde_json::from_str(&origins).map_err(|error| decode(Box::new(error)))?,
        share_subdomains,
    })
}
