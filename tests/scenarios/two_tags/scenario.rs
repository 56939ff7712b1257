//! A page that embeds the tag twice shows one banner and records one decision.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.waits_for("document.readyState === 'complete'").await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks("probe.roots().length").await, 1);
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics"]).await;
    visitor.has_sent_all().await;
    site.has_one_receipt().await;
    assert_eq!(visitor.asks("heard.filter((name) => name === 'change').length").await, 1);
}
