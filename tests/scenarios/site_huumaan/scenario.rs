//! Huumaan's promises: nothing optional before a yes, a choice that can be changed at any time, the cookie policy as a page of its
//! own, one's records read, taken along and erased, and no new purpose without asking.

use assent_shared::Method;
use assent_tests::stage::Stage;
use serde_json::{Value, json};

const SITE: &str = "huumaan";
const NOTICE: &str = include_str!("../../../examples/huumaan/notice.toml");
/// What the page says of its two scripts.
const STATE: &str = "['analytics', 'preferences'].map((id) => document.getElementById(id).textContent)";
const LEFT: &str = "[document.cookie.includes('visits'), localStorage.getItem('settings') !== null]";
const RESEARCH: &str = r#"
[[purposes]]
id = "research"
legal_basis = "consent"
data = ["answers to questions"]
recipients = []
retention = "1 year"
storage_locations = ["GB"]
texts.en = { name = "Research", description = "Asks you now and then how it went." }
texts.de = { name = "Forschung", description = "Fragt Sie ab und zu, wie es lief." }
"#;

pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    stage.open_example("huumaan").await;
    let page = stage.example("huumaan", SITE, 1);

    // Before a choice, and after a no: neither script is fetched, and nothing is kept.
    visitor.visit(&page).await;
    visitor.sees_banner().await;
    visitor.inspects("the page").await;
    visitor.screenshot("page").await;
    assert!(visitor.cookies().await.is_empty(), "nothing before a choice");
    visitor.reject_all().await;
    visitor.reload().await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.asks(STATE).await, json!(["no", "no"]));
    assert_eq!(visitor.asks(LEFT).await, json!([false, false]));
    assert!(
        ["analytics.js", "preferences.js"]
            .iter()
            .all(|file| host.seen(&format!("/examples/huumaan/{file}")).is_empty())
    );

    // Changed at any time, one purpose by itself; and back.
    visitor.click("[data-assent-open]").await;
    visitor.sees_preferences().await;
    visitor.set("Preferences", true).await;
    visitor.save().await;
    visitor.waits_for(&format!("String({STATE}) === 'no,yes'")).await;
    visitor.click("[data-assent-open]").await;
    visitor.sees_preferences().await;
    visitor.accept_all().await;
    visitor.waits_for(&format!("String({STATE}) === 'yes,yes'")).await;
    visitor.reopen().await;
    visitor.reject_all().await;
    visitor.waits_for(&format!("String({LEFT}) === 'false,false'")).await;
    let methods: Vec<Method> =
        site.has_receipts_at(SITE, 4).await.iter().map(|receipt| receipt.method).collect();
    assert_eq!(methods, [Method::RejectAll, Method::Custom, Method::AcceptAll, Method::Withdraw]);
    visitor.has_sent_all().await;

    // The cookie policy is a page of its own, in both languages.
    let home = host.origin_of("huumaan.localhost");
    for (lang, words) in
        [("en", ["Tells visits apart.", "Cookie policy"]), ("de", ["Unterscheidet Besuche.", "Statistik"])]
    {
        visitor.open(&format!("{home}/_assent/huumaan/cookies?lang={lang}")).await;
        let told = visitor.asks("document.querySelector('main').textContent").await;
        assert!(told.as_str().is_some_and(|told| told.contains(words[0])), "{lang}: {told}");
        assert!(lang == "en" || told.as_str().is_some_and(|told| told.contains(words[1])), "{lang}: {told}");
        assert_eq!(
            visitor.asks("document.querySelectorAll('tbody tr').length").await,
            7,
            "{lang}: every one is told"
        );
    }

    // Access and portability: one's records as a page, and as a file for machines.
    visitor.open(&format!("{home}/_assent/huumaan/me")).await;
    assert_eq!(visitor.asks("document.querySelectorAll('.record').length").await, 4);
    visitor.screenshot("records").await;
    visitor.visit(&page).await;
    let file = visitor.fetches("/_assent/huumaan/me/receipts.json").await;
    let file: Value = serde_json::from_str(&file).expect("the file is JSON");
    assert_eq!(file["receipts"].as_array().map(Vec::len), Some(4));
    // Deletion.
    visitor.open(&format!("{home}/_assent/huumaan/me")).await;
    visitor.click("summary").await;
    visitor.click("form button").await;
    visitor.waits_for("document.querySelector('[role=status]') !== null").await;
    assert!(site.receipts_at(SITE).await.is_empty());

    // A new purpose only after consent: it is asked, named, and off until then.
    let more = format!("{NOTICE}{RESEARCH}");
    assert_eq!(site.publish_at(SITE, &more, &[]).await.expect("notice 2"), 2);
    visitor.visit(&stage.example("huumaan", SITE, 2)).await;
    visitor.sees_banner().await;
    assert_eq!(
        visitor.asks("probe.all('#news')[0].textContent").await,
        "New or changed since your last choice: Research"
    );
    assert_eq!(visitor.asks("assent.granted('research')").await, false);
    visitor.reject_all().await;
    site.has_receipts_at(SITE, 1).await;
}
