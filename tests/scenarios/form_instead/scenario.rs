//! WebAssembly that takes more than four seconds, or never comes: Manage leads to the form, and a choice made there holds on the
//! page, with a receipt like any other.

use assent_shared::Method;
use assent_tests::page::Trouble;
use assent_tests::stage::Stage;
use assent_tests::visitor::MANAGE;

const FORM: &str = "/_assent/shop/choices";
const WIDGET: &str = "/_assent/widget/";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    // A receipt of the ordinary way, for comparison; the widget is not in the browser's cache after it.
    host.trouble(WIDGET, Trouble::Hold);
    visitor.visit("/").await;
    visitor.accept_all().await;
    site.has_one_receipt().await;
    visitor.forgets().await;

    visitor.visit("/").await;
    visitor.press(MANAGE).await;
    visitor.arrives_at(FORM).await;
    assert!(visitor.address().await.contains("lang=en"), "{}", visitor.address().await);
    visitor.screenshot("form").await;
    assert!(visitor.cookies().await.is_empty(), "to look at the form decides nothing");
    visitor.click("input[name=choice_analytics][value=granted]").await;
    visitor.click("input[name=choice_video][value=denied]").await;
    visitor.click("button[value=custom]").await;
    // It leads back to where the visitor came from.
    visitor.waits_for("location.pathname === '/' && window.heard && heard.includes('ready')").await;
    visitor.sees_ran(&["analytics"]).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "it holds on the page");
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics"));
    host.relieve(WIDGET);

    let receipts = site.has_receipts(2).await;
    let keys = |at: usize| {
        let receipt: serde_json::Value =
            serde_json::from_str(&receipts[at].canonical_json()).expect("a receipt is JSON");
        receipt.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys(0), keys(1), "the two receipts have the same form");
    assert_eq!((receipts[1].method, receipts[1].layer), (Method::Custom, 2));
    assert_eq!(receipts[1].origin, receipts[0].origin);
    let choices: Vec<_> = receipts[1].choices.iter().map(|(id, granted)| (id.as_str(), *granted)).collect();
    assert_eq!(choices, [("analytics", true), ("video", false)]);

    // The page goes on from it: taking back is a withdrawal.
    visitor.reload().await;
    visitor.reopen().await;
    visitor.reject_all().await;
    let receipts = site.has_receipts(3).await;
    assert_eq!(receipts[2].method, Method::Withdraw);
    assert_eq!(receipts[2].visitor, receipts[1].visitor, "it is the same visitor");

    // And the other way round: the form shows what the banner stored, and takes it back.
    visitor.reopen().await;
    visitor.accept_all().await;
    site.has_receipts(4).await;
    visitor.has_sent_all().await;
    visitor.open(&format!("{FORM}?back=/")).await;
    let shown = visitor.asks("document.querySelectorAll('input[value=granted]:checked').length").await;
    assert_eq!(shown, 2);
    visitor.click("button[value=reject_all]").await;
    let receipts = site.has_receipts(5).await;
    assert_eq!(receipts[4].method, Method::Withdraw);
    assert_eq!(receipts[4].replaces.as_ref(), Some(&receipts[3].decision));
    visitor.waits_for("location.pathname === '/' && window.heard && heard.includes('ready')").await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty(), "what was taken back on the form runs no more");
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
}
