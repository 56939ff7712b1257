//! Every language that Assent ships: the banner and the preferences speak it, run in its direction, and leave axe nothing.

use assent_tests::notice::{notice, shipped_locales};
use assent_tests::stage::{Stage, TAG};
use toml::Table;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    let locales = shipped_locales();
    assert!(locales.len() >= 35, "{locales:?}");
    let tags: Vec<&str> = locales.iter().map(String::as_str).collect();
    site.publish(&notice("", &tags), &[]).await.expect("another notice");
    for locale in tags {
        host.set_tag(&format!("{TAG}?lang={locale}&all"));
        visitor.visit("/inspected.html").await;
        visitor.sees_banner().await;
        let file = format!("{}/../server/locales/{locale}.toml", env!("CARGO_MANIFEST_DIR"));
        let texts: Table =
            std::fs::read_to_string(file).expect("a language's file").parse().expect("is TOML");
        let said = visitor
            .asks("[probe.actions().map(probe.text), probe.roots()[0].host.lang, getComputedStyle(probe.bar()).direction]")
            .await;
        let banner = &texts["banner"];
        let words = |key: &str| banner[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            said,
            serde_json::json!([[words("accept"), words("reject")], locale, texts["direction"].as_str()]),
            "{locale}"
        );
        visitor.inspects(&format!("{locale}, banner")).await;
        visitor.sees_widget().await;
        visitor.press_to("manage").await;
        visitor.sees_preferences().await;
        visitor.inspects(&format!("{locale}, preferences")).await;
    }
}
