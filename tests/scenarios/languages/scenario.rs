//! Which language the banner speaks: the one that the tag asks for, else the page's, else the browser's, else the notice's own;
//! exactly, or the nearest. Only that one travels.

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};

const LOCALES: [&str; 6] = ["en", "ar", "de", "pt-BR", "zh-Hans", "zh-Hant"];

/// `?lang=`, the page's language, the browser's languages, and what comes of them.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("de", "", "en", "de"),
    ("de", "ar", "en", "de"),
    ("", "ar", "en", "ar"),
    ("", "ar-EG", "en", "ar"),
    ("", "pt", "en", "pt-BR"),
    ("", "zh-TW", "en", "zh-Hant"),
    ("", "zh", "en", "zh-Hans"),
    ("", "de", "de-AT,de;q=0.9,en;q=0.5", "de"),
    ("", "", "de-AT,de;q=0.9,en;q=0.5", "de"),
    ("", "", "fr,ar;q=0.5", "ar"),
    ("", "", "fr", "en"),
    ("", "fr", "de", "de"),
    ("", "not a language", "de", "de"),
    ("xx", "", "de", "de"),
];

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    site.publish(&notice("", &LOCALES), &[]).await.expect("another notice");
    for (at, (asked, page, browser, spoken)) in TABLE.iter().enumerate() {
        let case = format!("?lang={asked}, page {page:?}, browser {browser}");
        host.set_languages(browser);
        let lang = if asked.is_empty() { String::new() } else { format!("lang={asked}&") };
        host.set_tag(&format!("{TAG}?{lang}case={at}"));
        let before = host.seen(TAG).len();
        visitor
            .open(&if page.is_empty() { "/lang.html".to_owned() } else { format!("/lang.html?{page}") })
            .await;
        visitor.waits_for("heard.includes('ready') || document.title === ''").await;
        visitor.sees_banner().await;
        let found = visitor
            .asks(
                "[probe.roots().length, probe.roots()[0].host.lang, getComputedStyle(probe.bar()).direction]",
            )
            .await;
        let direction = if *spoken == "ar" { "rtl" } else { "ltr" };
        assert_eq!(found, serde_json::json!([1, spoken, direction]), "{case}");
        let loaded = host.seen(TAG).len() - before;
        assert!(loaded <= 2, "{case}: the tag was loaded {loaded} times");
        assert_eq!(visitor.asks("heard.filter((name) => name === 'ready').length").await, 1, "{case}");
    }

    // The whole tag in one language has no word of another.
    let german = visitor.fetches(&format!("{TAG}?lang=de")).await;
    assert!(german.contains("Alle ablehnen") || german.contains("ablehnen"), "it speaks German");
    for other in ["Accept all", "Your choice is saved.", "\u{642}\u{628}\u{648}\u{644}", "\u{63a5}\u{53d7}"] {
        assert!(!german.contains(other), "the German tag says `{other}`");
    }

    // Right to left: what comes first is on the right, also the floating button.
    host.set_tag(&format!("{TAG}?lang=ar&last"));
    visitor.visit("/lang.html?ar").await;
    visitor.sees_banner().await;
    visitor.screenshot("rtl").await;
    let right = visitor
        .asks("(([accept, reject]) => accept.left > reject.left)(probe.actions().map((action) => action.getBoundingClientRect()))")
        .await;
    assert!(right == true, "the first answer is on the right");
    visitor.press_to("reject").await;
    visitor.sees_page_only().await;
    let corner =
        visitor.asks("probe.all('[data-act=open]')[0].getBoundingClientRect().left > innerWidth / 2").await;
    assert!(corner == true, "the floating button is where lines begin");
    assert_eq!(site.has_one_receipt().await.locale.as_str(), "ar");
}
