//! Owns asking around for what nobody counts: the database, the queue, the ledgers, the process.
//! Refuses to make whoever asks wait for a slow database: what does not come in time is left out. And to add up ledgers at every
//! question: an installation may have a million of them.

use std::sync::Arc;
use std::time::Duration;

use metrics_process::collector;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::state::App;
use crate::store::{Connections, Sums};

/// How long the database may take for all of its answers.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long sums over all ledgers are good for.
const SUMS_LAST: Duration = Duration::from_mins(5);

/// What was added up last, and when.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept(Arc<Mutex<Option<(Instant, Sums)>>>);

/// Everything at one moment.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) app: App,
    pub(super) connections: Connections,
    /// How long the database took to answer, a connection to it included; none if it did not.
    pub(super) ping: Option<Duration>,
    pub(super) exports: Option<Vec<(String, i64)>>,
    pub(super) sums: Option<Sums>,
    /// Ledgers that take nothing, and whether the audit log is one.
    pub(super) refused: (usize, bool),
    pub(super) process: collector::Metrics,
}

impl Gathered {
    pub(super) async fn now(app: &App, kept: &Kept) -> Self {
        let start = Instant::now();
        let answers = timeout(PATIENCE, app.store.ping()).await;
        let ping = matches!(answers, Ok(Ok(()))).then(|| start.elapsed());
        let (mut exports, mut sums) = (None, None);
        if ping.is_some() {
            exports = timeout(PATIENCE, app.store.count_exports()).await.ok().and_then(Result::ok);
            sums = timeout(PATIENCE, kept.sums(app)).await.ok().flatten();
        }
        Self {
            app: app.clone(),
            connections: app.store.connections(),
            ping,
            exports,
            sums,
            refused: app.store.sealer().refused(),
            process: collector::collect(),
        }
    }
}

impl Kept {
    async fn sums(&self, app: &App) -> Option<Sums> {
        let mut kept = self.0.lock().await;
        if let Some((when, sums)) = &*kept
            && when.elapsed() < SUMS_LAST
        {
            return Some(*sums);
        }
        let sums = app.store.sums().await;
        let sums = sums.inspect_err(|error| tracing::warn!(%error, "the ledgers cannot be added up")).ok()?;
        *kept = Some((Instant::now(), sums));
        Some(sums)
    }
}
