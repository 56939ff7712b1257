//! First-party mode through a real nginx with the documented rule: the server sets both cookies when it answers a decision, and
//! at no other time; each decision is one receipt; and the visitor stays the same, though no script can read who it is.

use assent_shared::cookie::{COOKIE, ID_COOKIE, MAX_AGE_SECONDS};
use assent_tests::engine::Engine;
use assent_tests::nginx::{Answer, Nginx};
use assent_tests::stage::{DECISIONS, Stage};
use assent_tests::visitor::{Cookie, Visitor};

use crate::cookies::both;

const HALF_A_YEAR: i64 = MAX_AGE_SECONDS as i64 / 2;

pub(crate) async fn play(Stage { visitor, host, site }: Stage) {
    let nginx = host.nginx().expect("nginx stands in front of the host");
    visitor.visit("/").await;
    visitor.accept_all().await;
    let accepted = site.has_one_receipt().await;
    assert_eq!(accepted.origin, nginx.origin());
    let first = sees_the_servers_cookies(&visitor, nginx, 1).await;

    // Half a year later, and nothing of what scripts wrote is left: Safari deletes it after seven days.
    visitor.stays_away(HALF_A_YEAR).await;
    visitor.asks("localStorage.clear()").await;
    let aged = jar(&visitor).await;
    assert!(aged.iter().all(|cookie| cookie.expiry < first.0.expiry), "time has passed: {aged:#?}");
    assert_eq!(aged.iter().filter(|cookie| cookie.http_only).count(), 1, "{aged:#?}");
    visitor.visit("/").await;
    visitor.sees_ran(&["analytics", "video"]).await;
    visitor.lets_the_page_settle().await;
    assert!(!visitor.banner_is_shown().await, "the decision holds");
    assert_eq!(jar(&visitor).await, aged, "a visit renews nothing");
    assert_eq!(renewals(nginx).await.len(), 1, "a visit is answered without cookies");
    // WebKit's GTK build shows scripts what a cache in their own process holds, HttpOnly or not; only its jar knows better.
    let hidden = visitor.engine() != Engine::WebKit;
    if hidden {
        assert_eq!(visitor.asks("document.cookie").await, format!("{COOKIE}={}", first.0.value));
    }

    visitor.reopen().await;
    visitor.set("Video", false).await;
    visitor.save().await;
    let withdrawn = site.has_receipts(2).await.remove(1);
    assert_eq!(withdrawn.visitor, accepted.visitor, "it is the same visitor");
    let second = sees_the_servers_cookies(&visitor, nginx, 2).await;
    assert_eq!(second.1.value, first.1.value, "the secret stays");
    if hidden {
        let posted = renewals(nginx).await.remove(1).body;
        assert!(!posted.contains(&second.1.value), "the script did not know it: {posted}");
    }
    assert!(second.0.value.ends_with("~analytics"), "{}", second.0.value);
}

/// Waits until the answer to the newest of `count` decisions is here, and returns the cookies that it has set: those are in
/// the jar as they were on the wire, and last a year from now.
async fn sees_the_servers_cookies(visitor: &Visitor, nginx: &Nginx, count: usize) -> (Cookie, Cookie) {
    visitor.has_sent_all().await;
    let answers = nginx.answers().await;
    let posts = answers.iter().filter(|answer| answer.method == "POST" && answer.path == DECISIONS);
    assert_eq!(posts.count(), count, "each decision is posted once: {answers:#?}");
    let renewals = renewals(nginx).await;
    assert_eq!(renewals.len(), count, "only decisions are answered with cookies: {renewals:#?}");
    let answer = &renewals[count - 1];
    assert_eq!((answer.path.as_str(), answer.status), (DECISIONS, 201));

    let (decision, secret) = both(visitor).await;
    assert_eq!((&answer.decision, &answer.visitor), (&decision.value, &secret.value));
    assert!(secret.http_only && !decision.http_only);
    let attributes = format!("Max-Age={MAX_AGE_SECONDS}; Path=/; SameSite=Lax");
    let hidden = format!("{ID_COOKIE}={}; HttpOnly; {attributes}", secret.value);
    let readable = format!("{COOKIE}={}; {attributes}", decision.value);
    // An nginx that tells one of them tells the first; what it says of the other's value was compared above.
    let told = [format!("{hidden}, {readable}"), hidden];
    assert!(told.contains(&answer.set_cookie), "{}", answer.set_cookie);
    (decision, secret)
}

/// The answers that set cookies.
async fn renewals(nginx: &Nginx) -> Vec<Answer> {
    nginx.answers().await.into_iter().filter(|answer| !answer.set_cookie.is_empty()).collect()
}

/// The whole jar, in one order.
async fn jar(visitor: &Visitor) -> Vec<Cookie> {
    let mut cookies = visitor.cookies().await;
    cookies.sort_by(|one, other| one.name.cmp(&other.name));
    cookies
}
