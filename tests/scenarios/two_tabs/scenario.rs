//! Two tabs of one site: a decision in one is obeyed in the other, told once in each, and recorded once. Both with a question open,
//! both deciding at the same time: they end up agreeing, each decision recorded once.

use assent_tests::deadline::eventually;
use assent_tests::page::Trouble;
use assent_tests::stage::{DECISIONS, Stage};

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, site, host } = &stage;
    visitor.visit("/").await;
    visitor.sees_banner().await;
    let first = visitor.opens_tab().await;
    let second = visitor.tab().await;
    visitor.visit("/").await;
    visitor.accept_all().await;
    site.has_one_receipt().await;

    visitor.turns_to(&first).await;
    visitor.sees_page_only().await;
    visitor.sees_ran(&["analytics"]).await;
    visitor.waits_for("document.querySelector('#film').hasAttribute('src')").await;
    assert_eq!(visitor.asks("changes").await, serde_json::json!(["elsewhere"]));
    visitor.lets_the_page_settle().await;
    assert_eq!(stage.posted().len(), 1, "the other tab has nothing to say");

    // A withdrawal here is one there.
    visitor.reopen().await;
    visitor.reject_all().await;
    visitor.turns_to(&second).await;
    visitor.waits_for("!document.querySelector('#film').hasAttribute('src')").await;
    visitor.waits_for("changes.length === 2").await;
    assert_eq!(visitor.asks("changes").await, serde_json::json!(["accept_all", "elsewhere"]));
    site.has_receipts(2).await;
    visitor.has_sent_all().await;

    // Both decide while nothing gets through: in the end both obey the later one, and each decision is recorded once.
    host.trouble(DECISIONS, Trouble::Hold);
    visitor.asks("assent.accept(), 1").await;
    visitor.turns_to(&first).await;
    visitor.waits_for("assent.granted('video')").await;
    visitor.asks("assent.reject(), 1").await;
    eventually("one of them is under way", || async { (stage.posted().len() == 3).then_some(()) }).await;
    visitor.lets_the_page_settle().await;
    assert_eq!(stage.posted().len(), 3, "one sender over both tabs");
    host.relieve(DECISIONS);
    let receipts = site.has_receipts(4).await;
    assert!(!receipts[3].choices.values().any(|granted| *granted), "in the order in which they were made");
    for tab in [&first, &second] {
        visitor.turns_to(tab).await;
        visitor.waits_for("!assent.granted('video')").await;
        assert_eq!(visitor.grants().await.as_deref(), Some(""));
        visitor.has_sent_all().await;
    }
}
