//! Owns how fast an export goes: it gives way to visitors in proportion to how busy the recorder is with them.
//! Refuses to stop altogether: an export that never ends helps nobody.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::store::{Busy, Store};

/// How long an export rests for as long as it worked, while the recorder is at work all the time.
const REST: f64 = 2.0;
/// The longest rest after one page: a database that is slow now may be fast in a moment.
const LONGEST: Duration = Duration::from_secs(1);

/// The pace of one export.
#[derive(Debug)]
pub(super) struct Pace {
    busy: Busy,
    /// When the last rest ended, and how busy the recorder had been until then.
    since: Instant,
    before: Duration,
}

impl Pace {
    pub(super) fn new(store: &Store) -> Self {
        let busy = store.busy().clone();
        Self { since: Instant::now(), before: busy.so_far(), busy }
    }

    /// Rests after work; not at all where nobody decides anything.
    pub(super) async fn rest_after(&mut self, work: Duration) {
        let recorded = self.busy.so_far().saturating_sub(self.before);
        sleep(rest(work, recorded, self.since.elapsed())).await;
        (self.since, self.before) = (Instant::now(), self.busy.so_far());
    }
}

/// How long to rest after `work`, when of the last `passed` the recorder was at work for `recorded`.
fn rest(work: Duration, recorded: Duration, passed: Duration) -> Duration {
    if passed.is_zero() {
        return Duration::ZERO;
    }
    // A commit counts when it ends, so it may be longer than what passed.
    let share = recorded.div_duration_f64(passed).min(1.0);
    work.mul_f64(REST * share).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_rests_by_how_busy_the_recorder_is() {
        let [second, tenth] = [Duration::from_secs(1), Duration::from_millis(100)];
        assert_eq!(rest(tenth, Duration::ZERO, second), Duration::ZERO, "nobody decides");
        assert_eq!(rest(tenth, second / 2, second), tenth, "half of the time");
        assert_eq!(rest(tenth, second, second), 2 * tenth, "all the time");
        assert_eq!(rest(tenth, 3 * second, second), 2 * tenth, "a commit that began before");
        assert_eq!(rest(3600 * second, second, second), LONGEST, "a database that stood still");
        assert_eq!(rest(tenth, second, Duration::ZERO), Duration::ZERO);
    }
}
