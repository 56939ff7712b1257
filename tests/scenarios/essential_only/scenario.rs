//! A notice with nothing optional asks nothing: no banner, no decision, no cookie, no receipt, whatever the page calls. An operator
//! who wants it has a bar that informs; once it is closed it stays so, until something necessary is added.

use assent_tests::site::NOTICE;
use assent_tests::stage::{Stage, TAG};
use assent_tests::visitor::{Cookie, Visitor};
use serde_json::json;

const BAR: &str = "probe.all('.informs').length";
const BUTTONS: &str = "probe.reachable('button').map((button) => probe.name(button))";
const DOT: &str = "Cookies and storage";

#[expect(clippy::too_many_lines, reason = "it is one visit after the other")]
pub(crate) async fn play(stage: Stage) {
    let Stage { visitor, host, site } = &stage;
    let (front, _) = NOTICE.split_once("[[purposes]]\nid = \"analytics\"").expect("analytics comes second");
    let informs = format!("{front}\n[appearance]\nessential_only = \"bar\"\n");
    site.publish(&informs, &[]).await.expect("notice 2");
    host.set_tag(&format!("{TAG}?bar"));
    visitor.visit("/").await;
    visitor.waits_for(BAR).await;
    assert!(!visitor.banner_is_shown().await, "nothing is asked");
    assert_eq!(visitor.asks(BUTTONS).await, json!(["Close"]), "one button, and nothing under it");
    let link = visitor.asks("probe.all('.informs a')[0].href").await;
    assert!(link.as_str().is_some_and(|link| link.ends_with("/_assent/shop/cookies?lang=en")), "{link}");
    visitor.inspects("the bar that informs").await;
    visitor.screenshot("bar").await;

    // Whatever the page calls: there is nothing to decide, and nothing is kept.
    visitor.asks("assent.accept(), assent.reject(), assent.withdraw(), 1").await;
    assert_eq!(visitor.asks("assent.choices()").await, json!({}));
    assert_eq!(
        visitor.asks("[assent.granted('necessary'), assent.granted('analytics')]").await,
        json!([true, false])
    );
    nothing_is_kept(visitor).await;
    assert_eq!(visitor.asks("localStorage.length").await, 0);
    visitor.reload().await;
    visitor.waits_for(BAR).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.loaded("widget.wasm").await, "to inform takes no WebAssembly");
    assert_eq!(visitor.asks("heard.includes('shown')").await, false, "no question was shown");
    assert!(host.seen("/_assent/shop/shown").is_empty(), "and none is counted");

    // Closed is closed, without a cookie; what is kept is the notice's number.
    visitor.press("Close").await;
    visitor.waits_for(&format!("!{BAR}")).await;
    assert_eq!(visitor.asks("probe.name(probe.focused())").await, DOT, "the keyboard goes on");
    assert_eq!(
        visitor.asks("JSON.parse(localStorage.getItem('assent'))").await,
        json!({"queue": [], "informed": 2})
    );
    visitor.reload().await;
    visitor.press(DOT).await;
    visitor.sees_preferences().await;
    assert_eq!(visitor.asks(BAR).await, 0);
    shows_what_is_necessary(visitor).await;
    visitor.screenshot("preferences").await;
    visitor.press_this("probe.reachable('.acts button')[0]").await;
    visitor.waits_for("!probe.dialog()").await;
    assert_eq!(
        visitor.asks("probe.roots()[0].querySelector('[role=status]').textContent").await,
        "",
        "nothing was saved"
    );
    visitor.click("#settings").await;
    visitor.sees_preferences().await;
    visitor.escape().await;
    nothing_is_kept(visitor).await;

    // Something necessary is added: that is told once more.
    let more = informs.replace(
        "\n[appearance]",
        &format!(
            "{}\n[appearance]",
            front[front.find("[[purposes]]").expect("a purpose")..].replace("necessary", "safety")
        ),
    );
    assert_eq!(site.publish(&more, &[]).await.expect("notice 3"), 3);
    host.set_tag(&format!("{TAG}?more"));
    visitor.visit("/").await;
    visitor.waits_for(BAR).await;
    visitor.press("Close").await;

    // It fits into a small window, in every layout; none of them stops anybody.
    let mut wrong = vec![];
    for layout in crate::layouts::LAYOUTS {
        let look = format!("essential_only = \"bar\"\nlayout = {layout:?}");
        let text = more.replace("essential_only = \"bar\"", &look);
        // One of them is the notice as it is.
        let number = site.publish(&text, &[]).await.unwrap_or_default();
        visitor.forgets().await;
        host.set_tag(&format!("{TAG}?{layout}={number}"));
        for size in ["320x568", "320x256"] {
            visitor.open(&format!("/narrow/frame.html?{size}")).await;
            visitor.enters_frame().await;
            visitor.waits_for(BAR).await;
            visitor.screenshot(&format!("{layout}-{size}")).await;
            crate::narrow::fits(visitor, &format!("{layout}-{size}"), 1, &mut wrong).await;
        }
        assert_eq!(visitor.asks("probe.all(':modal').length").await, 0, "{layout}");
        visitor.open("/").await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // By default there is nothing but the button; the table of cookies is there, and so are the preferences.
    site.publish(front, &[]).await.expect("the last notice");
    host.set_tag(&format!("{TAG}?nothing"));
    visitor.forgets().await;
    visitor.visit("/").await;
    visitor.press(DOT).await;
    visitor.sees_preferences().await;
    assert_eq!(visitor.asks(BAR).await, 0);
    shows_what_is_necessary(visitor).await;
    visitor.inspects("the preferences without a choice").await;
    visitor.escape().await;
    nothing_is_kept(visitor).await;
    assert_eq!(visitor.asks("localStorage.length").await, 0);
    for page in ["/_assent/shop/cookies", "/_assent/shop/choices"] {
        visitor.open(page).await;
        let words = visitor.asks("document.querySelector('main').textContent").await;
        assert!(words.as_str().is_some_and(|words| words.contains("basket")), "{page}: {words}");
        assert_eq!(visitor.asks("document.querySelectorAll('button, input').length").await, 0, "{page}");
        visitor.inspects(page).await;
    }
    assert!(stage.posted().is_empty() && site.receipts().await.is_empty());
}

async fn shows_what_is_necessary(visitor: &Visitor) {
    let words = visitor.asks("probe.text(probe.dialog())").await;
    let words = words.as_str().unwrap_or_default();
    assert!(
        words.contains("Keeps the basket.") && words.contains("You do not have to choose anything."),
        "{words}"
    );
    assert_eq!(visitor.asks(BUTTONS).await, json!(["Close", "Close"]), "nothing to accept, nothing to save");
}

async fn nothing_is_kept(visitor: &Visitor) {
    let cookies: Vec<Cookie> = visitor.cookies().await;
    assert!(cookies.is_empty(), "{cookies:?}");
    assert!(visitor.ran().await.is_empty(), "what no purpose allows does not run");
}
