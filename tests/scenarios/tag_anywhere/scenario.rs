//! However the tag comes into the page - as a module, long after everything else, by a tag manager, twice - it works; and where it
//! came too late to do something, the console says what.

use assent_tests::notice::notice_with;
use assent_tests::stage::{Stage, TAG};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    for (count, way) in ["module", "late", "manager", "twice"].into_iter().enumerate() {
        visitor.visit(&format!("/?{way}")).await;
        visitor.sees_banner().await;
        visitor.lets_the_page_settle().await;
        assert_eq!(visitor.asks("probe.roots().length").await, 1, "{way}");
        visitor.accept_all().await;
        visitor.sees_ran(&["analytics"]).await;
        site.has_receipts(2 * count + 1).await;
        visitor.has_sent_all().await;
        visitor.reopen().await;
        visitor.reject_all().await;
        site.has_receipts(2 * count + 2).await;
        visitor.has_sent_all().await;
        visitor.forgets().await;
    }
    assert_eq!(visitor.asks("said").await, serde_json::json!([]));

    site.publish(&notice_with("video", "", "[adapters.google]"), &[]).await.expect("a notice");
    host.set_tag(&format!("{TAG}?google"));
    visitor.visit("/?late").await;
    visitor.sees_banner().await;
    let said = visitor.asks("said.join()").await;
    assert!(
        said.as_str().is_some_and(|said| said.contains("put this script first, and without async")),
        "{said}"
    );
}
