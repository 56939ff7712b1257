//! A window of 320 pixels, and a page zoomed to 400 % (320 by 256): nothing scrolls sideways, every button can be reached, and a
//! bar leaves the page half of the height (WCAG 1.4.10).

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::Visitor;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    // All that is wrong at once: one length of word seldom comes alone.
    let mut wrong = Vec::new();
    for layout in crate::layouts::LAYOUTS {
        let look = format!("layout = {layout:?}\nradius = 4");
        let number = site.publish(&notice(&look, &["en", "de", "ar"]), &[]).await.expect("another notice");
        for locale in ["en", "de", "ar"] {
            host.set_tag(&format!("{TAG}?lang={locale}&notice={number}"));
            for size in ["320x568", "320x256"] {
                let what = format!("{layout}-{size}-{locale}");
                visitor.open(&format!("/frame.html?{size}")).await;
                visitor.enters_frame().await;
                visitor.waits_for("window.heard && heard.includes('ready')").await;
                visitor.sees_banner().await;
                visitor.screenshot(&format!("{what}-banner")).await;
                fits(&visitor, &format!("{what}, banner"), 3, &mut wrong).await;
                let height = visitor.asks("probe.bar().getBoundingClientRect().height / innerHeight").await;
                let most = if layout == "dialog" { 1.0 } else { 0.505 };
                if height.as_f64().is_none_or(|height| height > most) {
                    wrong.push(format!("{what}: the banner takes {height} of the height"));
                }

                visitor.sees_widget().await;
                visitor.press_to("manage").await;
                visitor.sees_preferences().await;
                visitor.screenshot(&format!("{what}-preferences")).await;
                fits(&visitor, &format!("{what}, preferences"), 3, &mut wrong).await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Nothing is wider than the window, and each button, scrolled to, can be clicked; there are so many or more.
pub(crate) async fn fits(visitor: &Visitor, what: &str, buttons: u64, wrong: &mut Vec<String>) {
    let found = visitor
        .asks(
            "((all) => ({
                page: document.documentElement.scrollWidth - document.documentElement.clientWidth,
                wide: all.filter((element) => element.scrollWidth > element.clientWidth + 1 && element.clientWidth > 0
                    && getComputedStyle(element).overflowX !== 'visible').map((element) => element.outerHTML.slice(0, 90)),
                outside: all.filter((element) => element.getBoundingClientRect().left < -0.5
                    || element.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5).map((element) => element.outerHTML.slice(0, 90)),
                missed: probe.reachable('button').filter((button) => {
                    button.scrollIntoView({ block: 'center', behavior: 'instant' });
                    return !probe.hits(button);
                }).map(probe.name),
                buttons: probe.reachable('button').length,
            }))(probe.reachable('*').filter((element) => !element.closest('[role=status]')))",
        )
        .await;
    let nothing = serde_json::json!([]);
    let well = found["page"] == 0
        && ["wide", "outside", "missed"].iter().all(|list| found[list] == nothing)
        && found["buttons"].as_u64().is_some_and(|count| count >= buttons);
    if !well {
        wrong.push(format!("{what}: {found:#}"));
    }
}
