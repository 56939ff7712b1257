//! Numino's promises: the legal basis of every purpose on a page, cookies for session and security only, and a withdrawal that stops
//! the processing in the moment in which it is made.

use assent_shared::Method;
use assent_tests::stage::Stage;
use serde_json::json;

const SITE: &str = "numino";
const STATE: &str = "document.getElementById('connections').textContent";
/// Each purpose with what stands first under it: the legal basis.
const BASES: &str = "Array.from(document.querySelectorAll('section'), (part) => [part.querySelector('h2').textContent, part.querySelector('dd').textContent])";

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    stage.open_example("numino").await;
    let page = stage.example("numino", SITE, 1);
    visitor.visit(&page).await;
    visitor.sees_banner().await;
    visitor.screenshot("banner").await;
    visitor.inspects("the question").await;
    assert!(visitor.cookies().await.is_empty());
    visitor.accept_all().await;
    visitor.waits_for(&format!("{STATE}.includes('has read your calendar 2 times')")).await;
    assert!(visitor.asks("sessionStorage.getItem('free_hours') !== null").await == true);

    // One click: what ran is stopped with its page, what it kept is gone, and nothing is read any more.
    visitor.click("[data-assent-reject]").await;
    visitor.waits_for(&format!("{STATE} === 'The agent reads nothing.'")).await;
    visitor.waits_for("sessionStorage.getItem('free_hours') === null").await;
    let receipts = site.has_receipts_at(SITE, 2).await;
    assert_eq!(receipts[1].method, Method::Withdraw);
    visitor.reload().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks(STATE).await, "The agent reads nothing.");
    assert!(!visitor.banner_is_shown().await, "and nobody is asked again");

    // Every purpose says on which ground it stands; what is essential has cookies for the session alone.
    visitor.open(&format!("{}/_assent/numino/cookies", host.origin_of("numino.localhost"))).await;
    assert_eq!(
        visitor.asks(BASES).await,
        json!([
            ["Session", "Contract"],
            ["Security", "Legitimate interest"],
            ["Invoices", "Legal obligation"],
            ["Connected calendar", "Consent"],
        ])
    );
    let told = visitor.asks("document.querySelector('main').textContent").await;
    for words in [
        "30 days",
        "6 years",
        "The tax authority, where it asks",
        "Not kept: read, used and forgotten",
        "Numino Labs DAC",
    ] {
        assert!(told.as_str().is_some_and(|told| told.contains(words)), "{words}");
    }
    visitor.inspects("purposes and legal bases").await;
    visitor.screenshot("bases").await;
}
