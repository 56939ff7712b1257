//! Reject all is as easy as the yes: one click, nothing held ever runs, and the refusal is remembered and recorded.

use assent_shared::Method;
use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.reject_all().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    assert_eq!(visitor.grants().await.as_deref(), Some(""));

    let receipt = site.has_one_receipt().await;
    assert_eq!((receipt.method, receipt.layer), (Method::RejectAll, 1));
    assert!(receipt.choices.len() == 2 && receipt.choices.values().all(|granted| !granted));

    visitor.reload().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    assert!(!visitor.banner_is_shown().await, "a no is remembered as a yes is");
}
