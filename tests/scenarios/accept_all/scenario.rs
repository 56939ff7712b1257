//! Accept all: everything held runs, the cookie says so, and one receipt holds exactly what was chosen.

use assent_shared::Method;
use assent_tests::stage::Stage;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.screenshot("banner").await;
    assert!(visitor.ran().await.is_empty(), "nothing runs before an answer");
    assert!(visitor.cookies().await.is_empty(), "and nothing is stored");

    visitor.accept_all().await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.screenshot("accepted").await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));

    let receipt = site.has_one_receipt().await;
    assert_eq!((receipt.method, receipt.layer), (Method::AcceptAll, 1));
    assert!(receipt.choices.len() == 2 && receipt.choices.values().all(|granted| *granted));
    assert_eq!((receipt.notice.number, receipt.locale.as_str()), (1, "en"));
    assert!(!receipt.gpc && !receipt.clock_off && receipt.replaces.is_none());
}
