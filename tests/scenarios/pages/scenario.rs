//! The server's own pages, the form and the declared cookies: axe finds nothing in four languages, the answers are alike, nothing
//! scrolls sideways, and the fragment can stand in any page.

use assent_tests::notice::notice;
use assent_tests::stage::Stage;
use assent_tests::visitor::Visitor;

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    site.publish(&notice("", &["en", "ar", "ja", "de"]), &[]).await.expect("another notice");
    for locale in ["en", "ar", "ja", "de"] {
        visitor.open(&format!("/_assent/shop/choices?lang={locale}&back=/")).await;
        inspected(&visitor, "choices", locale).await;
        let alike = visitor
            .asks(
                "((yes, no) => probe.look(yes).filter((look, at) => look !== probe.look(no)[at]).length === 0
                    && Math.abs(yes.getBoundingClientRect().width - no.getBoundingClientRect().width) < 1
                    && probe.contrast(yes) >= 4.5 && yes.getBoundingClientRect().height >= 44)
                (document.querySelector('[value=accept_all]'), document.querySelector('[value=reject_all]'))",
            )
            .await;
        assert!(alike == true, "{locale}: the form's answers are alike");
        visitor.open(&format!("/_assent/shop/cookies?lang={locale}")).await;
        inspected(&visitor, "cookies", locale).await;
        let names = visitor.asks("document.body.textContent.includes('visits_*')").await;
        assert!(names == true, "{locale}: the declared cookies are there");
    }

    // The form when something is missing, and after an answer.
    visitor.open("/_assent/shop/choices").await;
    visitor.click("button[value=custom]").await;
    visitor.waits_for("document.querySelector('[role=alert]') !== null").await;
    visitor.inspects("choices, with a missing answer").await;
    visitor.screenshot("choices-missing").await;
    visitor.click("button[value=accept_all]").await;
    visitor.waits_for("document.querySelector('[role=status]') !== null").await;
    visitor.inspects("choices, saved").await;

    // What was recorded of it, and erasing that: one press asks, the next one answers.
    visitor.click("a[href^=me]").await;
    visitor.waits_for("document.querySelector('.record') !== null").await;
    visitor.click("summary").await;
    visitor.screenshot("records").await;
    visitor.inspects("records").await;
    visitor.click("form button").await;
    visitor.waits_for("document.querySelector('[role=status]') !== null").await;
    visitor.inspects("records, erased").await;
    assert!(site.receipts().await.is_empty(), "they are gone");
    assert!(visitor.decision().await.is_some(), "the choice holds");
    assert_eq!(visitor.cookie("assent_id").await, None, "the secret is given up");
    visitor.open("/_assent/shop/choices").await;
    if visitor.wishes("", &[("prefers-color-scheme", "dark")]).await {
        visitor.inspects("choices, dark").await;
        visitor.screenshot("choices-dark").await;
        visitor.open("/_assent/shop/cookies").await;
        visitor.inspects("cookies, dark").await;
        visitor.wishes("", &[]).await;
    }

    // The fragment, in a page of the site.
    visitor.visit("/inspected.html").await;
    let fragment = visitor.fetches("/_assent/shop/cookies?fragment&lang=de").await;
    assert!(
        fragment.contains("visits_*") && !fragment.contains("<html") && !fragment.contains("<script"),
        "{fragment}"
    );
    let put = format!("document.querySelector('main').insertAdjacentHTML('beforeend', {fragment:?})");
    visitor.asks(&put).await;
    visitor.inspects("the fragment").await;
}

async fn inspected(visitor: &Visitor, page: &str, locale: &str) {
    let what = format!("{page}-{locale}");
    visitor.screenshot(&what).await;
    let found = visitor
        .asks("[document.documentElement.lang, document.documentElement.dir, document.documentElement.scrollWidth <= innerWidth]")
        .await;
    let direction = if locale == "ar" { "rtl" } else { "ltr" };
    assert_eq!(found, serde_json::json!([locale, direction, true]), "{what}");
    visitor.inspects(&what).await;
}
