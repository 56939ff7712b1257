//! The server is down at the decision: the choice holds on the page, waits in the queue, and arrives once when the server is
//! back, without anybody doing anything.

use assent_tests::deadline::eventually;
use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, site, .. } = &stage;
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor
        .waits_for(
            "performance.getEntriesByType('resource').some((entry) => entry.name.endsWith('widget.wasm'))",
        )
        .await;
    stage.server_goes_down().await;

    visitor.accept_all().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));
    eventually("the decision was sent in vain", || async { stage.posted().pop() }).await;
    assert_eq!(visitor.queued().await, 1);

    stage.server_comes_back().await;
    let receipt = site.has_one_receipt().await;
    visitor.has_sent_all().await;
    visitor.lets_the_page_settle().await;
    let answered: Vec<_> = stage.posted().into_iter().filter(|(_, seen)| seen.status.is_some()).collect();
    assert_eq!(answered.len(), 1, "{answered:#?}");
    assert_eq!(answered[0].0.id, receipt.decision);
}
