//! With a valid decision stored: no banner, no WebAssembly, and no request but the tag's own.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, host, .. }: Stage) {
    for (decision, ran) in [("1~1~t9k2bw~analytics", vec!["analytics"]), ("1~1~t9k2bw~", vec![])] {
        // A page without the tag, to have a jar to put the cookie in.
        visitor.open("/plain.html").await;
        visitor.remembers(decision).await;
        let before = host.seen("/_assent/").len();

        visitor.visit("/").await;
        visitor.sees_ran(&ran).await;
        visitor.lets_the_page_settle().await;
        assert!(!visitor.banner_is_shown().await);
        assert!(!visitor.loaded("widget").await, "no WebAssembly, not even from the cache");
        let requests: Vec<_> =
            host.seen("/_assent/").split_off(before).into_iter().map(|seen| seen.path).collect();
        assert!(requests.iter().all(|path| path == "/_assent/shop.js"), "{requests:?}");
        assert_eq!(
            visitor.cookie("assent").await.expect("it stays").value,
            decision,
            "a visit extends nothing"
        );
    }
}
