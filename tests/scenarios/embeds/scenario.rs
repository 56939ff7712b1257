//! Held embeds: each shows in its place, and in its size, what it is, who provides it and the ways on; allowed once or always,
//! held again after a withdrawal, also when it came into the page later; and never at odds with the preferences.

use assent_shared::Method;
use assent_tests::deadline::eventually;
use assent_tests::stage::Stage;
use assent_tests::visitor::Visitor;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    // What stands for an embed moves nothing, wherever the page has put it.
    visitor.visit("/still.html").await;
    visitor.waits_for("stands() === 5").await;
    visitor.screenshot("still").await;
    assert_eq!(visitor.asks("places()").await, visitor.asks("before").await);

    visitor.visit("/").await;
    visitor.waits_for("stands() === 5").await;
    visitor.screenshot("held").await;
    says(&visitor, "#film", &["A film about kilns", "Video", &host.origin()[7..]]).await;
    says(&visitor, "#wide", &["Example Video", "Analytics, Video"]).await;
    assert_eq!(visitor.asks("near('#film')").await, serde_json::json!([420, 240]), "the embed's own size");
    assert!(
        visitor.asks("near('#wide')[0] > 900 && near('#wide')[1] > 150").await == true,
        "as wide as the page"
    );
    assert!(visitor.asks("stand('#pixel') === null && stand('#picture') === null").await == true);
    visitor.inspects("placeholders of held embeds").await;
    for asked_for in [
        "/frame.html",
        "/frame.html?wide",
        "/clip.webm",
        "/poster.png",
        "/picture.png",
        "/small.png",
        "/held.css",
        "/frame.html?embed",
    ] {
        assert!(host.seen(asked_for).is_empty(), "{asked_for} was fetched before a choice");
    }

    // Once: this one, on this page; nothing is decided and nothing is kept.
    chooses(&visitor, "#film", "Allow once").await;
    visitor.waits_for("title('#film') === 'A film' && stand('#film') === null && stands() === 4").await;
    assert_eq!(visitor.asks("getComputedStyle(document.querySelector('#film')).display").await, "block");
    assert_eq!(visitor.asks("document.activeElement.id").await, "film", "the keyboard goes on in the film");
    assert!(visitor.cookies().await.is_empty());
    assert!(visitor.banner_is_shown().await, "the question is still open");

    // What comes later is held and shown alike; so is what was a template.
    visitor.asks("room.append(document.querySelector('#more').content.cloneNode(true)), 1").await;
    visitor.waits_for("document.querySelector('#inner') && stand('#inner') !== null").await;

    // Always: a decision about its purpose, with its receipt; the other purposes stay denied.
    chooses(&visitor, "#clip", "Always allow").await;
    visitor
        .waits_for("title('#film') === 'A film' && stand('#inner') === null && title('#inner') === 'A film'")
        .await;
    visitor.waits_for("document.querySelector('#clip').poster.endsWith('/poster.png')").await;
    visitor.sees_page_only().await;
    let receipt = site.has_one_receipt().await;
    assert_eq!((receipt.method, receipt.layer), (Method::Custom, 3));
    assert_eq!(visitor.grants().await.as_deref(), Some("video"));
    assert_eq!(visitor.asks("stands()").await, 1, "the wide one needs analytics too");
    visitor.reopen().await;
    assert!(visitor.is_on("Video").await && !visitor.is_on("Analytics").await, "the preferences agree");
    visitor.set("Analytics", true).await;
    visitor.save().await;
    visitor.waits_for("stands() === 0 && title('#wide') === 'A film'").await;
    visitor.waits_for("document.querySelector('#sheet').sheet !== null").await;
    eventually("the picture of the right size", || async { host.seen("/small.png").pop() }).await;
    eventually("the old way's content", || async { host.seen("/frame.html?embed").pop() }).await;

    // Withdrawn: held again, also the one that was allowed once; what was shown is gone from memory and screen.
    visitor.reopen().await;
    visitor.reject_all().await;
    visitor.waits_for("stands() === 6").await;
    visitor.waits_for("['#film', '#wide', '#inner'].every((id) => !document.querySelector(id).hasAttribute('src') && title(id) !== 'A film')").await;
    assert_eq!(
        visitor.asks("document.querySelector('#clip').networkState").await,
        0,
        "nothing is loaded (NETWORK_EMPTY)"
    );
    assert_eq!(visitor.asks("document.querySelector('#sheet').sheet").await, serde_json::Value::Null);
    site.has_receipts(3).await;

    // The link to the preferences.
    chooses(&visitor, "#wide", "Manage").await;
    visitor.sees_preferences().await;
    visitor.set("Video", true).await;
    visitor.set("Analytics", true).await;
    visitor.save().await;
    visitor.waits_for("stands() === 0 && title('#wide') === 'A film'").await;
    site.has_receipts(4).await;
    visitor.has_sent_all().await;
}

async fn says(visitor: &Visitor, embed: &str, words: &[&str]) {
    let said = visitor.asks(&format!("words({embed:?})")).await;
    let said = said.as_str().expect("words");
    for word in words {
        assert!(said.contains(word), "{embed} says {said:?}, not {word:?}");
    }
}

async fn chooses(visitor: &Visitor, embed: &str, name: &str) {
    // A reader scrolls what they want to press to the middle of the screen, clear of the banner.
    let way = format!("way({embed:?}, {name:?})");
    visitor.asks(&format!("{way}.scrollIntoView({{ block: 'center' }}), 1")).await;
    visitor.press_this(&way).await;
}
