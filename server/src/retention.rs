//! Owns the schedule on which receipts, and entries of the audit log, are erased because their retention has ended, months of
//! which nothing is left are folded up, and the months to come get their partitions.
//! Refuses to hurry: a thousand at a time, so that nobody who records waits for it.

use std::time::Duration;

use assent_shared::SiteId;

use crate::audit;
use crate::state::App;
use crate::store::{AUDIT_ERASED_AT_ONCE, AppendError, ERASED_AT_ONCE, Store};

/// Between two looks at what has become too old.
const INTERVAL: Duration = Duration::from_hours(1);
const DAY_MILLISECONDS: i64 = 86_400_000;

/// Erases on schedule, until the server ends.
pub(crate) async fn run(app: App, audit_days: u32) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        make_room(&app.store, app.clock.now()).await;
        match erase_what_is_due(&app.store, app.clock.now()).await {
            Ok(0) => {}
            Ok(receipts) => tracing::info!(receipts, "erased, because their retention has ended"),
            Err(error) => {
                tracing::warn!(%error, "retention could not be carried out; it is tried again in an hour");
            }
        }
        match app.store.fold(app.clock.now()).await {
            Ok(0) => {}
            Ok(leaves) => {
                tracing::info!(leaves, "folded up, because nothing of their months is left to read");
            }
            Err(error) => {
                tracing::warn!(%error, "what is erased could not be folded up; it is tried again in an hour");
            }
        }
        match erase_audit(&app, audit_days).await {
            Ok(0) => {}
            Ok(entries) => {
                tracing::info!(entries, "erased from the audit log, because its retention has ended");
            }
            Err(error) => {
                tracing::warn!(%error, "the audit log's retention could not be carried out; it is tried again in an hour");
            }
        }
    }
}

/// Makes the partitions of this month and the next two. Where that fails, receipts go into the default one: later, not lost.
pub(crate) async fn make_room(store: &Store, now: i64) {
    match store.make_partitions(now).await {
        Ok(0) => {}
        Ok(months) => tracing::info!(months, "partitions made for the receipts to come"),
        Err(error) => {
            tracing::warn!(%error, "the partitions of the months to come could not be made; it is tried again in an hour");
        }
    }
}

/// Erases every receipt that is older than its site keeps them, and not held; says how many.
pub async fn erase_what_is_due(store: &Store, now: i64) -> Result<u64, AppendError> {
    let mut erased = 0;
    for (site, days) in store.retentions().await? {
        let Ok(site) = site.parse::<SiteId>() else { continue };
        let before = now.saturating_sub(days.saturating_mul(DAY_MILLISECONDS));
        while store.has_older(&site, before).await? {
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

/// Erases every entry of the audit log that is older than `days`; 0 keeps them. Says how many.
pub async fn erase_audit(app: &App, days: u32) -> Result<u64, AppendError> {
    if days == 0 {
        return Ok(0);
    }
    let now = app.clock.now();
    let before = now.saturating_sub(i64::from(days) * DAY_MILLISECONDS);
    let origin = audit::origin(app.public_url.as_deref());
    let mut erased = 0;
    loop {
        let some = app.store.erase_audit_before(&origin, before, now).await?;
        erased += some;
        if some < AUDIT_ERASED_AT_ONCE.unsigned_abs() {
            return Ok(erased);
        }
        tokio::task::yield_now().await;
    }
}
