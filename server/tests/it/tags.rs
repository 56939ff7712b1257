//! Owns what a page loads: the tag and the widget, their size, types and caching.

use assent::notices::{Published, publish};
use assent_shared::Notice;
use reqwest::{Method, Response, StatusCode};

use assent::store::Publishing;

use crate::harness::{BY_HAND, Engine, NOTICE, NOW, TestServer, both_engines};

both_engines!(
    the_tag_is_small_typed_and_cached,
    the_words_come_beside_it_in_one_language,
    the_tag_says_what_the_page_obeys,
    what_is_new_is_told_only_where_there_can_be_an_older_answer,
    a_notice_that_asks_nothing_has_no_question_in_its_tag,
    a_notice_from_before_a_text_is_served_with_the_built_in_one,
    the_widget_is_immutable,
    the_declarations_are_this_servers,
    unknown_addresses_are_problems,
    probes_answer
);

/// The budget of the tag's response, in bytes of brotli: the demo's, and one of a notice that names everything.
const TAG_BUDGET: usize = 6656;
const FULL_TAG_BUDGET: usize = 9 * 1024;

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn the_tag_is_small_typed_and_cached(engine: Engine) {
    let app = TestServer::start(engine).await;
    let plain = app.get("/_assent/shop.js").await;
    assert_eq!(header(&plain, "content-type"), "text/javascript; charset=utf-8");
    assert_eq!(header(&plain, "vary"), "accept-encoding, accept-language");
    assert_eq!(header(&plain, "cross-origin-resource-policy"), "cross-origin");
    assert!(header(&plain, "cache-control").contains("max-age=300"));
    let etag = header(&plain, "etag").to_owned();
    let script = plain.text().await.unwrap();
    assert!(
        script.contains("{banner:`") && script.contains(r#"data-act="accept""#),
        "the banner is rendered in it"
    );
    for unwanted in [
        "\"news\":",
        "{purposes}",
        "informed",
        "\"adapters\":",
        "\"gpc\":",
        "\"reload\":",
        "\"locales\":",
        "\"domains\":",
        ".signal{",
    ] {
        assert!(!script.contains(unwanted), "the notice wants none of it, and the tag says {unwanted}");
    }

    let with = async |name: &str, value: &str| {
        app.request(Method::GET, "/_assent/shop.js").header(name, value).send().await.unwrap()
    };
    let brotli = with("accept-encoding", "gzip, br").await;
    assert_eq!(header(&brotli, "content-encoding"), "br");
    assert_eq!(header(&brotli, "etag"), etag);
    let size = brotli.bytes().await.unwrap().len();
    assert!(size <= TAG_BUDGET, "the tag has {size} bytes of brotli, its budget is {TAG_BUDGET}");
    assert_eq!(header(&with("accept-encoding", "gzip").await, "content-encoding"), "gzip");
    let known = with("if-none-match", &etag).await;
    assert_eq!((known.status(), known.bytes().await.unwrap().len()), (StatusCode::NOT_MODIFIED, 0));
    assert_eq!(with("accept-language", "tlh, *").await.status(), StatusCode::OK);
    assert_eq!(
        app.get("/_assent/shop.js?lang=%ff").await.status(),
        StatusCode::OK,
        "an odd language still loads"
    );
    app.finish().await;
}

async fn the_words_come_beside_it_in_one_language(engine: Engine) {
    let app = TestServer::start(engine).await;
    let answer = app.get("/_assent/shop/notices/1?lang=en-GB").await;
    assert_eq!(header(&answer, "content-type"), "application/json");
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    assert!(header(&answer, "cache-control").contains("max-age=300"));
    let notice: serde_json::Value = answer.json().await.unwrap();
    assert_eq!((&notice["number"], &notice["locale"]), (&1.into(), &"en".into()));
    let purpose = &notice["purposes"][1];
    assert!(purpose["description"].as_str().is_some_and(|text| !text.is_empty()), "{notice}");

    // What only the preferences say is not in the tag, whoever's notice is long.
    let tag = app.get("/_assent/shop.js?lang=en").await.text().await.unwrap();
    for told in [&purpose["description"], &notice["texts"]["preferences_body"], &notice["texts"]["save"]] {
        assert!(!tag.contains(told.as_str().unwrap()), "the tag says {told}");
    }
    for path in ["/_assent/shop/notices/2", "/_assent/shop/notices/x", "/_assent/nosuch/notices/1"] {
        assert_eq!(app.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    app.finish().await;
}

/// Everything that can be named, by the demo's purposes.
const EVERY_ADAPTER: &str = r#"
[adapters.google]
states = { ad_storage = ["video"], ad_user_data = ["video"], ad_personalization = ["video"], analytics_storage = ["analytics"] }
[adapters.microsoft_uet]
states = { ad_storage = ["video"] }
[adapters.clarity]
states = { ad_Storage = ["video"], analytics_Storage = ["analytics"] }
[adapters.meta]
purposes = ["video"]
[adapters.tiktok]
purposes = ["video"]
[adapters.matomo]
[adapters.posthog]
[adapters.data_layer]
"#;

async fn the_tag_says_what_the_page_obeys(engine: Engine) {
    let app = TestServer::start(engine).await;
    let obeyed = NOTICE
        .replace("id = \"analytics\"", "id = \"analytics\"\ngpc = true\nreload_on_withdrawal = true")
        .replace("name = \"_ex\"", "name = \"_ex\"\npath = \"/shop\"")
        + EVERY_ADAPTER;
    assert_eq!(publish(app.store(), &app.shop, &obeyed, &[], NOW).await, Ok(Published::Number(2)));
    let notice: serde_json::Value = app.get("/_assent/shop/notices/2").await.json().await.unwrap();
    let cookies = &notice["purposes"][1]["cookies"];
    assert_eq!((&cookies[0]["kind"], &cookies[0]["path"]), (&"cookie".into(), &"/shop".into()));
    assert_eq!(cookies[1].get("path"), None);
    assert_eq!(notice["purposes"][2]["cookies"][0]["kind"], "local_storage");

    let tag = app.get("/_assent/shop.js").await.text().await.unwrap();
    assert!(tag.contains(r#"{"id":"analytics","gpc":true,"reload":true,"since":1}"#), "{tag}");
    assert!(tag.contains("Off, because your browser sends Global Privacy Control."), "{tag}");
    let matomo = r#"{"by":"array","calls":{"default":["requireConsent"],"denied":["forgetConsentGiven"],"granted":["setConsentGiven"]},"global":"_paq","purposes":["analytics"]}"#;
    assert!(tag.contains(matomo), "{tag}");
    let brotli =
        app.request(Method::GET, "/_assent/shop.js").header("accept-encoding", "br").send().await.unwrap();
    let size = brotli.bytes().await.unwrap().len();
    assert!(
        size <= FULL_TAG_BUDGET,
        "with all of it the tag has {size} bytes of brotli, its budget is {FULL_TAG_BUDGET}"
    );
    app.finish().await;
}

async fn what_is_new_is_told_only_where_there_can_be_an_older_answer(engine: Engine) {
    let app = TestServer::start(engine).await;
    let changed = NOTICE.replace("name = \"Video\"", "name = \"Video\"\nchanged = \"now by two houses\"");
    assert_ne!(changed, NOTICE);
    let material = ["video".parse().unwrap()];
    assert_eq!(publish(app.store(), &app.shop, &changed, &material, NOW).await, Ok(Published::Number(2)));
    let tag = app.get("/_assent/shop.js").await.text().await.unwrap();
    assert!(tag.contains(r#"{"id":"video","since":2,"name":"Video (now by two houses)"}"#), "{tag}");
    assert!(tag.contains(r#"{"id":"analytics","since":1}"#), "no name where nobody is told it: {tag}");
    assert!(tag.contains(r#""news":"New or changed since your last choice: {purposes}""#), "{tag}");
    let notice: serde_json::Value = app.get("/_assent/shop/notices/2").await.json().await.unwrap();
    assert_eq!(notice["purposes"][2]["news"], "New or changed: now by two houses");
    assert_eq!(notice["purposes"][1].get("news"), None);
    app.finish().await;
}

/// The demo's notice with nothing but what is strictly necessary.
pub(crate) fn essential_only(appearance: &str) -> String {
    let (necessary, _) = NOTICE.split_once("[[purposes]]\nid = \"analytics\"").unwrap();
    format!("{necessary}\n[appearance]\n{appearance}\n")
}

async fn a_notice_that_asks_nothing_has_no_question_in_its_tag(engine: Engine) {
    let tag_of = async |appearance: &str| {
        let app = TestServer::start(engine).await;
        let text = essential_only(appearance);
        assert_eq!(publish(app.store(), &app.shop, &text, &[], NOW).await, Ok(Published::Number(2)));
        let tag = app.get("/_assent/shop.js").await.text().await.unwrap();
        app.finish().await;
        tag
    };
    let nothing = tag_of("").await;
    let bar = tag_of("essential_only = \"bar\"\nlayout = \"dialog\"").await;
    for tag in [&nothing, &bar] {
        assert!(!tag.contains("{banner:") && !tag.contains("data-act=\"accept\""), "{tag}");
        assert!(tag.contains("closed:`") && tag.contains("aria-label=\"Cookies and storage\""), "{tag}");
    }
    let said = "Only what is strictly necessary is stored on your device.";
    assert!(!nothing.contains(said) && !nothing.contains("informed"), "{nothing}");
    assert!(bar.contains("{inform:`") && bar.contains(said) && !bar.contains("<dialog"), "{bar}");
}

async fn a_notice_from_before_a_text_is_served_with_the_built_in_one(engine: Engine) {
    let app = TestServer::start(engine).await;
    let published = app.store().notice(&app.shop, 1).await.unwrap().unwrap().body;
    let before = published.replace(r#""reject":"Reject all","#, "").replace(r#""number":1"#, r#""number":2"#);
    assert!(before.len() < published.len() - 10);
    let written =
        app.store().publish_notice(&app.shop, NOW, &BY_HAND, |_, _| Some((Notice::hash(&before), before)));
    assert_eq!(written.await.unwrap(), Publishing::Number(2));
    let notice: serde_json::Value = app.get("/_assent/shop/notices/2").await.json().await.unwrap();
    assert_eq!(notice["texts"]["reject"], "Reject all");
    app.finish().await;
}

async fn the_widget_is_immutable(engine: Engine) {
    let app = TestServer::start(engine).await;
    let hash = assent::widget::HASH;
    for (file, content_type) in [("widget.js", "text/javascript"), ("widget.wasm", "application/wasm")] {
        let answer = app.get(&format!("/_assent/widget/{hash}/{file}")).await;
        assert_eq!(header(&answer, "content-type"), content_type);
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&answer, "access-control-allow-origin"), "*");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    }
    assert_eq!(app.get("/_assent/widget/0000000000000000/widget.js").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        app.get(&format!("/_assent/widget/{hash}/..%2f..%2fetc%2fpasswd")).await.status(),
        StatusCode::NOT_FOUND
    );
    app.finish().await;
}

async fn the_declarations_are_this_servers(engine: Engine) {
    let app = TestServer::start(engine).await;
    let answer = app.get("/_assent/assent.d.ts").await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "content-type"), "text/plain; charset=utf-8");
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
    assert!(header(&answer, "cache-control").contains("max-age=300"));
    let etag = header(&answer, "etag").to_owned();
    assert_eq!(answer.text().await.unwrap(), include_str!("../../../widget/assent.d.ts"));
    let with = async |name: &str, value: &str| {
        app.request(Method::GET, "/_assent/assent.d.ts").header(name, value).send().await.unwrap()
    };
    assert_eq!(with("if-none-match", &etag).await.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&with("accept-encoding", "br, gzip").await, "content-encoding"), "gzip");
    app.finish().await;
}

async fn unknown_addresses_are_problems(engine: Engine) {
    let app = TestServer::start(engine).await;
    for path in [
        "/",
        "/_assent/",
        "/_assent/nosuch.js",
        "/_assent/SHOP.js",
        "/_assent/shop",
        "/_assent/shop.js/",
        "/_assent/%ff.js",
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json", "{path}");
    }
    app.finish().await;
}

async fn probes_answer(engine: Engine) {
    let app = TestServer::start(engine).await;
    assert_eq!(app.get("/healthz").await.text().await.unwrap(), "alive\n");
    assert_eq!(app.get("/readyz").await.text().await.unwrap(), "ready\n");
    let named =
        app.request(Method::GET, "/healthz").header("x-request-id", "from-the-proxy").send().await.unwrap();
    assert_eq!(header(&named, "x-request-id"), "from-the-proxy");
    let odd = app
        .request(Method::GET, "/healthz")
        .header("x-request-id", "level=error you were had")
        .send()
        .await
        .unwrap();
    assert_eq!(header(&odd, "x-request-id").len(), 16, "an odd name is replaced");
    app.finish().await;
}
