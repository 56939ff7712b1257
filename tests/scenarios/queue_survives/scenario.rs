//! A decision that could not be sent survives the page: the next load sends it, in order with a newer one, each once; and an
//! answer that says "never" is not asked again.

use assent_shared::Method;
use assent_tests::deadline::eventually;
use assent_tests::page::Trouble;
use assent_tests::stage::{DECISIONS, Stage};

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    host.trouble(DECISIONS, Trouble::Status(503));
    visitor.visit("/").await;
    visitor.accept_all().await;
    eventually("the decision was refused for now", || async { stage.posted().pop()?.1.status }).await;
    visitor.reload().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    assert_eq!(visitor.queued().await, 1);
    visitor.reopen().await;
    visitor.reject_all().await;
    assert_eq!(visitor.queued().await, 2);

    host.relieve(DECISIONS);
    visitor.reload().await;
    let receipts = site.has_receipts(2).await;
    visitor.has_sent_all().await;
    let methods: Vec<_> = receipts.iter().map(|receipt| receipt.method).collect();
    assert_eq!(methods, [Method::AcceptAll, Method::Withdraw]);
    assert_eq!(receipts[1].replaces.as_ref(), Some(&receipts[0].decision));
    assert_eq!(visitor.grants().await.as_deref(), Some(""), "the newest one holds");

    // 4xx: the server has spoken, the choice still holds on the page.
    host.trouble(DECISIONS, Trouble::Status(422));
    visitor.reopen().await;
    visitor.accept_all().await;
    visitor.has_sent_all().await;
    visitor.lets_the_page_settle().await;
    let refused = stage.posted().into_iter().filter(|(_, seen)| seen.status == Some(422)).count();
    assert_eq!(refused, 1);
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));
}
