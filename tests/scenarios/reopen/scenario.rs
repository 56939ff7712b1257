//! Reopening: the floating button and every `data-assent-open` show the stored choices, and taking one back is a withdrawal.

use assent_shared::Method;
use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.accept_all().await;
    site.has_one_receipt().await;

    // On another day: the preferences are opened by a page that has not loaded the widget.
    visitor.reload().await;
    assert!(!visitor.loaded("widget.wasm").await);
    visitor.reopen().await;
    assert!(visitor.is_on("Analytics").await && visitor.is_on("Video").await);
    visitor.screenshot("reopened").await;
    visitor.escape().await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"), "looking changes nothing");

    visitor.click("#settings").await;
    visitor.sees_preferences().await;
    assert!(visitor.is_on("Analytics").await && visitor.is_on("Video").await);
    visitor.set("Analytics", false).await;
    visitor.save().await;
    assert_eq!(visitor.grants().await.as_deref(), Some("video"));

    let receipts = site.has_receipts(2).await;
    assert_eq!((receipts[1].method, receipts[1].layer), (Method::Withdraw, 2));
    let choices: Vec<_> = receipts[1].choices.iter().map(|(id, granted)| (id.as_str(), *granted)).collect();
    assert_eq!(choices, [("analytics", false), ("video", true)]);
    assert_eq!(receipts[1].replaces.as_ref(), Some(&receipts[0].decision));
    assert_eq!(receipts[1].visitor, receipts[0].visitor, "it is the same visitor");

    visitor.reload().await;
    visitor.sees_ran(&["video"]).await;
    visitor.click("#settings").await;
    visitor.sees_preferences().await;
    assert!(!visitor.is_on("Analytics").await && visitor.is_on("Video").await);

    // A new grant is no withdrawal.
    visitor.accept_all().await;
    assert_eq!(site.has_receipts(3).await[2].method, Method::AcceptAll);
}
