//! A site that shares its choices over its subdomains: a decision on one is obeyed on the others and asked only once; a cookie that
//! one of them kept for itself before does not come back.

use assent_tests::stage::{FAMILY, Stage};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    let [www, blog] = ["www.shop.localhost", "blog.shop.localhost"].map(|name| host.origin_of(name));
    site.open_family(vec![www.clone(), blog.clone()]).await;
    host.set_tag("/_assent/family.js");

    // From before the choices were shared: the blog's own cookie, an acceptance.
    visitor.open(&format!("{blog}/plain.html")).await;
    visitor.asks("document.cookie = 'assent=1~1~sg0000~analytics.video; Path=/'").await;

    visitor.visit(&format!("{www}/")).await;
    visitor.sees_banner().await;
    visitor.reject_all().await;
    site.has_receipts_at(FAMILY, 1).await;
    visitor.has_sent_all().await;

    visitor.visit(&format!("{blog}/")).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "asked once");
    assert!(visitor.ran().await.is_empty(), "the refusal is the newer one");
    assert_eq!(visitor.asks("document.cookie.match(/assent=/g).length").await, 1);

    visitor.reopen().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    visitor.sees_ran(&["video"]).await;
    let receipts = site.has_receipts_at(FAMILY, 2).await;
    assert_eq!(receipts[0].visitor, receipts[1].visitor, "one visitor on both");
    visitor.has_sent_all().await;
    visitor.visit(&format!("{www}/")).await;
    visitor.sees_ran(&["video"]).await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks("document.cookie.match(/assent=/g).length").await, 1);
}
