//! `window.assent`: usable before the script has come, true at every moment, and events only when something changed.
//! And the page's own buttons, which need no script.

use assent_shared::Method;
use assent_tests::stage::Stage;
use serde_json::json;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.open("/").await;
    assert_eq!(visitor.asks("Array.isArray(window.assent) && notes.length").await, 0, "nothing is there yet");
    visitor.asks("start()").await;
    visitor.sees_banner().await;
    visitor.waits_for("notes.length === 4").await;
    let denied = r#"{"analytics":false,"video":false}"#;
    let start = json!(["early", format!("ready {denied}"), "after", "necessary"]);
    assert_eq!(visitor.asks("notes").await, start);
    let known = "[assent.granted('necessary'), assent.granted('analytics'), assent.granted('unknown'), assent.receipt()]";
    assert_eq!(visitor.asks(known).await, json!([true, false, false, null]));

    // The page's own button accepts; so does the API, and what is the same already is no change.
    visitor.click("#yes b").await;
    visitor.sees_page_only().await;
    visitor.sees_ran(&["analytics"]).await;
    visitor.waits_for("notes.length === 6").await;
    let granted = r#"{"analytics":true,"video":true}"#;
    let accepted = json!([format!("change accept_all {granted}"), "analytics may run"]);
    assert_eq!(visitor.asks("after(4)").await, accepted);
    let receipt = site.has_one_receipt().await;
    visitor.has_sent_all().await;
    assert_eq!(visitor.asks("assent.receipt().decision").await, receipt.decision.as_str());
    visitor.asks("assent.accept(), 1").await;
    site.has_receipts(2).await;
    assert_eq!(visitor.asks("notes.length").await, 6, "nothing changed, so nothing is told");

    visitor.asks("assent.withdraw(), 1").await;
    assert_eq!(visitor.asks("after(6)").await, json!([format!("change withdraw {denied}")]));
    assert_eq!(visitor.asks("assent.choices()").await, json!({ "analytics": false, "video": false }));
    assert_eq!(site.has_receipts(3).await[2].method, Method::Withdraw);

    // A listener that has ended hears nothing; a link that refuses leads nowhere.
    visitor.asks("window.end = assent.on('change', () => notes.push('heard')), end(), end(), 1").await;
    visitor.asks("assent.accept(), 1").await;
    visitor.click("#no").await;
    visitor.waits_for("after(7).length === 2").await;
    assert_eq!(visitor.asks("location.pathname").await, "/");
    assert_eq!(visitor.asks("after(8)").await, json!([format!("change withdraw {denied}")]));
    site.has_receipts(5).await;

    // Opened by the API and by the page's button, before the widget is there.
    visitor.open("/").await;
    visitor.asks("start(), assent.push(({ open }) => open()), 1").await;
    visitor.sees_preferences().await;
    visitor.escape().await;
    visitor.click("#choose").await;
    visitor.sees_preferences().await;
    // An answer from outside closes what asks.
    visitor.asks("assent.reject(), 1").await;
    visitor.sees_page_only().await;
    site.has_receipts(6).await;
    visitor.has_sent_all().await;
}
