//! Owns the people of the tests: operators of every role, who came in by their link and have a browser, and programs' keys.
//! Refuses shortcuts around the server: a session is made as an operator makes one.

use std::time::Duration;

use assent::access::{Caller, Permission, Role};
use assent::keys::{self, KeyWish};
use assent::operators::{self, totp};
use assent::store::{Pool, RoleOn};
use assent_shared::SiteId;
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};

use super::TestServer;

/// Everybody's password.
pub(crate) const PASSWORD: &str = "lamp under green river";

/// A browser that keeps cookies, says where its forms come from, and follows no redirect by itself.
pub(crate) struct Browser {
    client: Client,
    home: String,
}

impl Browser {
    pub(crate) fn new(server: &TestServer) -> Self {
        let client = Client::builder()
            .timeout(Duration::from_secs(30))
            .cookie_store(true)
            .redirect(Policy::none())
            .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0");
        Self { client: client.build().unwrap(), home: server.url("") }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let address = if path.starts_with('/') { format!("{}{path}", self.home) } else { path.to_owned() };
        self.client.request(method, address).header("accept", "text/html")
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Response {
        self.request(Method::GET, path).header("sec-fetch-site", "none").send().await.unwrap()
    }

    /// What a page says; it must be there.
    pub(crate) async fn read(&self, path: &str) -> String {
        let answer = self.open(path).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        answer.text().await.unwrap()
    }

    /// Sends a form from one of the server's own pages.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.request(Method::POST, path)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap()
    }

    /// As [`Browser::send`], where the form is taken; returns where it leads.
    pub(crate) async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let answer = self.send(path, fields).await;
        let (status, to) = (answer.status(), answer.headers().get("location").cloned());
        assert_eq!(status, StatusCode::SEE_OTHER, "{path}: {}", answer.text().await.unwrap());
        to.unwrap().to_str().unwrap().to_owned()
    }
}

/// An operator in front of a browser.
pub(crate) struct Person {
    pub(crate) browser: Browser,
    /// The operator's id.
    pub(crate) operator: String,
    pub(crate) email: String,
    /// The secret in their app.
    pub(crate) secret: String,
}

impl Person {
    /// Comes in by a link: name, password, codes. Returns the secret and where that leads.
    pub(crate) async fn comes_in(browser: &Browser, link: &str, email: &str, now: i64) -> (String, String) {
        let fields = [("email", email), ("name", "Ann Example"), ("password", PASSWORD), ("again", PASSWORD)];
        let code = browser.sends(link, &fields).await;
        let secret = typed_secret(&browser.read(&code).await);
        let to = browser.sends(&code, &[("code", &totp::code(&secret, now).unwrap())]).await;
        (secret, to)
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Response {
        self.browser.open(path).await
    }

    /// What a page says; it must be there.
    pub(crate) async fn read(&self, path: &str) -> String {
        self.browser.read(path).await
    }

    /// Sends a form.
    pub(crate) async fn send(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.browser.send(path, fields).await
    }

    /// Sends a form that is taken; returns where it leads.
    pub(crate) async fn sends(&self, path: &str, fields: &[(&str, &str)]) -> String {
        self.browser.sends(path, fields).await
    }
}

/// The secret that a page offers to be typed.
pub(crate) fn typed_secret(html: &str) -> String {
    let after = html.split("Or type this in: <code>").nth(1).expect("the page offers a secret");
    after.split('<').next().unwrap().replace(' ', "")
}

impl TestServer {
    /// An owner, signed in.
    pub(crate) async fn owner(&self) -> Person {
        self.signed_in(Role::Owner, None).await
    }

    /// An operator of that role, on one site or on all, signed in.
    pub(crate) async fn signed_in(&self, role: Role, site: Option<&SiteId>) -> Person {
        let app = self.server().app();
        let number = self.store().operators().await.unwrap().len();
        let email = format!("{}{number}@example.org", role.as_str());
        let roles = vec![RoleOn { role, site: site.cloned() }];
        let (invited, link) = operators::invite(app, &Caller::command_line(), &email, roles).await.unwrap();
        let browser = Browser::new(self);
        let path = link.strip_prefix(&self.url("")).expect("the link is of this server");
        let (secret, to) = Person::comes_in(&browser, path, &email, self.clock.now()).await;
        assert_eq!(to, "/admin");
        Person { browser, operator: invited.operator, email, secret }
    }

    /// A key with these scopes, for one site or for all.
    pub(crate) async fn key(&self, scopes: &[Permission], site: Option<&SiteId>) -> String {
        let wish = KeyWish {
            label: "test".to_owned(),
            site: site.cloned(),
            scopes: scopes.to_vec(),
            expires_at: None,
        };
        keys::make(self.server().app(), &Caller::command_line(), wish).await.unwrap().key
    }

    /// Whose sessions are stored, and under which hash.
    pub(crate) async fn session_rows(&self) -> Vec<(Option<String>, String)> {
        let sql = "select operator, hash from operator_sessions order by hash";
        match self.store().pool() {
            Pool::Sqlite(pool) => sqlx::query_as(sql).fetch_all(pool).await.unwrap(),
            Pool::Postgres(pool) => sqlx::query_as(sql).fetch_all(pool).await.unwrap(),
        }
    }

    /// Stores a key as it was stored before keys had scopes.
    pub(crate) async fn add_key_from_before(&self, hash: &str) {
        let sql = "insert into operator_keys (key_id, hash, label, created_at) values ('0123456789ab', $1, 'old', 0)";
        let added = match self.store().pool() {
            Pool::Sqlite(pool) => sqlx::query(sql).bind(hash).execute(pool).await.unwrap().rows_affected(),
            Pool::Postgres(pool) => sqlx::query(sql).bind(hash).execute(pool).await.unwrap().rows_affected(),
        };
        assert_eq!(added, 1);
    }
}
