//! Global Privacy Control denies what the notice says it covers, is shown as honoured and kept in the receipt; a later choice by
//! the visitor wins, also on the next page; it never grants.

use assent_shared::Method;
use assent_tests::notice::notice_with;
use assent_tests::stage::{Stage, TAG};

/// What is said about the signal, where it can be seen.
const SAID: &str = "probe.reachable('.signal').map((line) => line.textContent)";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    site.publish(&notice_with("video", "gpc = true", ""), &[]).await.expect("a notice");
    host.set_tag(&format!("{TAG}?gpc"));

    // Granted while the signal was off; then it comes: a decision by the signal, with its receipt, and no question.
    visitor.visit("/?off").await;
    visitor.sees_banner().await;
    assert_eq!(visitor.asks("probe.all('.signal').length").await, 0, "nothing to honour");
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    site.has_one_receipt().await;
    visitor.visit("/").await;
    visitor.sees_ran(&["analytics"]).await;
    let receipts = site.has_receipts(2).await;
    assert_eq!((receipts[1].method, receipts[1].gpc), (Method::Signal, true));
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics"));
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await);
    assert_eq!(visitor.ran().await, ["analytics"]);

    // It is shown, and an explicit choice wins over it from then on; the receipt has both.
    visitor.reopen().await;
    let line = visitor.asks(SAID).await;
    assert_eq!(line, serde_json::json!(["Off, because your browser sends Global Privacy Control."]));
    visitor.set("Video", true).await;
    visitor.waits_for(&format!("{SAID}[0].startsWith('On by your own choice')")).await;
    visitor.save().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    let receipts = site.has_receipts(3).await;
    assert_eq!((receipts[2].method, receipts[2].gpc), (Method::Custom, true));
    visitor.visit("/").await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.lets_the_page_settle().await;
    site.has_receipts(3).await;

    // A first visit with the signal: it is shown in the question, and grants nothing.
    visitor.forgets().await;
    visitor.visit("/").await;
    visitor.sees_banner().await;
    assert_eq!(
        visitor.asks(SAID).await,
        serde_json::json!(["Video: Off, because your browser sends Global Privacy Control."])
    );
    visitor.inspects("the banner with the signal").await;
    visitor.screenshot("banner").await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    visitor.reject_all().await;
    site.has_receipts(4).await;

    // Where it covers everything that would be asked, nothing is asked, and nothing is kept.
    let all = notice_with("video", "gpc = true", "")
        .replace("id = \"analytics\"\n", "id = \"analytics\"\ngpc = true\n");
    site.publish(&all, &[]).await.expect("another notice");
    host.set_tag(&format!("{TAG}?all"));
    visitor.forgets().await;
    visitor.visit("/").await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "the signal has answered");
    assert!(visitor.ran().await.is_empty() && visitor.cookies().await.is_empty());
    visitor.reopen().await;
    visitor.set("Analytics", true).await;
    visitor.save().await;
    visitor.sees_ran(&["analytics"]).await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics"));
    site.has_receipts(5).await;
    visitor.has_sent_all().await;
}
