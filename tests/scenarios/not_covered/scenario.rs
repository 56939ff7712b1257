//! What has the focus is never under the banner (WCAG 2.2, 2.4.11), up and down a long page, in every layout that leaves the page
//! usable; and once the banner is gone, the page scrolls as it did before.

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::Visitor;

const LINKS: usize = 30;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    for layout in ["bar_bottom", "bar_top", "box"] {
        let look = format!("layout = {layout:?}\nradius = 3");
        site.publish(&notice(&look, &["en"]), &["analytics"]).await.expect("another notice");
        host.set_tag(&format!("{TAG}?{layout}"));
        visitor.visit("/").await;
        visitor.sees_banner().await;
        visitor.tabs_to("#link1").await;
        for at in 1..=LINKS {
            in_sight(&visitor, layout, at).await;
            if at < LINKS {
                visitor.tabs().await;
            }
        }
        visitor.screenshot(&format!("{layout}-last-link")).await;
        for at in (1..=LINKS).rev() {
            in_sight(&visitor, layout, at).await;
            visitor.tabs_back().await;
        }
        // By a script of the page, too.
        visitor.asks("document.querySelector('#link30').focus()").await;
        in_sight(&visitor, layout, LINKS).await;

        visitor.reject_all().await;
        let style = visitor.asks("document.documentElement.style.cssText").await;
        assert_eq!(style, "scroll-padding-top: 3px;", "{layout}: the page's own style is as it was");
        assert_eq!(visitor.asks("document.body.getAttribute('style') || ''").await, "", "{layout}");
    }
}

async fn in_sight(visitor: &Visitor, layout: &str, at: usize) {
    visitor.sees_focus_on(&format!("#link{at}")).await;
    let question = "probe.covered(probe.focused(), probe.bar()) === 0 && probe.hits(probe.focused())";
    for _ in 0..10 {
        if visitor.asks(question).await == true {
            return;
        }
        visitor.lets_the_page_settle().await;
    }
    let found = visitor
        .asks("[probe.focused().getBoundingClientRect().toJSON(), probe.bar().getBoundingClientRect().toJSON(), scrollY, innerHeight]")
        .await;
    panic!("{layout}: link {at} is covered: {found}");
}
