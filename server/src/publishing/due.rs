//! Owns the chore that publishes what is due, within a minute of its date, and lints it again before that.
//! Refuses to try for ever: what cannot be published is kept with its reason, for people to look at.

use std::time::Duration;

use assent_shared::{PurposeId, SiteId};

use super::{Source, Wish, about, judged};
use crate::access::Caller;
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::notices::lint::Override;
use crate::notices::{self, Published};
use crate::state::App;
use crate::store::{NewPublication, Origin, ScheduleRow};

/// Between two looks at what is due.
const INTERVAL: Duration = Duration::from_secs(30);

/// Publishes on time, until the server ends.
pub async fn run(app: App) {
    let mut ticks = tokio::time::interval(INTERVAL);
    loop {
        ticks.tick().await;
        match publish_what_is_due(&app).await {
            Ok(0) => {}
            Ok(notices) => tracing::info!(notices, "published, because their date has come"),
            Err(error) => {
                let cause = error.cause();
                tracing::warn!(%error, cause, "planned notices could not be published; they are tried again soon");
            }
        }
    }
}

/// Publishes every notice whose date has come; says how many.
pub async fn publish_what_is_due(app: &App) -> Result<u64> {
    let now = app.clock.now();
    let mut published = 0;
    for site in app.store.due_schedules(now).await? {
        let Ok(site) = site.parse::<SiteId>() else { continue };
        let Some(plan) = app.store.schedule(&site).await?.filter(|plan| plan.publish_at <= now) else {
            continue;
        };
        match publish(app, &site, &plan).await {
            Ok(Published::Number(_)) => published += 1,
            // Another server was faster, or somebody took it back just now.
            Ok(Published::Gone) => {}
            Ok(Published::Unchanged) => {
                let reason = "The newest notice says exactly this already.";
                app.store.fail_schedule(&site, &plan.schedule_id, reason, now).await?;
            }
            Err(error @ (Error::InvalidNotice(_) | Error::NoticeRefused(_))) => {
                tracing::warn!(site = site.as_str(), %error, "a planned notice is not published");
                app.store.fail_schedule(&site, &plan.schedule_id, &error.to_string(), now).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(published)
}

async fn publish(app: &App, site: &SiteId, plan: &ScheduleRow) -> Result<Published> {
    let unreadable = |error: serde_json::Error| Error::Internal(format!("stored plan: {error}"));
    let material: Vec<PurposeId> = serde_json::from_str(&plan.material).map_err(unreadable)?;
    let overrides: Vec<Override> = serde_json::from_str(&plan.overrides).map_err(unreadable)?;
    // Again: the linter may have learnt something since.
    let notice = judged(&plan.body, &material, &overrides)?;
    let caller = Caller::new(format!("schedule, by {}", plan.made_by), vec![]);
    let wish = Wish { source: Source::Text(String::new()), material, overrides, note: None, at: None };
    audit::record(app, &caller, Action::NoticePublish, Some(site), about(&wish)).await?;
    let publication = NewPublication {
        origin: Origin::Schedule(&plan.schedule_id),
        published_by: &plan.made_by,
        material: &plan.material,
        overrides: &plan.overrides,
        note: plan.note.as_deref(),
    };
    notices::publish_as(&app.store, site, notice, &wish.material, &publication, app.clock.now()).await
}
