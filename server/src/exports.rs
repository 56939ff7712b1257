//! Owns exports that are made in the background: asking for one, seeing how far it is, fetching it, and taking it away.
//! Refuses to be the writer; `runner.rs` is. And to hand out a file that the audit log does not know of.

mod api;
mod runner;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use assent_shared::SiteId;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;

use crate::access::{Caller, Permission};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::export::{ExportFormat, Wanted};
use crate::receipts::query::ReceiptsQuery;
use crate::state::App;
use crate::store::{ExportRow, Store};

pub use api::routes;
pub use runner::run;

/// Bytes of a file that are read at once.
const CHUNK: usize = 256 * 1024;
const DAY_MILLISECONDS: i64 = 86_400_000;

/// Where exports are kept, how long, and who writes them in this process.
#[derive(Debug, Clone)]
pub struct Exports(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    days: u32,
    /// This process, among those that write to the same database.
    runner: String,
    /// Something waits.
    wake: Notify,
}

impl Exports {
    /// Exports kept in `folder` for so many days.
    #[must_use]
    pub fn new(folder: PathBuf, days: u32) -> Self {
        let runner = format!("{:016x}", getrandom::u64().unwrap_or_default());
        Self(Arc::new(Inner { folder, days, runner, wake: Notify::new() }))
    }

    /// Lets what is not finished wait for the next start.
    pub async fn release(&self, store: &Store) -> sqlx::Result<()> {
        store.release_exports(&self.0.runner).await
    }

    /// After how many days files are removed.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.0.days
    }

    /// When what ends now is removed.
    fn expires(&self, now: i64) -> i64 {
        now.saturating_add(i64::from(self.0.days).saturating_mul(DAY_MILLISECONDS))
    }

    fn path(&self, file: &str) -> PathBuf {
        self.0.folder.join(file)
    }

    /// Removes a file if it is there.
    fn remove(&self, file: &str) {
        let path = self.path(file);
        if let Err(error) = std::fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, file = %path.display(), "an export cannot be removed");
        }
    }
}

/// What is to be exported.
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub(crate) struct NewExport {
    /// How it is written.
    #[serde(default)]
    pub(crate) format: ExportFormat,
    /// Which of the site's ledgers, in a bundle; the present one otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ledger: Option<u32>,
    #[serde(flatten)]
    pub(crate) which: ReceiptsQuery,
}

/// An export in the background.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub(crate) struct Export {
    /// Its id at the site.
    pub(crate) id: String,
    /// How it is written.
    pub(crate) format: ExportFormat,
    /// Which receipts.
    pub(crate) filter: ReceiptsQuery,
    /// Which ledger, of a bundle.
    pub(crate) ledger: Option<u32>,
    /// `waiting`, `running`, `done`, `failed` or `cancelled`.
    pub(crate) state: String,
    /// Who asked.
    pub(crate) made_by: String,
    /// When, milliseconds since 1970.
    pub(crate) made_at: i64,
    /// Receipts that were written so far.
    pub(crate) receipts_done: i64,
    /// How many there were when it began.
    pub(crate) receipts_expected: Option<i64>,
    /// How long the file is.
    pub(crate) bytes: Option<i64>,
    /// When it ended, milliseconds since 1970.
    pub(crate) finished_at: Option<i64>,
    /// Why it failed.
    pub(crate) error: Option<String>,
    /// When its file is removed, milliseconds since 1970.
    pub(crate) expires_at: Option<i64>,
}

impl Export {
    fn of(row: ExportRow) -> Result<Self> {
        let NewExport { format, ledger, which } = asked(&row)?;
        Ok(Self {
            id: row.export_id,
            format,
            filter: which,
            ledger,
            state: row.state,
            made_by: row.made_by,
            made_at: row.made_at,
            receipts_done: row.receipts_done,
            receipts_expected: row.receipts_expected,
            bytes: row.bytes,
            finished_at: row.finished_at,
            error: row.error,
            expires_at: row.expires_at,
        })
    }

    /// Whether it goes on by itself.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.state.as_str(), "waiting" | "running")
    }
}

/// What an export's file is called in the folder.
fn file_name(row: &ExportRow, format: ExportFormat) -> String {
    format!("{}-{}.{}", row.site, row.export_id, format.ending())
}

/// What it is called until it is whole.
fn half_name(file: &str) -> String {
    format!("{file}.part")
}

/// What was asked for.
fn asked(row: &ExportRow) -> Result<NewExport> {
    serde_json::from_str(&row.filter).map_err(|error| Error::Internal(format!("stored export: {error}")))
}

