//! Owns forms that other sites send: every shape of them is refused, and our own are not.

use reqwest::{Method, StatusCode};

use crate::harness::{Engine, TestServer, both_engines};

both_engines!(only_our_own_pages_change_anything, a_link_on_another_site_still_leads_in);

async fn only_our_own_pages_change_anything(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let home = app.url("");
    let other_port = home.replace("127.0.0.1", "localhost");
    let shapes: [(&[(&str, &str)], bool); 10] = [
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", &home)], false),
        (&[("origin", &home)], true),
        (&[("origin", &other_port)], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[], false),
    ];
    for (headers, let_through) in shapes {
        let mut request = owner.browser.request(Method::POST, "/admin/account/name");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let form = "application/x-www-form-urlencoded";
        let answer = request.header("content-type", form).body("name=Eve").send().await.unwrap();
        let expected = if let_through { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status(), expected, "{headers:?}");
    }
    for path in
        ["/admin/login", "/admin/login/code", "/admin/logout", "/admin/keys/new", "/admin/operators/new"]
    {
        let request = owner.browser.request(Method::POST, path).header("sec-fetch-site", "cross-site");
        assert_eq!(request.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(owner.open("/admin/account").await.status(), StatusCode::OK, "still signed in");
    app.finish().await;
}

async fn a_link_on_another_site_still_leads_in(engine: Engine) {
    let app = TestServer::start(engine).await;
    let owner = app.owner().await;
    let from_elsewhere = |path: &str| app.request(Method::GET, path).header("sec-fetch-site", "cross-site");
    // The browser holds the strict cookie back, so the page leads to the login, which asks once more as its own page.
    let answer =
        from_elsewhere("/admin/login?next=%2Fadmin%2Fkeys").send().await.unwrap().text().await.unwrap();
    assert!(answer.contains("http-equiv=\"refresh\" content=\"0\""), "{answer}");
    let again = owner.browser.request(Method::GET, "/admin/login?next=%2Fadmin%2Fkeys");
    let again = again.header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(again.headers()["location"], "/admin/keys");
    app.finish().await;
}
