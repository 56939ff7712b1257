//! Where WebAssembly, or the words that it shows, never arrive, both answers work, and Manage leads to the form; nothing is granted on the way, and the page
//! is not locked.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;
use assent_tests::visitor::MANAGE;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    for missing in ["/_assent/shop/notices/", "/_assent/widget/"] {
        host.trouble(missing, Trouble::Cut);
        visitor.visit("/").await;
        visitor.press(MANAGE).await;
        visitor.arrives_at("/_assent/shop/choices").await;
        assert!(visitor.cookies().await.is_empty());
    }
    visitor.visit("/").await;
    assert!(visitor.ran().await.is_empty());
    visitor.reject_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
    site.has_one_receipt().await;
    assert!(visitor.ran().await.is_empty());
}