/// Asks for an export.
pub(crate) async fn make(app: &App, caller: &Caller, site: &SiteId, new: &NewExport) -> Result<Export> {
    caller.require(Permission::ExportReceipts, site)?;
    app.catalog.site(site).await?;
    let wanted = Wanted::new(site.clone(), new.format, new.ledger, &new.which)?;
    let about = format!("in the background: {}", wanted.about(&new.which));
    audit::record(app, caller, Action::ExportMake, Some(site), about).await?;
    let now = app.clock.now();
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    let row = ExportRow {
        site: site.to_string(),
        // In the order of time, and nobody guesses another's.
        export_id: format!("{now:012x}{}", HEXLOWER.encode(&random)),
        made_by: caller.name.clone(),
        made_at: now,
        format: new.format.as_str().to_owned(),
        filter: json!(new).to_string(),
        state: "waiting".to_owned(),
        receipts_done: 0,
        receipts_expected: None,
        file: None,
        bytes: None,
        finished_at: None,
        error: None,
        expires_at: None,
    };
    app.store.add_export(&row).await?;
    app.exports.0.wake.notify_one();
    Export::of(row)
}

/// A site's exports, newest first, and where the next page goes on.
pub(crate) async fn list(
    app: &App,
    caller: &Caller,
    site: &SiteId,
    (after, limit): (Option<&str>, i64),
) -> Result<(Vec<Export>, Option<String>)> {
    caller.require(Permission::ExportReceipts, site)?;
    app.catalog.site(site).await?;
    let mut rows = app.store.exports(site, after, limit + 1).await?;
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    let next = rows.last().filter(|_| more).map(|row| row.export_id.clone());
    Ok((rows.into_iter().map(Export::of).collect::<Result<_>>()?, next))
}

/// One export.
pub(crate) async fn one(app: &App, caller: &Caller, site: &SiteId, id: &str) -> Result<Export> {
    caller.require(Permission::ExportReceipts, site)?;
    app.catalog.site(site).await?;
    Export::of(app.store.export(site, id).await?.ok_or(Error::NotFound)?)
}

/// Cancels an export, or removes it with its file if it has ended.
pub(crate) async fn remove(app: &App, caller: &Caller, site: &SiteId, id: &str) -> Result<()> {
    caller.require(Permission::ExportReceipts, site)?;
    app.catalog.site(site).await?;
    audit::record(app, caller, Action::ExportRemove, Some(site), id).await?;
    let now = app.clock.now();
    let row = app.store.export(site, id).await?.ok_or(Error::NotFound)?;
    if app.store.cancel_export(site, id, (now, app.exports.expires(now))).await? {
        // Whoever writes it takes its half file away; but they may be gone.
        app.exports.remove(&half_name(&file_name(&row, asked(&row)?.format)));
        return Ok(());
    }
    if let Some(file) = &row.file {
        app.exports.remove(file);
    }
    Ok(app.store.remove_export(site.as_str(), id).await?)
}

/// The file of an export that is done.
pub(crate) async fn file(app: &App, caller: &Caller, site: &SiteId, id: &str) -> Result<Response> {
    caller.require(Permission::ExportReceipts, site)?;
    app.catalog.site(site).await?;
    let row = app.store.export(site, id).await?.ok_or(Error::NotFound)?;
    let format = asked(&row)?.format;
    let file = row.file.as_deref().ok_or(Error::NotFound)?;
    audit::record(app, caller, Action::ExportFetch, Some(site), format!("{id} ({})", format.as_str()))
        .await?;
    // With several servers and no common folder it is on another one.
    let (file, length) = open(&app.exports.path(file)).map_err(|_| Error::NotFound)?;
    let headers = [
        (CONTENT_TYPE, format.media_type().to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", format.file(site))),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(chunks(file))).into_response())
}

fn open(path: &Path) -> std::io::Result<(File, u64)> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    Ok((file, length))
}

/// A file's bytes; a disk may make one wait, so they are read where nobody else does.
fn chunks(file: File) -> impl stream::Stream<Item = std::io::Result<Vec<u8>>> {
    stream::try_unfold(file, async |mut file| {
        let read = move || {
            let mut chunk = vec![0; CHUNK];
            let length = file.read(&mut chunk)?;
            chunk.truncate(length);
            Ok((length > 0).then_some((chunk, file)))
        };
        tokio::task::spawn_blocking(read).await.map_err(std::io::Error::other)?
    })
}

/// How long a runner sleeps if nobody wakes it: another server may have taken an export and gone.
const NAP: Duration = Duration::from_secs(30);
