//! Manage: each purpose with its declared cookies and a switch, essential ones on and locked; Save stores the selection.

use assent_shared::Method;
use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.manage().await;
    visitor.screenshot("preferences").await;

    assert!(visitor.is_on("Necessary").await);
    assert!(visitor.asks("probe.switch('Necessary').disabled").await == true, "essential ones are locked");
    assert!(!visitor.is_on("Analytics").await, "nothing is ticked beforehand");
    assert!(!visitor.is_on("Video").await);
    let words = visitor.asks("probe.dialog().textContent").await;
    let words = words.as_str().unwrap_or_default();
    for word in ["The Shop Ltd", "Counts visits.", "visits_*", "Tells visits apart.", "13 months", "basket"] {
        assert!(words.contains(word), "the preferences do not say `{word}`: {words}");
    }

    visitor.set("Analytics", true).await;
    visitor.save().await;
    visitor.sees_ran(&["analytics"]).await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics"));

    let receipt = site.has_one_receipt().await;
    assert_eq!((receipt.method, receipt.layer), (Method::Custom, 2));
    let choices: Vec<_> = receipt.choices.iter().map(|(id, granted)| (id.as_str(), *granted)).collect();
    assert_eq!(choices, [("analytics", true), ("video", false)]);
}
