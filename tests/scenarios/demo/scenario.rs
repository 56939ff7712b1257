//! The demo page of the repository, as a new user meets it: held, asked, accepted, shown to have run, and taken back.

use assent_shared::Method;
use assent_tests::stage::{DEMO, Stage};

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    visitor.visit("/index.html").await;
    visitor.sees_banner().await;
    visitor.screenshot("banner").await;
    let counter = "document.querySelector('#analytics-count').textContent";
    assert_eq!(visitor.asks(counter).await, "analytics has not run");
    assert!(visitor.asks("document.querySelector('iframe').hasAttribute('src')").await == false);

    visitor.accept_all().await;
    visitor.waits_for(&format!("{counter} === 'analytics ran: 1'")).await;
    visitor.waits_for("document.querySelector('iframe').src.startsWith('data:image')").await;
    visitor.screenshot("accepted").await;
    let first = site.has_receipts_at(DEMO, 1).await.remove(0);
    assert_eq!(first.method, Method::AcceptAll);

    visitor.reload().await;
    visitor.waits_for(&format!("{counter} === 'analytics ran: 1'")).await;
    assert!(!visitor.banner_is_shown().await);
    visitor.click("footer [data-assent-open]").await;
    visitor.sees_preferences().await;
    visitor.screenshot("preferences").await;
    visitor.set("Analytics", false).await;
    visitor.save().await;
    let second = site.has_receipts_at(DEMO, 2).await.remove(1);
    assert_eq!(second.method, Method::Withdraw);

    visitor.reload().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks(counter).await, "analytics has not run");
}
