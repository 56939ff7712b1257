//! Owns what holds in every layout, in a light and in a dark scheme: nothing for axe to find, both answers alike, everything
//! at its place. Refuses to be a scenario: two of them play it, at the same time.

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::Visitor;

pub(crate) const LAYOUTS: [&str; 4] = ["bar_bottom", "bar_top", "box", "dialog"];
const LOCALES: [&str; 4] = ["en", "ar", "ja", "de"];

pub(crate) async fn play(Stage { visitor, host, site }: Stage, scheme: &str) {
    for layout in LAYOUTS {
        let look = format!("layout = {layout:?}\nscheme = {scheme:?}");
        let number = site.publish(&notice(&look, &LOCALES), &[]).await.expect("another notice");
        for locale in LOCALES {
            let what = |state: &str| format!("{layout}-{scheme}-{locale}-{state}");
            host.set_tag(&format!("{TAG}?lang={locale}&notice={number}"));
            visitor.visit("/inspected.html").await;
            visitor.sees_banner().await;
            alike(&visitor, &what("banner")).await;
            in_its_place(&visitor, layout, scheme, locale == "ar").await;
            visitor.screenshot(&what("banner")).await;
            visitor.inspects(&what("banner")).await;

            visitor.sees_widget().await;
            visitor.press_to("manage").await;
            visitor.sees_preferences().await;
            alike(&visitor, &what("preferences")).await;
            visitor.screenshot(&what("preferences")).await;
            visitor.inspects(&what("preferences")).await;
            visitor.escape().await;

            visitor.press_to("reject").await;
            visitor.sees_page_only().await;
            visitor.screenshot(&what("closed")).await;
            visitor.inspects(&what("closed")).await;
            visitor.forgets().await;
        }
    }
}

/// The two answers are one and the same button with two labels (EDPB Cookie Banner Taskforce, §§17-18).
pub(crate) async fn alike(visitor: &Visitor, what: &str) {
    visitor.points_away().await;
    let found = visitor
        .asks(
            "((actions) => ({
                count: actions.length,
                tags: new Set(actions.map((action) => [action.localName, action.className, action.getAttribute('part')].join())).size,
                looks: probe.look(actions[0]).filter((look, at) => look !== probe.look(actions[1])[at]),
                boxes: actions.map((action) => action.getBoundingClientRect()).map(({ width, height }) => [width, height]),
                contrasts: actions.map((action) => probe.contrast(action)),
                large: actions.every((action) => action.getBoundingClientRect().height >= 44),
                within: actions.every((action) => action.scrollWidth <= action.clientWidth),
            }))(probe.actions())",
        )
        .await;
    assert_eq!(found["count"], 2, "{what}: {found:#}");
    assert_eq!(found["tags"], 1, "{what}: {found:#}");
    assert_eq!(found["looks"], serde_json::json!([]), "{what}: {found:#}");
    let number = |list: &str, at: usize| found[list][at].as_f64().expect("a number");
    for side in 0..2 {
        let (one, other) = (&found["boxes"][0][side], &found["boxes"][1][side]);
        // Layout rounds to fractions of a pixel that nobody sees.
        let apart = one.as_f64().unwrap_or(0.0) - other.as_f64().unwrap_or(-9.0);
        assert!(apart.abs() < 1.0, "{what}: {found:#}");
    }
    assert!(number("contrasts", 0) >= 4.5 && number("contrasts", 1) >= 4.5, "{what}: {found:#}");
    assert!(found["large"] == true && found["within"] == true, "{what}: {found:#}");
}

/// The banner is where its layout says, as bright as its scheme says, and mirrored where lines begin on the right.
async fn in_its_place(visitor: &Visitor, layout: &str, scheme: &str, mirrored: bool) {
    let place = visitor
        .asks(
            "((box, [accept, reject], style) => ({
                top: box.top, left: box.left, width: box.width,
                below: innerHeight - box.bottom, after: document.documentElement.clientWidth - box.right,
                mirrored: style.direction === 'rtl' && accept.left >= reject.left,
                straight: style.direction === 'ltr' && accept.left <= reject.left,
                ground: style.backgroundColor.match(/\\d+/g).slice(0, 3).map(Number),
            }))(probe.bar().getBoundingClientRect(), probe.actions().map((action) => action.getBoundingClientRect()),
                getComputedStyle(probe.bar()))",
        )
        .await;
    let at = |edge: &str| place[edge].as_f64().expect("a number");
    let (start, end) = if mirrored { ("after", "left") } else { ("left", "after") };
    let fits = match layout {
        "bar_bottom" => at("below") < 40.0 && at("top") > 300.0 && at("width") > 600.0,
        "bar_top" => at("top") < 40.0 && at("below") > 300.0 && at("width") > 600.0,
        "box" => at("below") < 60.0 && at("width") < 600.0 && at(start) < 60.0 && at(end) > 300.0,
        _ => (at("left") - at("after")).abs() < 20.0 && (at("top") - at("below")).abs() < 40.0,
    };
    assert!(fits, "{layout}: {place:#}");
    assert!(place[if mirrored { "mirrored" } else { "straight" }] == true, "{layout}: {place:#}");
    let dark = place["ground"][1].as_u64().is_some_and(|green| green < 100);
    assert_eq!(dark, scheme == "dark", "{layout}: {place:#}");
}
