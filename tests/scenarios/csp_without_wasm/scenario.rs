//! A policy that refuses WebAssembly: the loader alone takes both answers, and Manage leads to the form.

use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    host.set_headers(&[("content-security-policy", &crate::strict_csp::policy(""))]);
    visitor.visit("/").await;
    visitor.accept_all().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    site.has_one_receipt().await;
    visitor.forgets().await;
    visitor.reload().await;
    visitor.reject_all().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
    site.has_receipts(2).await;

    // Also from the floating button, and from the page's own.
    visitor.reload().await;
    visitor.click("#settings").await;
    visitor.arrives_at("/_assent/shop/choices").await;
    visitor.visit("/").await;
    visitor.press_to("open").await;
    visitor.arrives_at("/_assent/shop/choices").await;
    visitor.visit("/").await;
    visitor.forgets().await;
    visitor.reload().await;
    visitor.press_to("manage").await;
    visitor.arrives_at("/_assent/shop/choices").await;
    // What the browser refused is what the policy says, and nothing else.
    host.forgive("wasm");
}
