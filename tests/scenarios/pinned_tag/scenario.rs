//! A page demands the tag's bytes by their hash: the browser takes them, also from another host, and after a newer notice came out.
//! An answer to the old question is refused then, and the newest tag takes over. Other bytes than the hash says run nowhere.

use assent_tests::site::NOTICE;
use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, site, host } = &stage;
    let snippet = site.pin(&host.origin()).await.snippet;
    // What stands between the quotes of `src`, with the attributes behind it.
    let tag =
        snippet.split(" src=\"").nth(1).expect("a source").split("\"></script>").next().expect("its end");
    assert!(tag.contains("integrity=\"sha384-") && tag.ends_with("crossorigin=\"anonymous"), "{snippet}");
    host.set_tag(tag);
    let elsewhere = format!("{}/", host.localhost_origin());
    visitor.visit(&elsewhere).await;
    visitor.sees_banner().await;
    visitor.sees_widget().await;

    let newer = NOTICE.replace("Counts visits.", "Counts visits and shares them.");
    assert_eq!(site.publish(&newer, &["analytics"]).await.expect("notice 2"), 2);
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.press("Accept all").await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.sees_banner().await;
    let posted = stage.posted();
    assert_eq!(
        (posted[0].0.notice, posted[0].1.status),
        (1, Some(409)),
        "the pinned page asks the pinned notice"
    );
    assert!(visitor.decision().await.is_none(), "nothing is decided by it");
    visitor.sees_widget().await;
    visitor.reject_all().await;
    visitor.has_sent_all().await;
    assert_eq!(site.has_one_receipt().await.notice.number, 2);

    // The answer to the newer notice is one to the pinned one too.
    visitor.reload().await;
    visitor.sees_page_only().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.ran().await, Vec::<String>::new());

    visitor.forgets().await;
    host.set_tag(&tag.replace("sha384-", "sha384-AAAA"));
    visitor.open("/").await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "other bytes than the hash says are not run");
    assert_eq!(visitor.asks("typeof window.assent").await, "undefined");
    assert_eq!(visitor.ran().await, Vec::<String>::new());
}
