//! Owns what the visitor's browser remembers: the two cookies, and the queue of decisions that wait.
//! Refuses to change any of it, but as people do: by an earlier visit, by deleting everything, by letting time pass.

use assent_shared::StoredDecision;
use assent_shared::cookie::{COOKIE, ID_COOKIE};
use serde_json::{Value, json};

use super::Visitor;

/// A cookie in the browser's jar.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of WebDriver §14")]
pub struct Cookie {
    pub name: String,
    pub value: String,
    pub path: String,
    pub secure: bool,
    pub http_only: bool,
    pub same_site: String,
    /// Seconds since 1970; none for a session's cookie.
    pub expiry: Option<i64>,
}

impl Visitor {
    /// Every cookie of the page.
    pub async fn cookies(&self) -> Vec<Cookie> {
        let cookies = self.session.cookies().await.expect("the jar can be read");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        cookies
            .iter()
            .map(|cookie| Cookie {
                name: text(&cookie["name"]),
                value: text(&cookie["value"]),
                path: text(&cookie["path"]),
                secure: cookie["secure"] == true,
                http_only: cookie["httpOnly"] == true,
                same_site: text(&cookie["sameSite"]),
                expiry: cookie["expiry"].as_i64(),
            })
            .collect()
    }

    /// One of the two cookies.
    pub async fn cookie(&self, name: &str) -> Option<Cookie> {
        self.cookies().await.into_iter().find(|cookie| cookie.name == name)
    }

    /// The decision as the cookie keeps it.
    pub async fn decision(&self) -> Option<StoredDecision> {
        StoredDecision::parse(&self.cookie(COOKIE).await?.value)
    }

    /// The purposes that the cookie grants, joined by spaces; `None` without a decision.
    pub async fn grants(&self) -> Option<String> {
        let grants: Vec<String> = self.decision().await?.grants.into_iter().map(String::from).collect();
        Some(grants.join(" "))
    }

    /// Has this decision from an earlier visit; a page must be open.
    pub async fn remembers(&self, decision: &str) {
        self.step(&format!("has decided {decision} before"));
        for (name, value) in [(COOKIE, decision), (ID_COOKIE, "AAAAAAAAAAAAAAAAAAAAAA")] {
            self.asks(&format!("document.cookie = '{name}={value}; Path=/'")).await;
        }
    }

    /// Deletes cookies and storage, as people do: when nothing is under way that could bring them back.
    pub async fn forgets(&self) {
        self.has_sent_all().await;
        self.step("deletes cookies and storage");
        self.session.delete_cookies().await.expect("the jar can be emptied");
        self.asks("localStorage.clear()").await;
    }

    /// Lets time pass for the jar: each cookie is nearer to its end by so much, and otherwise as it was.
    pub async fn stays_away(&self, seconds: i64) {
        self.step(&format!("stays away for {seconds} s"));
        for cookie in self.cookies().await {
            let expiry = cookie.expiry.expect("a cookie that outlives the session");
            let aged = json!({
                "name": cookie.name, "value": cookie.value, "path": cookie.path, "secure": cookie.secure,
                "httpOnly": cookie.http_only, "sameSite": cookie.same_site, "expiry": expiry - seconds,
            });
            self.session.add_cookie(&aged).await.expect("a cookie is put back");
        }
    }

    /// How many decisions wait in the durable queue.
    pub async fn queued(&self) -> usize {
        let queue = self.asks("(JSON.parse(localStorage.getItem('assent')) || {}).queue || []").await;
        queue.as_array().map_or(0, Vec::len)
    }

    /// Waits until nothing waits in the durable queue.
    pub async fn has_sent_all(&self) {
        self.waits_for("((JSON.parse(localStorage.getItem('assent')) || {}).queue || []).length === 0").await;
    }
}
