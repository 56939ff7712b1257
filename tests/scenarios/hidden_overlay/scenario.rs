//! A blocker hides what we show, at once or later: the page is never locked by what cannot be seen, whatever the layout.

use assent_tests::notice::notice;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::Visitor;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    for layout in crate::layouts::LAYOUTS {
        let look = format!("layout = {layout:?}\nradius = 6");
        site.publish(&notice(&look, &["en"]), &[]).await.expect("another notice");
        host.set_tag(&format!("{TAG}?{layout}"));

        visitor.visit("/?early").await;
        visitor.lets_the_page_settle().await;
        assert!(!visitor.banner_is_shown().await, "{layout}: the blocker hides it");
        is_free(&visitor, layout, "hidden at once").await;
        visitor.click("#settings").await;
        visitor.lets_the_page_settle().await;
        is_free(&visitor, layout, "hidden preferences").await;

        visitor.visit("/").await;
        visitor.sees_banner().await;
        visitor.lets_the_page_settle().await;
        visitor.asks("hide()").await;
        is_free(&visitor, layout, "hidden later").await;

        visitor.visit("/").await;
        visitor.manage().await;
        visitor.asks("hide()").await;
        is_free(&visitor, layout, "preferences hidden later").await;
        assert!(visitor.cookies().await.is_empty(), "{layout}: what is hidden decides nothing");
    }
}

/// The page can be clicked, scrolled, and gone through by the keyboard.
async fn is_free(visitor: &Visitor, layout: &str, when: &str) {
    let question = "((plain) => {
        plain.focus();
        scrollTo(0, 500);
        const scrolled = scrollY;
        scrollTo(0, 0);
        return [probe.hits(plain), document.activeElement === plain, scrolled === 500, getComputedStyle(document.body).overflow];
    })(document.querySelector('#plain'))";
    let free = serde_json::json!([true, true, true, "visible"]);
    for _ in 0..60 {
        if visitor.asks(question).await == free {
            break;
        }
        visitor.lets_the_page_settle().await;
    }
    assert_eq!(
        visitor.asks(question).await,
        free,
        "{layout}, {when}: reachable, focusable, scrollable, overflow"
    );
    let before = visitor.asks("clicks").await;
    visitor.click("#plain").await;
    assert_ne!(visitor.asks("clicks").await, before, "{layout}, {when}: a click arrives");
}
