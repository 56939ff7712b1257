//! What a visitor's system wishes: forced colours, a dark scheme, less motion; and paper. Only Chromium can be told of these by
//! its driver; in the other engines this scenario looks at what the style itself says.

use assent_tests::engine::Engine;
use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::{ACCEPT, REOPEN, SAVE, Visitor};

/// Whether everything that may be pressed or that floats has an edge that can be seen without grounds and shadows.
const EDGES: &str = "((elements) => elements.filter((element) => {
    const { borderTopStyle, borderTopWidth, borderTopColor } = getComputedStyle(element);
    return borderTopStyle === 'none' || parseFloat(borderTopWidth) < 1 || borderTopColor === 'rgba(0, 0, 0, 0)';
}).map((element) => element.outerHTML.slice(0, 90)))";
/// Whatever moves: transitions and animations of every element and of what is drawn before it.
const MOVES: &str = "probe.all('*').flatMap((element) => [element, '::before', '::after', '::backdrop'].map((pseudo) =>
    getComputedStyle(element, pseudo === element ? null : pseudo))).filter((style) =>
    parseFloat(style.transitionDuration) > 0.01 || (style.animationName !== 'none' && parseFloat(style.animationDuration) > 0.01)).length";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    for layout in crate::layouts::LAYOUTS {
        let look = format!("layout = {layout:?}\nradius = 5");
        site.publish(&notice(&look, &["en"]), &[]).await.expect("another notice");
        host.set_tag(&format!("{TAG}?wishes={layout}"));
        visitor.visit("/inspected.html").await;
        visitor.sees_banner().await;
        // What the engines without a way to be told are asked: whether the style has an answer for each wish.
        for wish in ["forced-colors", "prefers-reduced-motion", "print", "prefers-color-scheme"] {
            let known = format!(
                "probe.roots()[0].adoptedStyleSheets.some((sheet) => Array.from(sheet.cssRules).some((rule) =>
                    rule.media && rule.media.mediaText.includes({wish:?})))"
            );
            visitor.waits_for(&known).await;
        }
        if visitor.engine() == Engine::Chromium {
            forced_colours(&visitor, layout).await;
            paper(&visitor, layout).await;
            scheme(&visitor).await;
            less_motion(&visitor).await;
        }
        visitor.forgets().await;
    }
}

async fn forced_colours(visitor: &Visitor, layout: &str) {
    // Without motion a switch looks from the start as it does in the end.
    visitor.wishes("", &[("forced-colors", "active"), ("prefers-reduced-motion", "reduce")]).await;
    assert!(visitor.asks("matchMedia('(forced-colors: active)').matches").await == true);
    let nothing = serde_json::json!([]);
    // The cross is a drawing by itself.
    let edges = format!("{EDGES}([probe.bar(), ...probe.all('button:not([data-act=close])')])");
    assert_eq!(visitor.asks(&edges).await, nothing, "{layout}: the banner's edges");
    visitor.tabs_to(ACCEPT).await;
    ring(visitor, layout).await;
    visitor.screenshot(&format!("{layout}-forced-colours-banner")).await;
    visitor.inspects(&format!("{layout}, forced colours")).await;

    visitor.manage().await;
    let edges = format!("{EDGES}([probe.dialog(), ...probe.actions(), ...probe.all('[role=switch]')])");
    assert_eq!(visitor.asks(&edges).await, nothing, "{layout}: the preferences' edges");
    visitor.tabs_to("Video").await;
    ring(visitor, layout).await;
    // On and off differ by more than a ground that forced colours take away.
    visitor.set("Video", true).await;
    visitor.screenshot(&format!("{layout}-forced-colours-preferences")).await;
    let switch = "((of) => [of.translate, of.insetInlineStart, of.marginInlineStart, of.content, of.transform].join())(getComputedStyle(probe.switch(NAME), '::before'))";
    let look = |name: &str| switch.replace("NAME", name);
    assert_ne!(visitor.asks(&look("'Video'")).await, visitor.asks(&look("'Analytics'")).await, "{layout}");
    visitor.tabs_to(SAVE).await;
    ring(visitor, layout).await;
    visitor.escape().await;
    visitor.wishes("", &[]).await;
}

/// What has the focus has a ring around it.
async fn ring(visitor: &Visitor, layout: &str) {
    let ring = visitor
        .asks("(({ outlineStyle, outlineWidth }) => outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2)(getComputedStyle(probe.focused()))")
        .await;
    assert!(ring == true, "{layout}: {} has a ring", visitor.focus().await);
}

async fn paper(visitor: &Visitor, layout: &str) {
    visitor.wishes("print", &[]).await;
    assert!(!visitor.banner_is_shown().await, "{layout}: no banner on paper");
    visitor.wishes("", &[]).await;
    visitor.manage().await;
    visitor.wishes("print", &[]).await;
    assert!(visitor.asks("probe.all('*').length").await == 0, "{layout}: no preferences on paper");
    visitor.wishes("", &[]).await;
    visitor.escape().await;
}

async fn scheme(visitor: &Visitor) {
    let ground = "getComputedStyle(probe.bar()).backgroundColor";
    visitor.wishes("", &[("prefers-color-scheme", "dark")]).await;
    let dark = visitor.asks(ground).await;
    visitor.inspects("auto, dark").await;
    visitor.wishes("", &[("prefers-color-scheme", "light")]).await;
    assert_ne!(visitor.asks(ground).await, dark, "the scheme follows the system's");
    visitor.inspects("auto, light").await;
}

async fn less_motion(visitor: &Visitor) {
    visitor.wishes("", &[("prefers-reduced-motion", "reduce")]).await;
    visitor.manage().await;
    assert_eq!(visitor.asks(MOVES).await, 0, "nothing moves in the preferences");
    visitor.reject_all().await;
    assert_eq!(visitor.asks(MOVES).await, 0, "nothing moves after an answer");
    visitor.wishes("print", &[]).await;
    assert!(visitor.asks(&format!("probe.button({REOPEN:?}) === null")).await == true, "no button on paper");
    visitor.wishes("", &[]).await;
}
