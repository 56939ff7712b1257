//! The notice changes while its question is open: the answer to the old one is refused, nothing is granted by it, and the visitor
//! is asked again with the new one, in the same page. Nothing runs twice.

use assent_tests::site::NOTICE;
use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, site, host } = &stage;
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.asks("window.changes = [], assent.on('change', ({ choices }) => changes.push(choices.analytics)), assent.on('error', ({ status }) => changes.push(status)), 1").await;
    let newer = NOTICE.replace("Counts visits.", "Counts visits and shares them.");
    assert_eq!(site.publish(&newer, &["analytics"]).await.expect("notice 2"), 2);
    visitor.press("Accept all").await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.sees_banner().await;
    assert_eq!(stage.posted()[0].1.status, Some(409));
    assert!(visitor.decision().await.is_none(), "nothing is decided");
    assert!(
        visitor.asks("Object.values(assent.choices()).some(Boolean)").await == false,
        "nothing is granted"
    );
    assert_eq!(visitor.asks("probe.roots().length").await, 1);

    visitor.manage().await;
    let words = visitor.asks("probe.dialog().textContent").await;
    assert!(words.as_str().is_some_and(|words| words.contains("shares them")), "the new notice asks");
    visitor.set("Analytics", true).await;
    visitor.save().await;
    let receipt = site.has_one_receipt().await;
    assert_eq!(receipt.notice.number, 2);
    visitor.has_sent_all().await;
    assert_eq!(visitor.ran().await, ["analytics", "video"], "once each");
    assert_eq!(visitor.asks("changes").await, serde_json::json!([true, 409, false, true]));
    assert_eq!(visitor.asks("assent.granted('analytics')").await, true);
    assert_eq!(host.seen("/_assent/shop.js").len(), 2, "the newer one was fetched once");
    visitor.reopen().await;
    visitor.reject_all().await;
    site.has_receipts(2).await;
    visitor.has_sent_all().await;
}
