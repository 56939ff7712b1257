//! Owns recording by group commit: whatever decisions wait are stored by one transaction, and only then answered.
//! Refuses to answer before the commit is durable, and to let a queue grow without bound.
//!
//! There is no timer: while one commit runs, the next batch gathers by itself.

use std::sync::Arc;
use std::time::Duration;

use assent_shared::{Decision, Receipt, SiteId};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::Instrument;

use crate::clock::Clock;
use crate::crash::{self, Point};
use crate::error::{Error, Result};
use crate::metrics::Metrics;
use crate::statistics::device::Device;
use crate::store::{Appended, Store, Trouble};
use crate::traces;

/// Decisions that may wait. At 1 KiB each this bounds the queue to a few MiB; beyond it callers are told to come again.
const QUEUE: usize = 8192;
/// Decisions of one transaction. Larger ones gain nothing more per decision and make each wait longer.
const BATCH: usize = 1024;

/// How long a commit may take. A database that is frozen would otherwise keep the queue for ever. Longer than it waits for a
/// lock or for a connection, so that in these cases the reason is known.
const PATIENCE: Duration = Duration::from_secs(10);

/// A checked decision, ready to be sealed.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The decision, already accepted by its notice.
    pub decision: Decision,
    /// The site.
    pub site: SiteId,
    /// SHA-256 of the notice that was shown.
    pub notice_hash: String,
    /// The page's origin.
    pub origin: String,
    /// What the decision was made on; for the statistics alone.
    pub device: Device,
}

enum Job {
    Record(Box<Draft>, oneshot::Sender<Result<Appended>>),
    Finish,
}

/// The way into the recorder; clones share one queue.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Job>,
    store: Store,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Recorder {
    /// Starts recording into `store`.
    #[must_use]
    pub fn start(store: Store, clock: Clock, metrics: Metrics) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let task = tokio::spawn(record_until_finished(jobs, store.clone(), clock, metrics));
        Self { queue, store, task: Arc::new(Mutex::new(Some(task))) }
    }

    /// Records one decision; returns once it is durable, or at once if too many wait or the database fails.
    pub async fn record(&self, draft: Draft) -> Result<Appended> {
        if let Some(trouble) = self.store.turn_away() {
            return Err(Error::Unavailable(trouble));
        }
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Job::Record(Box::new(draft), reply)).map_err(|_| Error::Busy)?;
        answer.await.unwrap_or(Err(Error::Busy))
    }

    /// How many decisions wait, and how many may.
    #[must_use]
    pub fn queue(&self) -> (u64, u64) {
        let most = self.queue.max_capacity();
        (most.saturating_sub(self.queue.capacity()) as u64, most as u64)
    }

    /// Records everything that waits, then stops.
    pub async fn finish(&self) {
        if let Some(task) = self.task.lock().await.take()
            && self.queue.send(Job::Finish).await.is_ok()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "the recorder ended early");
        }
    }
}

async fn record_until_finished(mut jobs: mpsc::Receiver<Job>, store: Store, clock: Clock, metrics: Metrics) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut finished = false;
    while !finished && jobs.recv_many(&mut batch, BATCH).await > 0 {
        let mut drafts = Vec::with_capacity(batch.len());
        let mut replies = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            match job {
                Job::Record(draft, reply) => {
                    drafts.push(*draft);
                    replies.push(reply);
                }
                Job::Finish => finished = true,
            }
        }
        if drafts.is_empty() {
            continue;
        }
        let span = traces::batch(drafts.len());
        let outcomes = record(&store, drafts, clock.now(), &metrics).instrument(span).await;
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            // A caller that hung up does not need the answer; the receipt is stored all the same.
            let recorded = outcome.is_ok();
            let _ = reply.send(outcome);
            if recorded {
                crash::point(Point::OneAnswered);
            }
        }
    }
}

/// Stores `drafts` by one transaction and returns what became of each, in their order.
async fn record(store: &Store, drafts: Vec<Draft>, now: i64, metrics: &Metrics) -> Vec<Result<Appended>> {
    let start = Instant::now();
    let count = drafts.len();
    let mut receipts: Vec<(Receipt, (usize, Device))> = drafts
        .into_iter()
        .enumerate()
        .map(|(place, draft)| {
            let widget = crate::widget::HASH.to_owned();
            let Draft { decision, site, notice_hash, origin, device } = draft;
            (Receipt::new(decision, site, notice_hash, origin, widget, now), (place, device))
        })
        .collect();
    // Sites in one order everywhere, so that two servers on one database never wait for each other in a circle.
    receipts.sort_by(|(left, _), (right, _)| left.site.cmp(&right.site));
    let (receipts, (places, devices)): (Vec<Receipt>, (Vec<usize>, Vec<Device>)) =
        receipts.into_iter().unzip();

    let span = traces::commit();
    match append(store, &receipts, &devices, now).instrument(span.clone()).await {
        Ok(appended) => {
            metrics.committed(count, start, now);
            let mut outcomes: Vec<Result<Appended>> = (0..count).map(|_| Err(Error::Busy)).collect();
            for (place, outcome) in places.into_iter().zip(appended) {
                outcomes[place] = match outcome {
                    Appended::Refused(refusal) => Err(Error::Refused(refusal)),
                    taken => Ok(taken),
                };
            }
            outcomes
        }
        Err(trouble) => {
            metrics.not_committed(start);
            span.record("otel.status_code", "ERROR");
            (0..count).map(|_| Err(Error::Unavailable(trouble))).collect()
        }
    }
}

/// As the store does it, but not for ever, and not while the database is known to fail. After an error nobody knows whether the
/// commit went through, so nobody is told that their decision is new: whoever sends it again finds out by its id.
async fn append(
    store: &Store,
    receipts: &[Receipt],
    devices: &[Device],
    now: i64,
) -> Result<Vec<Appended>, Trouble> {
    if let Some(trouble) = store.trouble() {
        return Err(trouble);
    }
    match tokio::time::timeout(PATIENCE, store.append_receipts(receipts, devices, now)).await {
        Ok(Ok(appended)) => {
            store.wrote();
            Ok(appended)
        }
        Ok(Err(error)) => {
            let trouble = store.failed(&error);
            if !trouble.is_outage() {
                tracing::error!(%error, decisions = receipts.len(), "decisions could not be recorded; they come again");
            }
            Err(trouble)
        }
        Err(_) => Err(store.timed_out()),
    }
}
