//! Two cookies of the same name, one for the host and one for its parent domain, as a change of settings leaves them: the newer
//! one counts, and the other is gone from then on.

use assent_tests::stage::Stage;

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    let home = host.origin_of("www.shop.localhost");
    site.allow(&home).await;
    // A server knows a new origin after a while, or when it starts.
    stage.server_goes_down().await;
    stage.server_comes_back().await;
    visitor.open(&format!("{home}/plain.html")).await;
    // The refusal is the newer one; a browser shows either first.
    for [older, newer] in [["", "; Domain=shop.localhost"], ["; Domain=shop.localhost", ""]] {
        visitor
            .asks(&format!("document.cookie = 'assent=1~1~sg0000~analytics.video; Path=/{older}', 1"))
            .await;
        visitor.asks(&format!("document.cookie = 'assent=1~1~sg0001~; Path=/{newer}', 1")).await;
        assert_eq!(visitor.asks("document.cookie.match(/assent=/g).length").await, 2);
        visitor.visit(&format!("{home}/")).await;
        visitor.lets_the_page_settle().await;
        assert!(visitor.ran().await.is_empty(), "the refusal is newer");
        assert_eq!(
            visitor.asks("document.cookie.match(/assent=[^;]*/g)").await,
            serde_json::json!(["assent=1~1~sg0001~"])
        );

        visitor.reopen().await;
        visitor.accept_all().await;
        visitor.sees_ran(&["analytics", "video"]).await;
        visitor.has_sent_all().await;
        visitor.reload().await;
        visitor.sees_ran(&["analytics", "video"]).await;
        assert_eq!(visitor.asks("document.cookie.match(/assent=/g).length").await, 1);
        visitor.asks("['', '; Domain=shop.localhost'].forEach((end) => (document.cookie = 'assent=; Max-Age=0; Path=/' + end)), localStorage.clear(), 1").await;
        visitor.open(&format!("{home}/plain.html")).await;
    }
    site.has_receipts(2).await;
}
