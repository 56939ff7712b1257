//! A tag at the end of the body works as one in the head does.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    let first = visitor.asks("document.body.firstElementChild.shadowRoot !== null").await;
    assert!(first == true, "the banner comes first, wherever the tag stands");
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics"]).await;
    site.has_one_receipt().await;
    visitor.reload().await;
    visitor.sees_ran(&["analytics"]).await;
}
