//! Owns cookies that a site's subdomains share: their domain, and that no older cookie of the same name stands beside them.

use std::sync::Arc;

use assent::notices::publish;
use assent::store::{Environment, Site};
use reqwest::cookie::{CookieStore, Jar};
use reqwest::{Client, Method, Url};

use crate::harness::{Engine, NOTICE, NOW, PAGE, TestServer, both_engines, refusal};

both_engines!(
    one_choice_holds_for_all_subdomains,
    a_cookie_of_one_host_gives_way,
    a_newer_choice_is_left_alone,
    the_form_shares_too,
    erasing_records_gives_the_secret_up_everywhere,
    the_tag_names_the_domains,
    a_site_that_does_not_share_sets_cookies_as_before,
);

/// A page without TLS.
const PLAIN_PAGE: &str = "http://www.shop.co.uk";

/// A site whose subdomains share their cookies, with pages under `origins`.
async fn sharing(engine: Engine, origins: &[&str]) -> TestServer {
    let app = TestServer::start(engine).await;
    let site = Site {
        id: "both".parse().unwrap(),
        name: "Both".to_owned(),
        environment: Environment::Production,
        origins: origins.iter().map(|origin| (*origin).to_owned()).collect(),
        share_subdomains: true,
    };
    assert!(app.store().add_site(&site, NOW).await.unwrap());
    assert_eq!(app.store().site(&site.id).await.unwrap().as_ref(), Some(&site));
    assert!(app.store().sites().await.unwrap().contains(&site));
    publish(app.store(), &site.id, NOTICE, &[], NOW).await.unwrap();
    app
}

/// The `Set-Cookie` headers of a decision that was posted from a page on the server's own host.
async fn set_cookies(app: &TestServer, number: u64, origin: &str, cookie: &str) -> Vec<String> {
    let request = app.request(Method::POST, "/_assent/both/decisions").header("origin", origin);
    let request = request.header("host", origin.split_once("://").unwrap().1).header("cookie", cookie);
    let answer = request.json(&refusal(number)).send().await.unwrap();
    let cookies = answer.headers().get_all("set-cookie").iter();
    cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

async fn one_choice_holds_for_all_subdomains(engine: Engine) {
    let app = sharing(engine, &["https://www.shop.co.uk", "https://ann.github.io"]).await;
    for (number, origin, domain) in
        [(1, "https://www.shop.co.uk", "shop.co.uk"), (2, "https://ann.github.io", "ann.github.io")]
    {
        let [no_id, id, no_decision, decision] =
            set_cookies(&app, number, origin, "").await.try_into().unwrap();
        let rest = "Path=/; SameSite=Lax; Secure";
        // First the cookie of one host goes: a browser that takes both for one must end with the one that is set.
        assert_eq!(no_id, format!("assent_id=; HttpOnly; Max-Age=0; {rest}"));
        assert_eq!(no_decision, format!("assent=; Max-Age=0; {rest}"));
        let kept = format!("Max-Age=31536000; {rest}; Domain={domain}");
        assert_eq!(id, format!("assent_id=AAAAAAAAAAAAAAAAAAAAAA; HttpOnly; {kept}"));
        assert!(
            decision.starts_with("assent=1~1~") && decision.ends_with(&format!("~; {kept}")),
            "{decision}"
        );
    }
    app.finish().await;
}

/// The jar is an independent implementation of RFC 6265, in which a host's own cookie and a domain's of that name are one.
async fn a_cookie_of_one_host_gives_way(engine: Engine) {
    for host in ["shop.co.uk", "www.shop.co.uk"] {
        let app = sharing(engine, &[]).await;
        let port = app.server().address().port();
        let page: Url = format!("http://{host}:{port}").parse().unwrap();
        let origin = page.origin().ascii_serialization();
        app.store().set_origins(&"both".parse().unwrap(), std::slice::from_ref(&origin)).await.unwrap();
        let jar = Arc::new(Jar::default());
        jar.add_cookie_str("assent=1~1~1~analytics; Path=/", &page);
        jar.add_cookie_str("assent_id=BBBBBBBBBBBBBBBBBBBBBA; Path=/", &page);
        let browser = Client::builder().resolve(host, app.server().address()).cookie_provider(jar.clone());
        let browser = browser.build().unwrap();
        let posting = browser.post(page.join("/_assent/both/decisions").unwrap());
        let answer = posting.header("origin", &origin).json(&refusal(1)).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());

        for sister in [page.as_str(), &format!("http://blog.shop.co.uk:{port}/")] {
            let sent = jar.cookies(&sister.parse().unwrap()).unwrap();
            let sent = sent.to_str().unwrap();
            assert_eq!(sent.matches("assent=").count(), 1, "{sister}: {sent}");
            assert!(!sent.contains("analytics"), "the newer choice is the one that is left: {sent}");
            assert_eq!(sent.matches("assent_id=BBBBBBBBBBBBBBBBBBBBBA").count(), 1, "{sister}: {sent}");
        }
        assert_eq!(jar.cookies(&"http://other.co.uk/".parse().unwrap()), None);
        app.finish().await;
    }
}

