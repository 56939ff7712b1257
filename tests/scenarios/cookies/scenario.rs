//! The two cookies exactly as promised: names, form, one year, `Path=/`, `SameSite=Lax`, not `Secure` on http; the same for
//! a yes and a no; and the visitor's secret hidden from scripts once the server has answered.

use std::time::{SystemTime, UNIX_EPOCH};

use assent_shared::cookie::{COOKIE, ID_COOKIE, MAX_AGE_SECONDS};
use assent_shared::{StoredDecision, VisitorSecret};
use assent_tests::deadline::eventually;
use assent_tests::page::Trouble;
use assent_tests::stage::{DECISIONS, Stage};
use assent_tests::visitor::{Cookie, Visitor};

pub(crate) async fn play(Stage { visitor, host, .. }: Stage) {
    // As the script writes them, while the server's answer is still under way.
    host.trouble(DECISIONS, Trouble::HoldAnswer);
    visitor.visit("/").await;
    visitor.accept_all().await;
    let (decision, secret) = both(&visitor).await;
    assert!(decision.value.ends_with("~analytics.video"), "{}", decision.value);
    assert!(!secret.http_only);

    // As the server writes them again.
    host.relieve(DECISIONS);
    let hidden = eventually("the secret is hidden from scripts", || async {
        let (again, hidden) = both(&visitor).await;
        assert_eq!(again.value, decision.value, "the answer changes no choice");
        hidden.http_only.then_some(hidden)
    })
    .await;
    assert_eq!(hidden.value, secret.value, "the visitor stays the same");
    // What `document.cookie` says of it is the browser's affair: WebKit goes on showing a page what its own script wrote.

    // A no lives as long as a yes.
    visitor.forgets().await;
    visitor.reload().await;
    visitor.reject_all().await;
    let (refusal, _) = both(&visitor).await;
    assert!(refusal.value.ends_with('~'), "{}", refusal.value);
}

/// Both cookies, exactly as promised.
pub(crate) async fn both(visitor: &Visitor) -> (Cookie, Cookie) {
    let cookies = visitor.cookies().await;
    assert_eq!(cookies.len(), 2, "two cookies and no more: {cookies:#?}");
    let now = now();
    for cookie in &cookies {
        assert_eq!(cookie.path, "/");
        assert_eq!(cookie.same_site, "Lax");
        assert!(!cookie.secure, "WebKit drops a Secure cookie on http");
        let left = cookie.expiry.expect("they outlive the session") - now;
        let year = i64::from(MAX_AGE_SECONDS);
        assert!((year - 120..=year + 1).contains(&left), "{left} s are not a year");
    }
    let named = |name: &str| cookies.iter().find(|cookie| cookie.name == name).cloned().expect(name);
    let (decision, secret) = (named(COOKIE), named(ID_COOKIE));
    let stored = StoredDecision::parse(&decision.value).expect("the cookie is of the agreed form");
    assert_eq!(stored.value(), decision.value);
    assert_eq!(stored.notice, 1);
    assert!((now - 120..=now + 1).contains(&stored.decided_at));
    secret.value.parse::<VisitorSecret>().expect("128 bits in base64url");
    (decision, secret)
}

#[expect(clippy::disallowed_methods, reason = "the browser's clock is the machine's, and so is this one")]
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now).unwrap_or_default()
}
