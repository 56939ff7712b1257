//! A browser that refuses storage to the page: the visitor still decides, the cookie still holds it, and it still arrives.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    assert!(visitor.asks("storageIsRefused()").await == true);
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics"]).await;
    let first = site.has_one_receipt().await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));

    visitor.reload().await;
    visitor.sees_ran(&["analytics"]).await;
    visitor.reopen().await;
    visitor.reject_all().await;
    let second = site.has_receipts(2).await.remove(1);
    assert_eq!(second.visitor, first.visitor, "it is the same visitor");
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
}
