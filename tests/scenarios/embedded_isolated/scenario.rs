//! A page that isolates itself (COEP `require-corp`) embeds the tag of another site's host, and everything works.

use assent_tests::engine::Engine;
use assent_tests::stage::{Stage, TAG};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.set_headers(&[
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-opener-policy", "same-origin"),
    ]);
    host.set_tag(&format!("{}{TAG}", host.origin()));
    visitor.visit(&format!("{}/", host.localhost_origin())).await;
    // WebKit isolates no page that came without TLS, also not on this machine.
    let isolated = visitor.asks("crossOriginIsolated").await == true;
    assert!(isolated || visitor.engine() == Engine::WebKit, "the page is isolated");
    visitor.manage().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    visitor.sees_ran(&["video"]).await;
    assert_eq!(site.has_one_receipt().await.origin, host.localhost_origin());
}
