//! A page that the browser prepares before anybody sees it asks nothing, releases nothing and records nothing; once it is seen it
//! obeys what was decided meanwhile. Where an engine does not prepare pages, the same holds of the plain way.

use assent_tests::deadline::eventually;
use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, site, host } = &stage;
    visitor.visit("/").await;
    visitor.sees_banner().await;
    let prepares = visitor.asks("Boolean(HTMLScriptElement.supports?.('speculationrules'))").await == true;
    if prepares {
        eventually("the next page is prepared", || async { host.seen("/_test/prerendering").pop() }).await;
    }
    visitor.accept_all().await;
    site.has_one_receipt().await;
    visitor.has_sent_all().await;
    visitor.click("#on").await;
    visitor.waits_for("location.search === '?next' && heard.includes('ready')").await;
    let activated =
        visitor.asks("performance.getEntriesByType('navigation')[0].activationStart > 0").await == true;
    assert_eq!(activated, prepares, "the prepared page is the one that is seen");
    visitor.sees_ran(&["analytics"]).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "the answer is known by now");
    assert_eq!(visitor.asks("heard.filter((name) => name === 'ready').length").await, 1);
    assert_eq!(stage.posted().len(), 1);
}
