//! The tag from another site's host: banner, WebAssembly and decision cross origins, and the cookies are the page's own.

use assent_tests::stage::{Stage, TAG};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.set_tag(&format!("{}{TAG}", host.origin()));
    let page = format!("{}/", host.localhost_origin());
    visitor.visit(&page).await;
    visitor.manage().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    visitor.sees_ran(&["video"]).await;

    let receipt = site.has_one_receipt().await;
    assert_eq!(receipt.origin, host.localhost_origin());
    visitor.has_sent_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some("video"));
    let secret = visitor.cookie("assent_id").await.expect("the page keeps the secret");
    assert!(!secret.http_only, "another site's answer cannot set the page's cookies");

    visitor.reload().await;
    visitor.sees_ran(&["video"]).await;
    visitor.reopen().await;
    visitor.reject_all().await;
    let second = site.has_receipts(2).await.remove(1);
    assert_eq!(second.visitor, receipt.visitor, "it is the same visitor");
}
