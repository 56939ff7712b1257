//! Owns a histogram of atomic counters: observing is two additions.
//! Refuses to lock. The library's own histogram takes a mutex for each observation, and every decision would pass through it.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::Instant;

const NANOSECONDS: f64 = 1e9;

/// How often something was how large.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One for each bound, and one for what is above all of them.
    counts: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// A histogram as the text format has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) sum: f64,
    pub(super) count: u64,
    /// Upper bounds with what is below each and above the one before.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [u64]) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::default()).collect();
        Self { bounds, counts, sum: AtomicU64::default() }
    }

    pub(super) fn observe(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        self.counts[place].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// Observes how long something took, in nanoseconds.
    pub(crate) fn observe_since(&self, start: Instant) {
        self.observe(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }

    /// What was observed, in the unit itself.
    pub(super) fn read(&self) -> Reading {
        self.read_divided(1.0)
    }

    /// What was observed in nanoseconds, in seconds.
    pub(super) fn read_seconds(&self) -> Reading {
        self.read_divided(NANOSECONDS)
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond 2^53 nobody counts them one by one")]
    fn read_divided(&self, by: f64) -> Reading {
        let upper = self.bounds.iter().map(|bound| *bound as f64 / by).chain([f64::INFINITY]);
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = upper.zip(counts).collect();
        // Of the same reading as the buckets, so that the two always agree.
        let count = buckets.iter().map(|(_, count)| count).sum();
        Reading { sum: self.sum.load(Ordering::Relaxed) as f64 / by, count, buckets }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_what_is_below_it() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 1000] {
            histogram.observe(value);
        }
        let Reading { sum, count, buckets } = histogram.read();
        assert_eq!((sum, count), (1024.0, 6));
        assert_eq!(buckets, [(1.0, 2), (10.0, 2), (f64::INFINITY, 2)]);
    }

    #[test]
    fn nothing_is_lost_where_many_observe_at_once() {
        let histogram = Histogram::new(&[5]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|value| histogram.observe(value % 10)));
            }
        });
        let Reading { sum, count, buckets } = histogram.read();
        assert_eq!((sum, count), (180_000.0, 40_000));
        assert_eq!(buckets, [(5.0, 24_000), (f64::INFINITY, 16_000)]);
    }
}
