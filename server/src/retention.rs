//! Owns the schedule on which receipts are erased because their site's retention has ended.
//! Refuses to hurry: a thousand at a time, so that nobody who records waits for it.

use std::time::Duration;

use assent_shared::SiteId;

use crate::clock::Clock;
use crate::store::{AppendError, ERASED_AT_ONCE, Store};

/// Between two looks at what has become too old.
const INTERVAL: Duration = Duration::from_hours(1);
const DAY_MILLISECONDS: i64 = 86_400_000;

/// Erases on schedule, until the server ends.
pub(crate) async fn run(store: Store, clock: Clock) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        match erase_what_is_due(&store, clock.now()).await {
            Ok(0) => {}
            Ok(receipts) => tracing::info!(receipts, "erased, because their retention has ended"),
            Err(error) => {
                tracing::warn!(%error, "retention could not be carried out; it is tried again in an hour");
            }
        }
    }
}

/// Erases every receipt that is older than its site keeps them, and not held; says how many.
pub async fn erase_what_is_due(store: &Store, now: i64) -> Result<u64, AppendError> {
    let mut erased = 0;
    for (site, days) in store.retentions().await? {
        let Ok(site) = site.parse::<SiteId>() else { continue };
        let before = now.saturating_sub(days.saturating_mul(DAY_MILLISECONDS));
        loop {
            let some = store.erase_before(&site, before, now).await?;
            erased += some;
            if some < ERASED_AT_ONCE.unsigned_abs() {
                break;
            }
            // Whoever records takes the site's lock in between.
            tokio::task::yield_now().await;
        }
    }
    Ok(erased)
}
