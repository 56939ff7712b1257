//! Leaving the preferences without choosing grants nothing and stores nothing: the banner is there again, also next time.

use assent_tests::stage::Stage;
use assent_tests::visitor::{MANAGE, Visitor};

pub(crate) async fn play(stage: Stage) {
    let visitor = &stage.visitor;
    visitor.visit("/").await;
    visitor.manage().await;
    visitor.set("Analytics", true).await;
    visitor.close().await;
    nothing_was_decided(visitor).await;

    visitor.manage().await;
    assert!(!visitor.is_on("Analytics").await, "what was not saved is forgotten");
    visitor.set("Video", true).await;
    visitor.escape().await;
    nothing_was_decided(visitor).await;
    let focus = visitor.asks("probe.text(probe.roots()[0].activeElement)").await;
    assert_eq!(focus, MANAGE, "the focus is back where it was");

    visitor.reload().await;
    nothing_was_decided(visitor).await;
    assert!(stage.posted().is_empty());
    assert!(stage.site.receipts().await.is_empty());
}

async fn nothing_was_decided(visitor: &Visitor) {
    visitor.sees_banner().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.cookies().await.is_empty());
    assert!(visitor.ran().await.is_empty());
}
