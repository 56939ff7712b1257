//! The replay: the banner and the preferences as they were shown, drawn by the same components in the same style, in a frame that
//! says what it is; nothing in it can be pressed, and nothing is stored.

use assent_tests::notice::notice;
use assent_tests::stage::Stage;

/// The boxes of both frames and of what is inside them, and whether anything could be pressed.
const FRAMES: &str = "Array.from(document.querySelectorAll('assent-root'), ({ shadowRoot: root, parentElement: frame }) => {
    const [outer, inner] = [frame, root.querySelector('.bar,.choices')].map((element) => element.getBoundingClientRect());
    const style = getComputedStyle(root.querySelector('.act'));
    return {
        inside: inner.height > 40 && inner.top >= outer.top && inner.bottom <= outer.bottom && inner.left >= outer.left && inner.right <= outer.right,
        dead: Array.from(root.querySelectorAll('button,input')).every((one) => one.matches(':disabled')),
        styled: style.borderTopStyle === 'solid' && style.minHeight === '44px',
        buttons: Array.from(root.querySelectorAll('.act'), (button) => button.textContent),
        on: Array.from(root.querySelectorAll('input'), (input) => input.checked),
    };
})";

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    for (layout, scheme, locale) in [
        ("bar_bottom", "light", "en"),
        ("bar_top", "dark", "en"),
        ("box", "light", "ar"),
        ("box", "dark", "de"),
        ("dialog", "light", "en"),
        ("dialog", "dark", "ja"),
    ] {
        let look = format!("layout = {layout:?}\nscheme = {scheme:?}");
        let number =
            site.publish(&notice(&look, &["en", "ar", "de", "ja"]), &[]).await.expect("another notice");
        visitor.open(&format!("/_assent/shop/replay/{number}/{locale}?granted=video")).await;
        let what = format!("{layout}-{scheme}-{locale}");
        visitor.screenshot(&what).await;
        let frames = visitor.asks(FRAMES).await;
        for frame in [&frames[0], &frames[1]] {
            for holds in ["inside", "dead", "styled"] {
                assert_eq!(frame[holds], true, "{what}: {frames:#}");
            }
            assert_eq!(frame["buttons"].as_array().map(Vec::len), Some(3), "{what}: {frames:#}");
        }
        assert_eq!(frames[0]["on"], serde_json::json!([]), "{what}");
        assert_eq!(frames[1]["on"], serde_json::json!([true, false, true]), "{what}: what was granted is on");
        let page =
            "[document.documentElement.lang, document.documentElement.scrollWidth <= innerWidth, scrollY]";
        assert_eq!(visitor.asks(page).await, serde_json::json!([locale, true, 0]), "{what}");
        visitor.inspects(&what).await;
        visitor
            .press_this("document.querySelector('assent-root').shadowRoot.querySelector('[data-act=accept]')")
            .await;
        visitor.asks("document.querySelectorAll('assent-root')[1].scrollIntoView()").await;
        visitor.screenshot(&format!("{what}-preferences")).await;
    }
    assert!(visitor.cookies().await.is_empty(), "nothing is stored here");
    assert!(site.receipts().await.is_empty(), "or there");
}
