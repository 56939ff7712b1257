//! Owns writing exports in the background: one at a time, each into a file of its own, whole or not at all.
//! Refuses to leave half a file, and to go on with what was cancelled.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::Instrument;

use super::{Exports, NAP, NewExport, asked, file_name};
use crate::error::{Error, Result};
use crate::export::{Chunks, Progress, Wanted};
use crate::state::App;
use crate::store::{ExportEnd, ExportRow};
use crate::traces;

/// How often a running export says how far it is, and asks whether it is still wanted.
const BETWEEN_REPORTS: Duration = Duration::from_secs(1);
/// After how long of silence a process counts as gone; its export begins again.
const SILENCE_MILLISECONDS: i64 = 30_000;

/// Why a file was not written to its end.
#[derive(Debug)]
enum Stop {
    /// It is not wanted any more, or another process has it.
    Dropped,
    /// It cannot be written; this is said to whoever asked for it.
    Failed(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let cause = error.cause();
        tracing::warn!(%error, cause, "an export failed");
        Self::Failed(format!("It cannot be read from the database: {error}."))
    }
}

/// Writes exports until the server ends.
pub async fn run(app: App) {
    loop {
        if app.store.trouble().is_some() {
            wait(&app.exports).await;
            continue;
        }
        sweep(&app).await;
        let now = app.clock.now();
        let taken = app.store.take_export(&app.exports.0.runner, now, now - SILENCE_MILLISECONDS).await;
        match taken {
            Ok(Some(row)) => make(&app, &row).await,
            Ok(None) => wait(&app.exports).await,
            Err(error) => {
                if !app.store.failed(&error).is_outage() {
                    tracing::warn!(%error, "no export can be taken; it is tried again");
                }
                wait(&app.exports).await;
            }
        }
    }
}

async fn wait(exports: &Exports) {
    let _ = tokio::time::timeout(NAP, exports.0.wake.notified()).await;
}

/// Removes what has had its time.
async fn sweep(app: &App) {
    match app.store.expired_exports(app.clock.now()).await {
        Ok(rows) => {
            for row in rows {
                if let Some(file) = &row.file {
                    app.exports.remove(file);
                }
                if let Err(error) = app.store.remove_export(&row.site, &row.export_id).await {
                    tracing::warn!(%error, "an export that has had its time cannot be forgotten");
                }
            }
        }
        Err(error) => tracing::warn!(%error, "exports that have had their time cannot be found"),
    }
}

/// Writes one export and says how it ended.
async fn make(app: &App, row: &ExportRow) {
    let progress = Progress::default();
    let key = (row.site.as_str(), row.export_id.as_str());
    let start = Instant::now();
    let span = traces::export(&row.format);
    let written = write(app, row, &progress).instrument(span.clone()).await;
    let counts = &app.metrics.exports;
    counts.duration.observe_since(start);
    let now = app.clock.now();
    let receipts = i64::try_from(progress.receipts()).unwrap_or(i64::MAX);
    span.record("receipts", receipts);
    let result = match &written {
        Ok(_) => "done",
        Err(Stop::Failed(_)) => "failed",
        Err(Stop::Dropped) => "cancelled",
    };
    span.record("result", result);
    let at = (now, app.exports.expires(now));
    let end = match &written {
        Ok((file, bytes)) => {
            counts.done.add_one();
            counts.bytes.add(*bytes);
            let file = Some((file.as_str(), i64::try_from(*bytes).unwrap_or(i64::MAX)));
            ExportEnd { state: "done", receipts, file, error: None, at }
        }
        Err(Stop::Failed(reason)) => {
            counts.failed.add_one();
            ExportEnd { state: "failed", receipts, file: None, error: Some(reason), at }
        }
        Err(Stop::Dropped) => return counts.cancelled.add_one(),
    };
    let ended = app.store.end_export(key, &app.exports.0.runner, &end).await;
    if let (Ok(false), Ok((file, _))) = (&ended, &written) {
        // Cancelled at the last moment.
        app.exports.remove(file);
    }
    if let Err(error) = ended {
        tracing::warn!(%error, "how an export ended could not be stored; it begins again");
    }
}

/// Writes an export's file; returns its name and length.
async fn write(app: &App, row: &ExportRow, progress: &Progress) -> Result<(String, u64), Stop> {
    let NewExport { format, ledger, which } = asked(row)?;
    let site = row.site.parse().map_err(|_| Error::NotFound)?;
    let wanted = Wanted::new(site, format, ledger, &which)?;
    let expected = app.store.count_receipts(&wanted.site, &wanted.filter).await.map_err(Error::from)?;
    let reporter = Reporter { app: app.clone(), row: row.clone(), progress: progress.clone(), expected };
    reporter.clone().report().await?;
    let name = file_name(row, format);
    let chunks = wanted.begin_counted(&app.store, app.clock.now(), progress.clone()).await?;
    let bytes = write_file(chunks, &app.exports.path(&name), move || reporter.clone().report()).await?;
    Ok((name, bytes))
}

