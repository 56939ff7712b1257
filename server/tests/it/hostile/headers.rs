//! Owns what every answer tells a browser, by OWASP's list of secure headers: all pages, all operations, all refusals.
//! Refuses an address without them.

use std::collections::BTreeSet;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::Value;

use crate::harness::{Engine, TestServer, both_engines, id, refusal};
use crate::strangers::found_by;

both_engines!(every_answer_has_them, hsts_is_said_where_it_is_wanted);

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// Holds an answer against the list.
fn check(what: &str, answer: &Response) {
    let headers = answer.headers();
    let has = |name: &str| text(headers, name);
    assert_eq!(has("x-content-type-options"), "nosniff", "{what}");
    assert!(["DENY", "SAMEORIGIN"].contains(&has("x-frame-options")), "{what}: {headers:?}");
    assert!(["same-origin", "no-referrer"].contains(&has("referrer-policy")), "{what}: {headers:?}");
    let embedding = if what.contains("/_assent/") { "cross-origin" } else { "same-origin" };
    let public = what.contains("style.css") || what.contains("openapi.json");
    assert!(public || has("cross-origin-resource-policy") == embedding, "{what}");
    assert!(!has("cache-control").is_empty(), "{what}: {headers:?}");
    let kind = has("content-type");
    let executed = ["javascript", "wasm", "css"].iter().any(|part| kind.contains(part));
    if !executed {
        let policy = has("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors '"),
            "{what}: {policy}"
        );
        assert!(
            (!policy.contains("'unsafe-inline'") || policy.starts_with("sandbox;"))
                && !policy.contains("'unsafe-eval'"),
            "{what}: {policy}"
        );
    }
    if kind.contains("html") {
        assert_eq!(has("cross-origin-opener-policy"), "same-origin", "{what}");
        assert!(has("permissions-policy").contains("geolocation=()"), "{what}");
    }
    let private = what.contains("/admin")
        || what.contains("/api/")
        || what.contains("/me")
        || what.contains("/decisions");
    if private && !public {
        assert_eq!(has("cache-control"), "no-store", "{what}");
    }
    for told in ["server", "x-powered-by", "x-xss-protection"] {
        assert!(!headers.contains_key(told), "{what}: {told}");
    }
    let open = has("access-control-allow-origin") == "*";
    assert!(
        !(headers.contains_key("access-control-allow-credentials") || open && private && !public),
        "{what}"
    );
}

async fn every_answer_has_them(engine: Engine) {
    let server = TestServer::start(engine).await;
    server.post(&refusal(1)).await;
    let mut asked = BTreeSet::new();
    let owner = server.owner().await;
    for (path, link) in found_by(&owner).await {
        let answer = owner.open(&link).await;
        check(&format!("GET {path} {}", answer.status()), &answer);
        asked.insert(path);
    }
    assert!(asked.len() > 40, "{asked:?}");
    let style = server.get("/admin/login").await.text().await.unwrap();
    let style = style.split("href=\"").find(|rest| rest.starts_with("/admin/style.css"));
    let style = style.map(|rest| rest.split('"').next().unwrap().to_owned());
    // Every operation, as whoever may and as whoever may not.
    let document: Value = server.get("/api/v1/openapi.json").await.json().await.unwrap();
    let key = server.key(&assent::access::Permission::ALL, None).await;
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.replace("{site}", "shop").replace("{decision}", &id(1)).replace("{number}", "1");
        let path = path.replace("{locale}", "en");
        for method in
            item.as_object().unwrap().keys().filter_map(|name| name.to_uppercase().parse::<Method>().ok())
        {
            let mut answers = vec![server.request(method.clone(), &path).send().await.unwrap()];
            if method.is_safe() {
                answers.push(server.get_with_key(&key, &path).await);
            }
            for answer in answers {
                check(&format!("{method} {path} {}", answer.status()), &answer);
            }
            asked.insert(path.clone());
        }
    }
    let public = [
        "/_assent/shop.js",
        "/_assent/assent.d.ts",
        "/_assent/shop/notices",
        "/_assent/shop/notices/1",
        "/_assent/shop/notices/1.json",
        "/_assent/shop/notices/1/en",
        "/_assent/shop/choices",
        "/_assent/shop/cookies",
        "/_assent/shop/me",
        "/_assent/shop/replay/1/en",
        "/_assent/verify",
        "/_assent/nothing/at/all",
        "/healthz",
        "/readyz",
        "/",
        "/nothing",
        "/admin/login",
        "/admin/nothing",
        "/api/nothing",
        "/_assent/none.js",
        "/_assent/shop/notices/99",
    ];
    for path in public.into_iter().chain(style.as_deref()) {
        for (method, accept) in [
            (Method::GET, "text/html"),
            (Method::GET, "*/*"),
            (Method::POST, "*/*"),
            (Method::DELETE, "text/html"),
        ] {
            let answer = server.request(method.clone(), path).header("accept", accept).send().await.unwrap();
            check(&format!("{method} {path} {}", answer.status()), &answer);
        }
    }
    server.finish().await;
}

async fn hsts_is_said_where_it_is_wanted(engine: Engine) {
    let mut server = TestServer::start(engine).await;
    assert!(!server.get("/healthz").await.headers().contains_key("strict-transport-security"));
    server.change_settings(|settings| settings.hsts_days = 365).await;
    for path in ["/healthz", "/admin/login", "/nothing"] {
        assert_eq!(
            text(server.get(path).await.headers(), "strict-transport-security"),
            "max-age=31536000",
            "{path}"
        );
    }
    server.finish().await;
}
