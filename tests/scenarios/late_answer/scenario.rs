//! An acceptance's answer that comes after the visitor has changed their mind does not turn the refusal round.

use assent_shared::Method;
use assent_tests::deadline::eventually;
use assent_tests::page::Trouble;
use assent_tests::stage::{DECISIONS, Stage};

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    host.trouble(DECISIONS, Trouble::HoldAnswer);
    visitor.visit("/").await;
    visitor.accept_all().await;
    site.has_one_receipt().await;
    visitor.reopen().await;
    visitor.reject_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
    assert_eq!(stage.posted().len(), 1, "one decision is under way at a time");

    host.relieve(DECISIONS);
    let receipts = site.has_receipts(2).await;
    assert_eq!(receipts[1].method, Method::Withdraw);
    visitor.has_sent_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""), "the refusal holds");
    visitor.reload().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());

    // The same when the page is left before the answer: the next page knows better.
    host.trouble(DECISIONS, Trouble::HoldAnswer);
    visitor.reopen().await;
    visitor.accept_all().await;
    eventually("the acceptance is under way", || async { (stage.posted().len() == 3).then_some(()) }).await;
    visitor.reopen().await;
    visitor.reject_all().await;
    visitor.open("/plain.html").await;
    host.relieve(DECISIONS);
    visitor.visit("/").await;
    site.has_receipts(4).await;
    visitor.has_sent_all().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
}
