//! Person.run's promises: another company's script is held until a yes, the browser's opt-out signal is obeyed, shown and kept,
//! consent is withdrawn as easily as it was given, and receipts are gone after ninety days.

use assent_shared::Method;
use assent_tests::stage::Stage;

const SITE: &str = "person-run";
const STATE: &str = "document.getElementById('analytics').textContent";

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    stage.open_example("person-run").await;
    let page = stage.example("person-run", SITE, 1);
    let fetched = || !host.seen("/examples/person-run/posthog.js").is_empty();

    // With the signal: nothing is asked, because it has answered for all that would be; it is shown, and nothing is fetched.
    visitor.visit(&format!("{page}?gpc")).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await && !fetched());
    visitor.click("[data-assent-open]").await;
    visitor.sees_preferences().await;
    let told = visitor.asks("probe.reachable('.signal').map((line) => line.textContent)[0]").await;
    assert_eq!(told, "Off, because your browser sends Global Privacy Control.");
    visitor.inspects("the preferences with the signal").await;
    visitor.screenshot("signal").await;
    visitor.escape().await;
    assert!(visitor.cookies().await.is_empty());

    // Without it: held until a yes.
    visitor.visit(&page).await;
    visitor.sees_banner().await;
    visitor.screenshot("banner").await;
    visitor.lets_the_page_settle().await;
    assert!(!fetched(), "not before a yes");
    visitor.accept_all().await;
    visitor.waits_for(&format!("{STATE}.includes('was fetched')")).await;
    assert!(fetched());

    // The opt-out of sale or sharing: the signal comes later, and takes the yes back, with a receipt of its own.
    visitor.visit(&format!("{page}?gpc")).await;
    let receipts = site.has_receipts_at(SITE, 2).await;
    assert_eq!((receipts[1].method, receipts[1].gpc), (Method::Signal, true));
    visitor.waits_for("!document.cookie.includes('ph_example_posthog')").await;
    assert_eq!(visitor.asks(STATE).await, "PostHog has not been fetched.");

    // A yes by name, and a withdrawal: the script that runs is told, and its cookie goes.
    visitor.visit(&page).await;
    visitor.click("[data-assent-open]").await;
    visitor.sees_preferences().await;
    visitor.set("Analytics", true).await;
    visitor.save().await;
    visitor.waits_for("window.posthog?.opted_in === true").await;
    visitor.click("[data-assent-open]").await;
    visitor.sees_preferences().await;
    visitor.reject_all().await;
    visitor.waits_for("posthog.opted_in === false && !document.cookie.includes('ph_example_posthog')").await;
    let receipts = site.has_receipts_at(SITE, 4).await;
    assert_eq!(receipts[3].method, Method::Withdraw);
    visitor.has_sent_all().await;

    // Ninety days, and not one less.
    assert_eq!(site.days_pass(89).await, 0);
    assert_eq!(site.days_pass(91).await, 4);
    assert!(site.receipts_at(SITE).await.is_empty());
}
