//! An acceptance's answer that comes after the visitor has changed their mind does not turn the refusal round.

use assent_shared::{Method, StoredDecision};
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

    // The answer comes, and what follows it does not get through yet: the cookie must be right in between.
    host.trouble(DECISIONS, Trouble::Hold);
    eventually("the refusal is under way", || async { (stage.posted().len() == 2).then_some(()) }).await;
    assert_eq!(stage.posted()[0].1.status, Some(201));
    assert_eq!(visitor.grants().await.as_deref(), Some(""), "the refusal holds");
    host.relieve(DECISIONS);
    let receipts = site.has_receipts(2).await;
    assert_eq!(receipts[1].method, Method::Withdraw);
    visitor.has_sent_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""), "and goes on holding");

    // The same when the page is left before the answer, and nobody is there to put the cookie right.
    host.trouble(DECISIONS, Trouble::HoldAnswer);
    visitor.reopen().await;
    visitor.accept_all().await;
    eventually("the acceptance is under way", || async { (stage.posted().len() == 3).then_some(()) }).await;
    visitor.reopen().await;
    visitor.reject_all().await;
    visitor.open("/plain.html").await;
    host.trouble(DECISIONS, Trouble::Hold);
    // Engines differ in what they do with an answer to a page that is gone; here it has set its cookie.
    let late = StoredDecision::from(&stage.posted()[2].0).value();
    visitor.asks(&format!("document.cookie = 'assent={late}; Path=/'")).await;
    visitor.visit("/").await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
    host.relieve(DECISIONS);
    assert_eq!(site.has_receipts(4).await[3].method, Method::Withdraw);
    visitor.has_sent_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
}
