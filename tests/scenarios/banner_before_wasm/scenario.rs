//! The banner is on the screen before a byte of WebAssembly arrives, and an answer does not wait for it either.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.trouble("/_assent/widget/", Trouble::Hold);
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.screenshot("before-wasm").await;
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    site.has_one_receipt().await;
    assert!(host.seen("/_assent/widget/").iter().all(|seen| seen.status.is_none()), "no widget yet");

    // It arrives after all, and finds the answer given.
    host.relieve("/_assent/widget/");
    visitor.click("#settings").await;
    visitor.sees_preferences().await;
    assert!(visitor.is_on("Analytics").await);
    visitor.lets_the_page_settle().await;
    site.has_one_receipt().await;
}
