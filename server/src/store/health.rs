//! Owns whether the database can be written to: since when not, why, and trying until it can again.
//! Refuses to log a failure more than twice, when it begins and when it ends, and to let the recorder wait for a database that
//! fails: until a write goes through, everything is answered at once.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{PATIENCE, Store, Trouble, on_engine};
use crate::outside::Outside;

/// Between two attempts while the database fails.
const INTERVAL: Duration = Duration::from_secs(1);
/// How long one attempt may take: longer than SQLite itself waits for a lock, so that it is SQLite that says so.
const ATTEMPT: Duration = Duration::from_secs(PATIENCE.as_secs() * 2);
/// After a write that went through, nobody asks again for so long.
const TRUST: Duration = Duration::from_secs(5);
/// What is written to find out: a byte while all is well; while it fails as much as a batch of receipts is, because a disk on
/// which a byte still finds room is full all the same.
const LIGHT: usize = 1;
const HEAVY: usize = 256 * 1024;

/// How the database is; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Health(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    /// Held by whoever tries, so that a hundred probes are one.
    trying: tokio::sync::Mutex<()>,
    /// What the ledgers are compared with before a database that was away is written to again.
    outside: OnceLock<Outside>,
}

#[derive(Debug, Default)]
struct State {
    outage: Option<Outage>,
    /// The last write that went through.
    written: Option<Instant>,
    /// Connections that were opened before are not used again: they may lead to a server that is gone.
    distrusted: Option<Instant>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    trouble: Trouble,
    since: Instant,
    turned_away: u64,
}

impl Health {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a connection of that age may be used.
    pub(super) fn trusts(&self, age: Duration) -> bool {
        self.state().distrusted.is_none_or(|since| age < since.elapsed())
    }
}

impl Store {
    /// What the database suffers from at present, if anything.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.health.state().outage.map(|outage| outage.trouble)
    }

    /// The same, for somebody who is turned away because of it.
    pub(crate) fn turn_away(&self) -> Option<Trouble> {
        let mut state = self.health.state();
        let outage = state.outage.as_mut()?;
        outage.turned_away += 1;
        Some(outage.trouble)
    }

    /// Hears of an error. One that means an outage begins it, with one line in the log; what `cause` says is in no other.
    pub(crate) fn failed(&self, error: &sqlx::Error) -> Trouble {
        let trouble = Trouble::of(error);
        if trouble.is_outage() && !matches!(error, sqlx::Error::PoolClosed) {
            self.begin_outage(trouble, &error.to_string());
        }
        trouble
    }

    /// Hears that nothing came back in time.
    pub(crate) fn timed_out(&self) -> Trouble {
        self.begin_outage(Trouble::Silent, "it took too long");
        Trouble::Silent
    }

    /// Hears that something was written.
    pub(crate) fn wrote(&self) {
        self.health.state().written = Some(Instant::now());
    }

    fn begin_outage(&self, trouble: Trouble, cause: &str) {
        let now = Instant::now();
        {
            let mut state = self.health.state();
            state.distrusted = Some(now);
            state.written = None;
            if let Some(outage) = &mut state.outage {
                // It may fail differently by now: first it stops, then it is gone.
                outage.trouble = trouble.following(outage.trouble);
                return;
            }
            state.outage = Some(Outage { trouble, since: now, turned_away: 0 });
        }
        // A replica that took over may not have every kind that the former server had.
        self.kinds.forget();
        self.edges.forget();
        tracing::error!(cause, "{trouble}; nothing is recorded until it does its work again");
        tokio::spawn(self.clone().watch());
    }

    /// Tries until a write goes through, or the server ends. A file that is damaged is not tried: a write that goes through says
    /// nothing about what is read.
    async fn watch(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.is_beyond_help(self.trouble()) {
                return;
            }
            let _alone = self.health.0.trying.lock().await;
            match self.try_write(HEAVY).await {
                Ok(()) => match self.compare_again().await {
                    Ok(()) => break,
                    Err(error) => {
                        tracing::warn!(error, "the ledgers could not be compared with what was published");
                    }
                },
                Err(sqlx::Error::PoolClosed) => return,
                Err(error) => {
                    let trouble = Trouble::of(&error);
                    if !trouble.is_outage() {
                        // What it answers is no answer to whether it works; the reason before was clearer.
                        continue;
                    }
                    tracing::debug!(%error, "the database still fails");
                    let mut state = self.health.state();
                    state.distrusted = Some(Instant::now());
                    if let Some(outage) = &mut state.outage {
                        outage.trouble = trouble.following(outage.trouble);
                    }
                }
            }
        }
        let mut state = self.health.state();
        // A reader may have met damage while something was written elsewhere.
        if self.is_beyond_help(state.outage.map(|outage| outage.trouble)) {
            return;
        }
        state.written = Some(Instant::now());
        let ended = state.outage.take();
        drop(state);
        if let Some(Outage { since, turned_away, .. }) = ended {
            let seconds = since.elapsed().as_secs();
            tracing::warn!(seconds, turned_away, "the database does its work again");
        }
    }

    /// Whether only a start with another file helps.
    fn is_beyond_help(&self, trouble: Option<Trouble>) -> bool {
        trouble == Some(Trouble::Damaged) && matches!(self.pool, super::Pool::Sqlite(_))
    }

    /// From now on a database that was away is compared with what is kept outside before anything is signed again.
    pub(crate) fn compare_after_outages(&self, outside: &Outside) {
        let _ = self.health.0.outside.set(outside.clone());
    }

    /// A replica that took over may lack what was published of the former server's ledgers.
    async fn compare_again(&self) -> Result<(), String> {
        match self.health.0.outside.get() {
            Some(outside) => outside.compare_file(self).await,
            None => Ok(()),
        }
    }

    /// Whether a decision would be recorded now; within two seconds, whatever the database does.
    pub async fn readiness(&self) -> Result<(), Trouble> {
        let patience = Duration::from_secs(2);
        let asked = async {
            let _alone = self.health.0.trying.lock().await;
            let trusted = {
                let state = self.health.state();
                state.outage.is_some() || state.written.is_some_and(|written| written.elapsed() < TRUST)
            };
            if trusted { Ok(()) } else { self.try_write(LIGHT).await }
        };
        if self.trouble().is_none() {
            match timeout(patience, asked).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let trouble = self.failed(&error);
                    return Err(trouble);
                }
                Err(_) => return Err(self.timed_out()),
            }
        }
        self.trouble().map_or(Ok(()), Err)
    }

    /// Whether anything can be written at all, at the start.
    pub(super) async fn try_light_write(&self) -> sqlx::Result<()> {
        self.try_write(LIGHT).await
    }

    /// Writes for nothing but to see whether it goes through.
    async fn try_write(&self, bytes: usize) -> sqlx::Result<()> {
        let id = i64::from(getrandom::u32().map_err(|error| sqlx::Error::Io(error.into()))?);
        // Bytes that cannot be compressed into less.
        let mut filler = vec![0; bytes];
        getrandom::fill(&mut filler).map_err(|error| sqlx::Error::Io(error.into()))?;
        let attempt = async {
            on_engine!(self, |pool| {
                sqlx::query("insert into probes (probe, filler) values ($1, $2)")
                    .bind(id)
                    .bind(filler)
                    .execute(pool)
                    .await?;
                // All of them: whoever tried before may have been cut off here.
                sqlx::query("delete from probes").execute(pool).await?;
            });
            self.wrote();
            Ok(())
        };
        timeout(ATTEMPT, attempt).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }
}
