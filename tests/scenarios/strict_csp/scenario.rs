//! The strictest policy that lets WebAssembly run: everything works, and the browser reports no violation. (The hook in every
//! page writes violations down as errors, and an error fails the scenario.)

use assent_tests::page::NONCE;
use assent_tests::stage::{Stage, TAG};

pub(crate) fn policy(more: &str) -> String {
    format!(
        "default-src 'none'; script-src 'nonce-{NONCE}' 'strict-dynamic'{more}; connect-src 'self'; base-uri 'none'; \
         frame-src 'none'; form-action 'self'; object-src 'none'; require-trusted-types-for 'script'; trusted-types assent"
    )
}

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.set_headers(&[("content-security-policy", &policy(" 'wasm-unsafe-eval'"))]);
    visitor.visit("/").await;
    visitor.sees_banner().await;
    crate::layouts::alike(&visitor, "under the policy").await;
    visitor.screenshot("banner").await;
    visitor.manage().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    visitor.sees_ran(&["video"]).await;
    site.has_one_receipt().await;

    visitor.reload().await;
    visitor.sees_ran(&["video"]).await;
    visitor.click("#settings").await;
    visitor.sees_preferences().await;
    visitor.accept_all().await;
    visitor.sees_ran(&["video", "analytics"]).await;
    visitor.reopen().await;
    visitor.reject_all().await;
    site.has_receipts(3).await;
    visitor.forgets().await;

    // The page speaks another language than the browser: the loader loads its tag again, and the policy lets it.
    let notice = assent_tests::notice::notice("", &["en", "de"]);
    site.publish(&notice, &[]).await.expect("another notice");
    host.set_tag(&format!("{TAG}?two"));
    host.set_languages("de");
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.press_to("accept").await;
    visitor.sees_ran(&["analytics", "video"]).await;
    assert_eq!(visitor.asks("probe.roots()[0].host.lang").await, "en");
    assert!(host.errors().is_empty(), "{:?}", host.errors());
}
