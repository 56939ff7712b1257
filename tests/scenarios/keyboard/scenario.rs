//! By the keyboard alone: the banner comes first, the preferences keep the focus and give it back, Escape grants nothing, and
//! after an answer the focus is where one can go on.

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::{ACCEPT, MANAGE, REJECT, REOPEN, SAVE, Visitor};
use assent_tests::webdriver::{ENTER, SPACE};

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    visitor.visit("/").await;
    visitor.manage().await;
    visitor.waits_for("probe.dialog().contains(probe.focused())").await;
    stays_inside(&visitor).await;

    // Anew: from where the focus is now, some browsers lead through their own bars.
    visitor.visit("/").await;
    visitor.sees_banner().await;
    assert_eq!(visitor.focus().await, "the page", "the banner takes no focus by itself");
    visitor.tabs().await;
    assert!(visitor.asks("probe.bar().contains(probe.focused())").await == true, "the banner comes first");

    visitor.tabs_to(MANAGE).await;
    visitor.presses_key("Enter", ENTER).await;
    visitor.sees_preferences().await;
    visitor.waits_for("probe.dialog().contains(probe.focused())").await;
    visitor.tabs_to("Analytics").await;
    visitor.presses_key("Space", SPACE).await;
    visitor.waits_for("probe.switch('Analytics').checked").await;
    visitor.escape().await;
    assert!(visitor.cookies().await.is_empty() && visitor.ran().await.is_empty(), "Escape grants nothing");
    visitor.sees_focus_on(MANAGE).await;

    // One answer by the space bar, the other by Enter.
    visitor.tabs_back().await;
    visitor.sees_focus_on(REJECT).await;
    visitor.presses_key("Space", SPACE).await;
    visitor.sees_page_only().await;
    assert_eq!(visitor.grants().await.as_deref(), Some(""));
    visitor.sees_focus_on(REOPEN).await;
    visitor.waits_for("probe.roots()[0].querySelector('[role=status]').textContent.length > 5").await;

    visitor.presses_key("Enter", ENTER).await;
    visitor.sees_preferences().await;
    visitor.tabs_to("Video").await;
    visitor.presses_key("Space", SPACE).await;
    visitor.tabs_to(SAVE).await;
    visitor.presses_key("Enter", ENTER).await;
    visitor.sees_page_only().await;
    assert_eq!(visitor.grants().await.as_deref(), Some("video"));
    visitor.sees_focus_on(REOPEN).await;

    // Back to an opener of the page itself.
    visitor.asks("document.querySelector('#settings').focus()").await;
    visitor.presses_key("Enter", ENTER).await;
    visitor.sees_preferences().await;
    visitor.escape().await;
    visitor.sees_focus_on("#settings").await;

    // A dialog for a banner keeps the focus too, and Escape decides nothing; without a floating button the page goes on.
    visitor.forgets().await;
    let look = "layout = \"dialog\"\nfloating_button = false";
    site.publish(&notice(look, &["en"]), &["analytics"]).await.expect("another notice");
    host.set_tag(&format!("{TAG}?dialog"));
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.waits_for("probe.bar().contains(probe.focused())").await;
    for _ in 0..8 {
        visitor.tabs().await;
        assert_ne!(visitor.focus().await, "#settings", "what is behind a dialog cannot be reached");
    }
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.tabs_to(ACCEPT).await;
    visitor.presses_key("Enter", ENTER).await;
    visitor.sees_page_only().await;
    assert_eq!(visitor.grants().await.as_deref(), Some("analytics video"));
    visitor.tabs_to("#settings").await;
    visitor.forgets().await;

    visitor.reload().await;
    visitor.sees_banner().await;
    visitor.escape_from_banner().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.cookies().await.is_empty() && visitor.ran().await.is_empty(), "Escape grants nothing");
}

/// Further than the preferences have elements: the focus never reaches the page behind them, only the browser's own bars.
async fn stays_inside(visitor: &Visitor) {
    for _ in 0..16 {
        visitor.tabs().await;
        let where_to =
            visitor.asks("[probe.name(probe.focused()), probe.dialog().contains(probe.focused())]").await;
        assert!(
            where_to[1] == true || where_to[0] == "the page",
            "the focus left the preferences: {where_to}"
        );
    }
}
