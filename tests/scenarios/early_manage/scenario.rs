//! A click on Manage that comes before the WebAssembly is kept, shown as busy, and carried out once.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;
use assent_tests::visitor::MANAGE;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.trouble("/_assent/widget/", Trouble::Hold);
    visitor.visit("/").await;
    visitor.press(MANAGE).await;
    visitor.waits_for(&format!("probe.button({MANAGE:?}).getAttribute('aria-busy') === 'true'")).await;
    assert!(visitor.asks("probe.dialog() === null").await == true);

    host.relieve("/_assent/widget/");
    visitor.sees_preferences().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    visitor.sees_ran(&["video"]).await;
    assert_eq!(site.has_one_receipt().await.layer, 2);
}