async fn a_newer_choice_is_left_alone(engine: Engine) {
    let app = sharing(engine, &[PLAIN_PAGE]).await;
    let cookies = set_cookies(&app, 1, PLAIN_PAGE, "assent=1~1~zzzzzzz~").await;
    assert!(
        cookies.len() == 2 && cookies.iter().all(|cookie| cookie.starts_with("assent_id=")),
        "{cookies:?}"
    );
    app.finish().await;
}

async fn the_form_shares_too(engine: Engine) {
    let app = sharing(engine, &["https://www.shop.co.uk"]).await;
    let fields = "id=0192f3a4-5b6c-7d8e-9f01-000000000001&notice=1&locale=en&visitor=AAAAAAAAAAAAAAAAAAAAAA&method=reject_all";
    let browser = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let request = browser.post(app.url("/_assent/both/choices")).header("host", "www.shop.co.uk");
    let request = request.header("origin", "https://www.shop.co.uk").header("sec-fetch-site", "same-origin");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(fields);
    let answer = request.send().await.unwrap();
    let cookies: Vec<&str> =
        answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert_eq!(
        cookies.iter().filter(|cookie| cookie.ends_with("; Domain=shop.co.uk")).count(),
        2,
        "{cookies:?}"
    );
    app.finish().await;
}

async fn the_tag_names_the_domains(engine: Engine) {
    let app = sharing(
        engine,
        &["https://www.shop.co.uk", "https://shop.co.uk:8443", "http://localhost", "https://ann.github.io"],
    )
    .await;
    let tag = app.get("/_assent/both.js").await.text().await.unwrap();
    assert!(tag.contains(r#""domains":["ann.github.io","shop.co.uk"]"#), "{tag}");
    assert!(!app.get("/_assent/shop.js").await.text().await.unwrap().contains("\"domains\":"));
    app.finish().await;
}

async fn a_site_that_does_not_share_sets_cookies_as_before(engine: Engine) {
    let app = TestServer::start(engine).await;
    let request = app.request(Method::POST, "/_assent/shop/decisions").header("origin", PAGE);
    let answer = request.header("host", "shop.example").json(&refusal(1)).send().await.unwrap();
    let cookies: Vec<&str> =
        answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert!(cookies.len() == 2 && !cookies.iter().any(|cookie| cookie.contains("Domain")), "{cookies:?}");
    app.finish().await;
}

async fn erasing_records_gives_the_secret_up_everywhere(engine: Engine) {
    let app = sharing(engine, &["https://www.shop.co.uk"]).await;
    let request =
        app.request(Method::POST, "/_assent/both/me/erase").header("origin", "https://www.shop.co.uk");
    let request =
        request.header("host", "www.shop.co.uk").header("cookie", "assent_id=AAAAAAAAAAAAAAAAAAAAAA");
    let answer = request.send().await.unwrap();
    let cookies = answer.headers().get_all("set-cookie").iter();
    let cookies: Vec<&str> = cookies.map(|cookie| cookie.to_str().unwrap()).collect();
    let gone = "assent_id=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax; Secure";
    assert_eq!(cookies, [gone.to_owned(), format!("{gone}; Domain=shop.co.uk")]);
    app.finish().await;
}
