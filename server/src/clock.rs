//! Owns the wall clock: the only place that reads it.
//! Refuses to be called for durations that are measured; those are `tokio::time`'s.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time in milliseconds since 1970 (UTC).
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// A clock that stands at `milliseconds` until it is moved by [`Clock::advance`].
    #[must_use]
    pub fn manual(milliseconds: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(milliseconds))))
    }

    /// Moves a manual clock; the machine's own cannot be moved and stays as it is.
    pub fn advance(&self, milliseconds: i64) {
        if let Self(Some(at)) = self {
            at.fetch_add(milliseconds, Ordering::SeqCst);
        }
    }

    /// Milliseconds since 1970 (UTC).
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> i64 {
        match &self.0 {
            Some(at) => at.load(Ordering::SeqCst),
            None => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// The day of an instant, in days since 1970 (UTC).
#[must_use]
pub fn day_of(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(DAY)
}
