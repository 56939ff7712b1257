//! `HumanikOS`' promises: the table of cookies with exactly the rows that it declares, no question while nothing is optional; and once
//! analytics come, everybody is asked, what is new is named, and the notices before stay readable.

use assent_tests::stage::Stage;
use serde_json::json;

const SITE: &str = "humanikos";
const LATER: &str = include_str!("../../../examples/humanikos/notice-with-analytics.toml");
const SUPPORT: &str = r#"
[[purposes]]
id = "support"
legal_basis = "consent"
data = ["what you write to us"]
recipients = ["An example of a support desk"]
retention = "30 days"
storage_locations = ["CA"]

[purposes.texts.en]
name = "Support chat"
description = "Opens a window in which people answer."
changed = "a chat by another company"
"#;
/// Name, type, provider, purpose and duration of every row.
const ROWS: &str = "Array.from(document.querySelectorAll('tbody tr'), (row) => Array.from(row.cells, (cell) => cell.textContent))";

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    stage.open_example("humanikos").await;
    visitor.visit(&stage.example("humanikos", SITE, 1)).await;
    visitor.press("Cookies and storage").await;
    visitor.sees_preferences().await;
    visitor.screenshot("preferences").await;
    visitor.escape().await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "nothing is optional, so nothing is asked");
    assert!(visitor.cookies().await.is_empty() && host.seen("/examples/humanikos/analytics.js").is_empty());
    visitor.inspects("the page").await;

    let home = host.origin_of("humanikos.localhost");
    let by = "Humanik Systems Inc.";
    visitor.open(&format!("{home}/_assent/humanikos/cookies")).await;
    assert_eq!(
        visitor.asks(ROWS).await,
        json!([
            [
                "session",
                "Cookie",
                by,
                "Session: signs you in and keeps you signed in.",
                "Until the browser is closed"
            ],
            [
                "csrf_token",
                "Cookie",
                by,
                "CSRF token: tells your own forms from forged ones.",
                "Until the browser is closed"
            ],
            [
                "assent",
                "Cookie",
                by,
                "Cookie preferences: remembers your choice, once there is one.",
                "1 year"
            ],
        ])
    );
    visitor.screenshot("cookies").await;

    // Analytics come: the notice changes first, and everybody is asked.
    assert_eq!(site.publish_at(SITE, LATER, &[]).await.expect("notice 2"), 2);
    visitor.visit(&stage.example("humanikos", SITE, 2)).await;
    visitor.sees_banner().await;
    let said = visitor.asks("probe.text(probe.bar())").await;
    assert!(said.as_str().is_some_and(|said| said.contains("Something new: analytics")), "{said}");
    visitor.screenshot("banner").await;
    assert_eq!(visitor.asks("document.getElementById('analytics').textContent").await, "no");
    visitor.accept_all().await;
    visitor.waits_for("document.getElementById('analytics').textContent === 'yes'").await;
    site.has_receipts_at(SITE, 1).await;
    visitor.has_sent_all().await;

    // Another purpose: who has answered is told what is new, in the site's words.
    assert_eq!(site.publish_at(SITE, &format!("{LATER}{SUPPORT}"), &[]).await.expect("notice 3"), 3);
    visitor.visit(&stage.example("humanikos", SITE, 3)).await;
    visitor.sees_banner().await;
    assert_eq!(
        visitor.asks("probe.all('#news')[0].textContent").await,
        "New or changed since your last choice: Support chat (a chat by another company)"
    );
    visitor.waits_for("document.getElementById('analytics').textContent === 'yes'").await;
    visitor.reject_all().await;
    site.has_receipts_at(SITE, 2).await;

    // Every version stays readable at its address, as it was.
    for (number, first, rows) in [(1, "Cookies and storage", 3), (2, "Something new: analytics", 6)] {
        visitor.open(&format!("{home}/_assent/humanikos/notices/{number}/en")).await;
        assert_eq!(visitor.asks("document.querySelector('h1').textContent").await, first);
        assert_eq!(
            visitor.asks("document.querySelectorAll('tbody tr').length").await,
            rows,
            "notice {number}"
        );
    }
}