/// Says how far an export is.
#[derive(Debug, Clone)]
struct Reporter {
    app: App,
    row: ExportRow,
    progress: Progress,
    expected: i64,
}

impl Reporter {
    async fn report(self) -> Result<(), Stop> {
        let Self { app, row, progress, expected } = self;
        let done = i64::try_from(progress.receipts()).unwrap_or(i64::MAX);
        let key = (row.site.as_str(), row.export_id.as_str());
        let (runner, now) = (&app.exports.0.runner, app.clock.now());
        match app.store.report_export(key, runner, (done, Some(expected)), now).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Stop::Dropped),
            Err(error) => Err(Error::from(error).into()),
        }
    }
}

/// Writes a file beside its place and moves it there when it is whole. Whatever stops it takes the half file away.
async fn write_file<Report>(chunks: Chunks, path: &Path, report: impl Fn() -> Report) -> Result<u64, Stop>
where
    Report: Future<Output = Result<(), Stop>>,
{
    let half = Half(path.with_added_extension("part"));
    let failed = |error: std::io::Error| Stop::Failed(said(&error, path));
    let file = blocking({
        let half = half.0.clone();
        move || create(&half)
    });
    let mut file = file.await.map_err(failed)?;
    let (mut chunks, mut bytes) = (chunks, 0);
    let mut ticks = interval(BETWEEN_REPORTS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let chunk = tokio::select! {
            chunk = chunks.next() => chunk,
            _ = ticks.tick() => {
                report().await?;
                continue;
            }
        };
        let Some(chunk) = chunk else { break };
        let chunk = chunk?;
        bytes += chunk.len() as u64;
        let written = blocking(move || file.write_all(&chunk).map(|()| file));
        file = written.await.map_err(failed)?;
    }
    let (from, to) = (half.0.clone(), path.to_owned());
    let kept = blocking(move || {
        file.sync_all()?;
        std::fs::rename(from, to)
    });
    kept.await.map_err(failed)?;
    Ok(bytes)
}

/// A file that is removed unless it becomes whole.
struct Half(PathBuf);

impl Drop for Half {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Nobody else on this machine reads what is in it.
fn create(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

/// What went wrong with a file, without its path: whoever reads it need not know the machine.
fn said(error: &std::io::Error, path: &Path) -> String {
    tracing::warn!(%error, path = %path.display(), "an export cannot be written");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "The disk is full. Make room in the folder of exports, or choose fewer receipts; nothing of this file was kept.".to_owned()
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "The server may not write into the folder of exports (setting export_folder).".to_owned()
        }
        _ => format!("The file cannot be written: {error}."),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    fn chunks(texts: &[&str]) -> Chunks {
        let chunks: Vec<Result<Vec<u8>>> = texts.iter().map(|text| Ok(text.as_bytes().to_vec())).collect();
        Box::pin(stream::iter(chunks))
    }

    fn files(folder: &Path) -> usize {
        std::fs::read_dir(folder).unwrap().count()
    }

    #[tokio::test]
    async fn a_file_is_whole_and_nobody_elses() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("below").join("a.csv");
        assert_eq!(write_file(chunks(&["one,", "two"]), &path, async || Ok(())).await.unwrap(), 7);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one,two");
        assert_eq!(files(path.parent().unwrap()), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_said_and_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.csv");
        // The device that is always full; only the link to it is ever removed.
        std::os::unix::fs::symlink("/dev/full", folder.path().join("a.csv.part")).unwrap();
        let stopped = write_file(chunks(&["one"]), &path, async || Ok(())).await.unwrap_err();
        assert!(
            matches!(&stopped, Stop::Failed(said) if said.starts_with("The disk is full")),
            "{stopped:?}"
        );
        assert_eq!(files(folder.path()), 0);
        assert!(Path::new("/dev/full").exists());
    }

    #[tokio::test]
    async fn what_is_dropped_or_fails_leaves_nothing() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("a.csv");
        let endless: Chunks = Box::pin(stream::once(async { Ok(b"one".to_vec()) }).chain(stream::pending()));
        let stopped = write_file(endless, &path, async || Err(Stop::Dropped)).await;
        assert!(matches!(stopped, Err(Stop::Dropped)));
        let broken: Chunks =
            Box::pin(stream::iter([Ok(b"one".to_vec()), Err(Error::Internal("torn".to_owned()))]));
        let stopped = write_file(broken, &path, async || Ok(())).await.unwrap_err();
        assert!(matches!(&stopped, Stop::Failed(said) if said.contains("database")), "{stopped:?}");
        assert_eq!(files(folder.path()), 0);
    }
}
