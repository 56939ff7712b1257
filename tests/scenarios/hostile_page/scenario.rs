//! The page's style cannot reach the banner, nor the banner's the page: with everything against it, it looks as on a calm page,
//! lies on top and can be clicked; and the page's own elements look as without it.

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use serde_json::Value;

const PAGE: &str = "[probe.look(document.querySelector('#probe')), probe.look(document.body), probe.look(document.documentElement)]";
const BANNER: &str = "[...probe.actions(), probe.all('[data-act=manage]')[0], probe.bar()].map(probe.look)";
const DIALOG: &str = "[...probe.actions(), probe.dialog(), probe.switch('Video')].map(probe.look)";

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    visitor.open("/untagged.html").await;
    let untouched = visitor.asks(PAGE).await;
    for layout in crate::layouts::LAYOUTS {
        // The system's letters: the page's own would be the page's to choose.
        let look = format!("layout = {layout:?}\nfont = \"system\"");
        site.publish(&notice(&look, &["en"]), &[]).await.expect("another notice");
        host.set_tag(&format!("{TAG}?{layout}"));

        visitor.visit("/calm.html").await;
        visitor.sees_banner().await;
        visitor.lets_the_page_settle().await;
        visitor.points_away().await;
        let calm = visitor.asks(BANNER).await;
        visitor.manage().await;
        visitor.points_away().await;
        let calm_dialog = visitor.asks(DIALOG).await;

        visitor.visit("/").await;
        visitor.sees_banner().await;
        visitor.lets_the_page_settle().await;
        visitor.points_away().await;
        visitor.screenshot(layout).await;
        same(&calm, &visitor.asks(BANNER).await, layout);
        for act in ["accept", "reject", "manage"] {
            let hit = visitor.asks(&format!("probe.hits(probe.all('[data-act={act}]')[0])")).await;
            assert!(hit == true, "{layout}: something lies over {act}");
        }
        let page = visitor.asks(PAGE).await;
        // The page scrolls clear of the bar while it is there; a modal dialog has the page lie still.
        let scrolls = |look: &str| look.starts_with("scroll-padding");
        for (before, after) in pairs(&untouched, &page).filter(|(before, _)| !scrolls(before)) {
            assert_eq!(before, after, "{layout}: the page's own elements look as without the banner");
        }

        visitor.manage().await;
        visitor.points_away().await;
        same(&calm_dialog, &visitor.asks(DIALOG).await, layout);
        visitor.set("Video", true).await;
        visitor.save().await;
        assert_eq!(visitor.grants().await.as_deref(), Some("video"), "{layout}");
        visitor.reopen().await;
        visitor.reject_all().await;
        assert_eq!(
            pairs(&untouched, &visitor.asks(PAGE).await).find(|(before, after)| before != after),
            None
        );
        visitor.forgets().await;
    }
}

fn same(calm: &Value, hostile: &Value, layout: &str) {
    let different: Vec<_> = pairs(calm, hostile).filter(|(calm, hostile)| calm != hostile).collect();
    assert!(different.is_empty(), "{layout}: the page reached the banner: {different:#?}");
}

/// Every property of every element, in two worlds.
fn pairs<'a>(one: &'a Value, other: &'a Value) -> impl Iterator<Item = (&'a str, &'a str)> {
    let flat = |looks: &'a Value| {
        let elements = looks.as_array().into_iter().flatten();
        elements.flat_map(|look| look.as_array().into_iter().flatten()).filter_map(Value::as_str)
    };
    flat(one).zip(flat(other))
}
