//! Who is asked again is told what is new: in the banner before any WebAssembly, after it came, and in the preferences, in the
//! site's own words where it has some. Who comes for the first time, or has answered, is told nothing of the kind.

use assent_tests::page::Trouble;
use assent_tests::site::NOTICE;
use assent_tests::stage::{Stage, TAG};
use serde_json::json;

const MARKETING: &str = r#"
[[purposes]]
id = "marketing"
legal_basis = "consent"
data = ["pd:UID"]
recipients = ["An advertiser"]
retention = "1 year"
storage_locations = ["IE"]

[purposes.texts.en]
name = "Marketing"
description = "Shows what you may like."
"#;
const SAID: &str = "New or changed since your last choice: Video (films now come from two houses), Marketing";
const BANNER: &str = "probe.all('#news').map((line) => line.textContent)";
const PREFERENCES: &str = "Array.from(probe.dialog().querySelectorAll('b'), (mark) => mark.textContent)";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    assert_eq!(visitor.asks(BANNER).await, json!([]), "nothing is new to who comes for the first time");
    visitor.accept_all().await;
    site.has_one_receipt().await;
    visitor.has_sent_all().await;

    let words = "name = \"Video\"\n";
    assert!(NOTICE.contains(words));
    let changed =
        NOTICE.replace(words, &format!("{words}changed = \"films now come from two houses\"\n")) + MARKETING;
    assert_eq!(site.publish(&changed, &["video"]).await.expect("notice 2"), 2);
    host.set_tag(&format!("{TAG}?second"));
    host.trouble("/_assent/widget/", Trouble::Hold);
    visitor.visit("/").await;
    visitor.sees_banner().await;
    assert_eq!(visitor.asks(BANNER).await, json!([SAID]), "by the tag alone");
    visitor.screenshot("banner").await;
    host.relieve("/_assent/widget/");
    visitor.sees_widget().await;
    assert_eq!(visitor.asks(BANNER).await, json!([SAID]), "the widget says the same");
    visitor.inspects("the banner with news").await;

    visitor.manage().await;
    assert_eq!(
        visitor.asks(PREFERENCES).await,
        json!(["", "", "New or changed: films now come from two houses", "New or changed"])
    );
    let described =
        "probe.dialog().querySelector('#' + probe.dialog().getAttribute('aria-describedby')).textContent";
    assert_eq!(visitor.asks(described).await, SAID, "it is what the dialog is described by");
    assert!(visitor.is_on("Analytics").await && !visitor.is_on("Video").await, "what is new is not ticked");
    visitor.inspects("the preferences with news").await;
    visitor.screenshot("preferences").await;
    visitor.set("Marketing", true).await;
    visitor.save().await;
    visitor.sees_ran(&["analytics"]).await;

    // It is answered: nothing is new any more, on this page and on the next one.
    for _ in 0..2 {
        visitor.reopen().await;
        assert_eq!(visitor.asks(PREFERENCES).await, json!(["", "", "", ""]));
        assert_eq!(visitor.asks("probe.dialog().querySelector('#fresh').textContent").await, "");
        visitor.escape().await;
        visitor.has_sent_all().await;
        visitor.reload().await;
    }
    visitor.forgets().await;
    visitor.reload().await;
    visitor.sees_banner().await;
    visitor.sees_widget().await;
    assert_eq!(visitor.asks(BANNER).await, json!([]), "a first visit has no news");

    // A dialog that asks is described by them, and the form without a script says them too.
    visitor.remembers("1~1~t0~analytics.video").await;
    visitor.open("/_assent/shop/choices").await;
    assert_eq!(visitor.asks("document.querySelector('.told').textContent").await, SAID);
    visitor.inspects("the form with news").await;
    visitor.screenshot("form").await;
    let dialog = format!("{changed}\n[appearance]\nlayout = \"dialog\"\n");
    assert_eq!(site.publish(&dialog, &[]).await.expect("notice 3"), 3);
    host.set_tag(&format!("{TAG}?third"));
    visitor.visit("/").await;
    visitor.sees_banner().await;
    visitor.sees_widget().await;
    assert_eq!(visitor.asks(BANNER).await, json!([SAID]));
    assert_eq!(visitor.asks("probe.bar().getAttribute('aria-describedby')").await, "news");
    visitor.inspects("the dialog with news").await;
    visitor.screenshot("dialog").await;
    visitor.reject_all().await;
    site.has_receipts(3).await;
}
