//! No is as easy as yes: both answers look alike, stand side by side, and are told alike to assistive technology.

use assent_tests::stage::Stage;
use assent_tests::visitor::{ACCEPT, MANAGE, REJECT, Visitor};

const LOOKS: &[&str] = &[
    "height",
    "fontSize",
    "fontWeight",
    "fontFamily",
    "lineHeight",
    "color",
    "backgroundColor",
    "borderTopColor",
    "borderTopWidth",
    "borderRadius",
    "paddingTop",
    "paddingLeft",
    "opacity",
    "textTransform",
    "boxShadow",
    "cursor",
];

pub(crate) async fn play(Stage { visitor, .. }: Stage) {
    visitor.visit("/").await;
    visitor.sees_banner().await;
    alike(&visitor).await;
    for name in [ACCEPT, REJECT, MANAGE] {
        let button = format!("probe.button({name:?})");
        assert_eq!(visitor.hears_as(&button).await, ("button".to_owned(), name.to_owned()));
    }
    let tops = format!(
        "[{ACCEPT:?}, {REJECT:?}, {MANAGE:?}].map((name) => probe.button(name).getBoundingClientRect().top)"
    );
    let one_line = visitor.asks(&format!("new Set({tops}).size")).await;
    assert_eq!(one_line, 1, "they stand side by side");

    visitor.manage().await;
    alike(&visitor).await;
    assert_eq!(visitor.hears_as("probe.dialog()").await, ("dialog".to_owned(), "Privacy choices".to_owned()));
    let switch = visitor.hears_as("probe.switch('Analytics')").await;
    assert_eq!(switch, ("switch".to_owned(), "Analytics".to_owned()));
    let inside = visitor.asks("probe.dialog().contains(probe.roots()[0].activeElement)").await;
    assert!(inside == true, "the focus is in the preferences");
}

async fn alike(visitor: &Visitor) {
    let look = |name: &str| {
        format!(
            "((style) => {LOOKS:?}.map((look) => look + ': ' + style[look]))(getComputedStyle(probe.button({name:?})))"
        )
    };
    assert_eq!(visitor.asks(&look(ACCEPT)).await, visitor.asks(&look(REJECT)).await);
    // Layout rounds to fractions of a pixel that nobody sees.
    let width = |name: &str| format!("Math.round(probe.button({name:?}).getBoundingClientRect().width)");
    assert_eq!(visitor.asks(&width(ACCEPT)).await, visitor.asks(&width(REJECT)).await);
}
