//! The preview: an operator sees the draft's own banner in a frame, as visitors will; it works, and nothing of it is kept or sent.

use assent_tests::operator::Operator;
use assent_tests::stage::Stage;

/// What is found in the frame's banner.
const BAR: &str =
    "Array.from(document.querySelector('iframe').contentDocument.body.children, (one) => one.shadowRoot)
    .find((root) => root && root.querySelector('[data-act]'))";

pub(crate) async fn play(Stage { visitor, site, .. }: Stage) {
    let (home, link) = site.invites("ann@example.org").await;
    let ann = Operator::new(visitor.clone(), home);
    ann.comes_in_by(&link, "Ann").await;

    let notice = "/admin/sites/shop/notice";
    ann.opens(notice).await;
    ann.looks("overview").await;
    for (page, what) in [
        ("/who", "who"),
        ("/purposes", "purposes"),
        ("/languages/en", "words"),
        ("/looks", "look"),
        ("/toml", "file"),
    ] {
        ann.opens(&format!("{notice}{page}")).await;
        ann.looks(what).await;
    }
    ann.opens(&format!("{notice}/languages/en")).await;
    ann.fills("title", "A draft of a question").await;
    ann.presses("Save the draft").await;
    ann.sees("The draft is saved.").await;

    for layout in ["bar_bottom", "bar_top", "box", "dialog"] {
        for (theme, width) in [("light", 320), ("dark", 1200)] {
            ann.opens(&format!("{notice}/preview?layout={layout}&theme={theme}&width={width}&lang=en")).await;
            visitor.waits_for(&format!("{BAR}?.querySelector('[data-act=accept]')?.offsetHeight > 0")).await;
            let inside = "document.querySelector('iframe').contentWindow.innerWidth";
            assert_eq!(visitor.asks(inside).await, width, "the frame is as wide as the device");
            let title = visitor.asks(&format!("{BAR}.textContent.includes('A draft of a question')")).await;
            assert!(title == true, "{layout}: these are the draft's words");
            visitor.screenshot(&format!("{layout}-{theme}")).await;
        }
    }
    visitor.inspects("the preview").await;

    // The buttons work, up to the preferences, which the widget shows.
    // From outside of the frame, because the driver looks at one document at a time.
    let press = |what: &str| format!("({BAR}.querySelector({what:?}).click(), true)");
    visitor.asks(&press("[data-act=manage]")).await;
    visitor.waits_for(&format!("{BAR}.querySelector('dialog.choices[open] [role=switch]') !== null")).await;
    visitor.asks(&press(".choices [data-act=accept]")).await;
    visitor.waits_for(&format!("!{BAR}?.querySelector('.choices[open]')")).await;
    let kept = "[document.cookie.includes('assent='), localStorage.length]";
    assert_eq!(visitor.asks(kept).await, serde_json::json!([false, 0]), "nothing is kept");
    assert!(site.receipts().await.is_empty(), "nothing is recorded");

    ann.opens(&format!("{notice}/publish")).await;
    ann.looks("publish").await;
    ann.presses("Publish").await;
    ann.sees("It is published.").await;
    ann.looks("versions").await;
    ann.opens("/admin/sites/shop/notices/compare?old=1&new=2").await;
    ann.sees("A draft of a question").await;
    ann.looks("compared").await;
}
