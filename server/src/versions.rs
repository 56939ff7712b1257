//! Owns the versions of a site's notice: listing them, showing one as a file, and laying two beside each other.
//! Refuses to change any: going back is publishing an old text under a new number.

mod api;

use assent_shared::{Notice, PurposeId, SiteId};

use crate::access::{Caller, Permission};
use crate::error::{Error, Result};
use crate::notices::difference::{Change, differences};
use crate::notices::file::NoticeFile;
use crate::notices::lint::Override;
use crate::state::App;
use crate::store::VersionRow;

pub use api::routes;

/// A published notice and how it came to be.
#[derive(Debug, Clone)]
pub struct Version {
    /// 1 for the site's first.
    pub number: u32,
    /// SHA-256 of its canonical JSON.
    pub hash: String,
    /// Milliseconds since 1970.
    pub published_at: i64,
    /// Who published it; not known of old ones.
    pub published_by: Option<String>,
    /// The purposes that everybody was asked again about, because they were new or had changed materially.
    pub asked_again: Vec<PurposeId>,
    /// What of the linter was overridden.
    pub overrides: Vec<Override>,
    /// A sentence by who published it.
    pub note: Option<String>,
    /// How many differences it has from the one before.
    pub differences: usize,
}

/// A site's versions below a number, newest first, and the number to go on below.
pub async fn list(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    below: Option<u32>,
    limit: u32,
) -> Result<(Vec<Version>, Option<u32>)> {
    caller.require(Permission::ReadNotices, site)?;
    app.catalog.site(site).await?;
    listed(app, site, below, limit).await
}

/// As [`list`], for whoever may see only what anybody may.
pub(crate) async fn listed(
    app: &App,
    site: &SiteId,
    below: Option<u32>,
    limit: u32,
) -> Result<(Vec<Version>, Option<u32>)> {
    let below = below.map_or(i64::MAX, i64::from);
    // One more than asked for says whether there are more.
    let mut rows = app.store.versions(site, below, i64::from(limit) + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let mut versions = Vec::with_capacity(rows.len());
    for row in rows {
        versions.push(version(app, site, row).await?);
    }
    let next = versions.last().map(|last| last.number).filter(|_| more);
    Ok((versions, next))
}

async fn version(app: &App, site: &SiteId, row: VersionRow) -> Result<Version> {
    let number = u32::try_from(row.number).map_err(|error| Error::Internal(format!("notice: {error}")))?;
    let notice = app.catalog.notice(site, number).await?;
    let differences = match number {
        ..=1 => 0,
        _ => differences(&app.catalog.notice(site, number - 1).await?.notice, &notice.notice).len(),
    };
    let asked_again = notice.notice.optional().filter(|purpose| purpose.since == number);
    Ok(Version {
        number,
        hash: row.hash,
        published_at: row.published_at,
        published_by: row.published_by,
        asked_again: asked_again.map(|purpose| purpose.id.clone()).collect(),
        overrides: row.overrides.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default(),
        note: row.note,
        differences,
    })
}

/// A version as it was published.
pub async fn notice(app: &App, caller: &Caller, site: &SiteId, number: u32) -> Result<Notice> {
    caller.require(Permission::ReadNotices, site)?;
    match app.catalog.notice(site, number).await {
        Ok(published) => Ok(published.notice.clone()),
        Err(Error::UnknownNotice(_)) => Err(Error::NotFound),
        Err(error) => Err(error),
    }
}

/// A version as the file that would publish it anew.
pub async fn file(app: &App, caller: &Caller, site: &SiteId, number: u32) -> Result<NoticeFile> {
    Ok(NoticeFile::of(&notice(app, caller, site, number).await?))
}

/// What differs between two versions.
pub async fn compare(app: &App, caller: &Caller, site: &SiteId, old: u32, new: u32) -> Result<Vec<Change>> {
    let (old, new) = (notice(app, caller, site, old).await?, notice(app, caller, site, new).await?);
    Ok(differences(&old, &new))
}
