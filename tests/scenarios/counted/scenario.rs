//! A banner on the screen is counted once, by a request that says which notice and which language and nothing else. Who has
//! answered is not counted any more, and neither is a banner that nobody can see.

use assent_tests::page::Trouble;
use assent_tests::stage::Stage;

const SHOWN: &str = "/_assent/shop/shown";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    // An answer that is faster than what tells of the display: the file is not in the browser's cache yet.
    host.trouble("/_assent/widget/", Trouble::Hold);
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.reject_all().await;
    host.relieve("/_assent/widget/");
    site.was_shown(1).await;
    let told = host.seen(SHOWN);
    assert_eq!((told[0].method.as_str(), told[0].body.as_str()), ("POST", r#"{"notice":1,"locale":"en"}"#));
    assert_eq!(told[0].status, Some(204));

    // Whoever goes on without an answer is asked again, and that is shown again.
    visitor.forgets().await;
    for displays in [2, 3] {
        visitor.visit("/").await;
        visitor.sees_banner().await;
        site.was_shown(displays).await;
        visitor.lets_the_page_settle().await;
        assert_eq!(i64::try_from(host.seen(SHOWN).len()), Ok(displays), "once a page");
    }
    visitor.reject_all().await;
    visitor.has_sent_all().await;
    visitor.reload().await;
    visitor.sees_page_only().await;
    visitor.reopen().await;
    visitor.sees_preferences().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(host.seen(SHOWN).len(), 3, "a returning visitor is not counted");

    // Hidden by the page, as content blockers do it.
    visitor.forgets().await;
    visitor.visit("/hidden.html").await;
    visitor.waits_for("probe.roots().length === 1").await;
    visitor.lets_the_page_settle().await;
    assert_eq!(host.seen(SHOWN).len(), 3, "what nobody sees is not counted");
    site.was_shown(3).await;
}
