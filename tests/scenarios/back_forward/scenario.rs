//! A page that comes back, out of the back-forward cache or not, obeys what was decided meanwhile: an acceptance and a withdrawal.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.click("#on").await;
    visitor.waits_for("location.search === '?next' && heard.includes('ready')").await;
    visitor.accept_all().await;
    site.has_one_receipt().await;
    visitor.has_sent_all().await;

    visitor.goes_back().await;
    visitor.waits_for("location.search === '' && ran.includes('analytics')").await;
    visitor.waits_for("document.querySelector('#film').getAttribute('src') === '/plain.html'").await;
    visitor.sees_page_only().await;
    assert_eq!(visitor.ran().await, ["analytics"], "once");

    visitor.click("#on").await;
    visitor.waits_for("location.search === '?next' && heard.includes('ready')").await;
    visitor.reopen().await;
    visitor.reject_all().await;
    site.has_receipts(2).await;
    visitor.has_sent_all().await;
    visitor.goes_back().await;
    visitor.waits_for("location.search === '' && !document.querySelector('#film').hasAttribute('src')").await;
    assert!(visitor.asks("assent.granted('video')").await == false);
    site.has_receipts(2).await;
}
