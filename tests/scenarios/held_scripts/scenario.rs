//! Held scripts: inline and external ones run once after the grant, in document order, with their attributes and nonce; never
//! after a refusal, and never for a purpose that was not granted.

use assent_tests::deadline::eventually;
use assent_tests::page::Trouble;
use assent_tests::stage::Stage;
use assent_tests::visitor::Visitor;

const ALL: &[&str] = &["first blue n0nce", "slow", "after the slow one", "after the missing one"];

/// Under a policy a nonce is hidden from everything but its property, and a script without it does not run.
const POLICY: &str = "script-src 'self' 'nonce-n0nce' 'wasm-unsafe-eval'";

pub(crate) async fn play(Stage { visitor, host, .. }: Stage) {
    host.set_policy(POLICY);
    // Refused: nothing runs, nothing is even fetched.
    visitor.visit("/").await;
    visitor.reject_all().await;
    visitor.reload().await;
    visitor.lets_the_page_settle().await;
    assert!(visitor.ran().await.is_empty());
    for held in ["/slow.js", "/missing.js", "/frame.html", "/picture.png"] {
        assert!(host.seen(held).is_empty(), "{held} was fetched after a refusal");
    }

    // Granted: what follows an external script waits for it.
    visitor.forgets().await;
    visitor.reload().await;
    host.trouble("/slow.js", Trouble::Hold);
    visitor.manage().await;
    visitor.set("Analytics", true).await;
    visitor.save().await;
    eventually("the slow script is asked for", || async { host.seen("/slow.js").pop() }).await;
    visitor.lets_the_page_settle().await;
    assert_eq!(visitor.ran().await, [ALL[0]], "nothing overtakes");
    host.relieve("/slow.js");
    all_ran(&visitor).await;
    visitor.waits_for("document.querySelector('#picture').getAttribute('src') === '/picture.png'").await;
    let frame = visitor.asks("document.querySelector('#frame').hasAttribute('src')").await;
    assert!(frame == false, "video was not granted");

    // Saying the same again runs nothing a second time.
    visitor.reopen().await;
    visitor.save().await;
    visitor.lets_the_page_settle().await;
    all_ran(&visitor).await;
    assert_eq!(host.seen("/slow.js").len(), 1);

    // The rest is released when the rest is granted.
    visitor.reopen().await;
    visitor.set("Video", true).await;
    visitor.save().await;
    visitor.waits_for("ran.includes('both')").await;
    visitor.waits_for("document.querySelector('#frame').contentDocument.title === 'A film'").await;
    assert_eq!(visitor.asks("ran.filter((name) => name === 'both').length").await, 1);
}

/// The classic scripts ran in this order, and the module, which nothing waits for, once among them.
async fn all_ran(visitor: &Visitor) {
    visitor.waits_for(&format!("ran.length === {}", ALL.len() + 1)).await;
    let (modules, classic): (Vec<_>, Vec<_>) =
        visitor.ran().await.into_iter().partition(|name| name == "module");
    assert_eq!(classic, ALL);
    assert_eq!(modules.len(), 1);
}
