//! Owns how much of its time this process's recorder spends in commits, by which whatever can wait gives way to it.
//! Refuses to count what others do to the database: they are on machines of their own, or were asked to run here by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time that commits took so far; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Busy(Arc<AtomicU64>);

impl Busy {
    /// Since the process began.
    pub(crate) fn so_far(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }

    /// A commit begins; it ends when this is dropped, however that comes about.
    pub(super) fn begin(&self) -> Commit<'_> {
        Commit { busy: self, since: Instant::now() }
    }
}

/// A commit that is under way.
pub(super) struct Commit<'a> {
    busy: &'a Busy,
    since: Instant,
}

impl Drop for Commit<'_> {
    fn drop(&mut self) {
        let nanoseconds = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.busy.0.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn commits_are_added_up_however_they_end() {
        let busy = Busy::default();
        let commit = busy.begin();
        tokio::time::advance(Duration::from_millis(3)).await;
        assert_eq!(busy.so_far(), Duration::ZERO);
        drop(commit);
        tokio::time::advance(Duration::from_millis(5)).await;
        let given_up = async {
            let _commit = busy.begin();
            std::future::pending::<()>().await;
        };
        let _ = tokio::time::timeout(Duration::from_millis(4), given_up).await;
        assert_eq!(busy.clone().so_far(), Duration::from_millis(7));
    }
}
