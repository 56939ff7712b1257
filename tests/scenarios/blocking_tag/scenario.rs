//! A tag without `async` in the head runs before there is a body: it waits for one, and everything works.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    let first = visitor.asks("document.body.firstElementChild.shadowRoot !== null").await;
    assert!(first == true, "the banner comes first, for the keyboard and for readers");
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics"]).await;
    site.has_one_receipt().await;

    // What was granted is known before the page's first own script runs.
    visitor.reload().await;
    assert!(visitor.asks("grantedInTheHead").await == true);
    visitor.sees_ran(&["analytics"]).await;
}
