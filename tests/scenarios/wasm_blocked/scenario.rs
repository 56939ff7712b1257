//! Where WebAssembly never arrives, both answers work, and Manage neither grants anything nor locks the page.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;
use assent_tests::visitor::MANAGE;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.trouble("/_assent/widget/", Trouble::Cut);
    visitor.visit("/").await;
    visitor.press(MANAGE).await;
    visitor.waits_for(&format!("!probe.button({MANAGE:?}).hasAttribute('aria-busy')")).await;
    assert!(visitor.ran().await.is_empty() && visitor.cookies().await.is_empty());
    visitor.reject_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
    site.has_one_receipt().await;
    assert!(visitor.ran().await.is_empty());
}
