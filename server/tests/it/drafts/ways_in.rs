//! Owns what is the same by every way in: the API, the pages, the command line.

use std::process::Command;

use assent::access::{Permission, Role};
use assent::publishing::publish_what_is_due;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{HOUR, refused, reworded};
use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines};

both_engines!(
    a_draft_is_the_same_by_every_way_in,
    a_form_that_is_not_taken_loses_nothing,
    what_is_refused_is_published_with_reasons_only,
    a_plan_is_made_seen_and_taken_back,
    lists_are_edited_and_removing_asks_first,
    a_preview_is_the_draft_and_nobody_elses,
);

const HOME: &str = "/admin/sites/shop/notice";
const ALL: &[Permission] = &[Permission::ReadNotices, Permission::EditNotices, Permission::PublishNotices];

/// What a browser sends of the section that says who asks.
fn who<'a>(revision: &'a str, name: &'a str, country: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("revision", revision),
        ("controller.name", name),
        ("controller.address", "4 Kiln Lane, Fernhill, Ireland"),
        ("controller.contact", "privacy@shop.example"),
        ("controller.country", country),
        ("controller.phone", "+353 1 555 0142"),
        ("controller.url", "https://shop.example"),
        ("jurisdictions", "EU\r\nIE"),
        ("privacy_policy", "https://shop.example/privacy"),
        ("authority.name", "Data Protection Commission"),
        ("authority.contact", "https://www.dataprotection.ie"),
    ]
}

/// Asks the API; what it answers must be JSON.
async fn api(server: &TestServer, key: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let path = format!("/api/v1/sites/shop{path}");
    let mut request = server.request(method, &path).bearer_auth(key);
    if !body.is_null() {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    let answer = request.send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// What the command line says on the same database.
fn command(server: &TestServer, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_assent"))
        .args(arguments)
        .current_dir(server.folder())
        .env_clear()
        .env("ASSENT_DATABASE_URL", server.database_url())
        .env("ASSENT_SIGNING_KEY_FILE", server.folder().join("assent.key"))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

async fn a_draft_is_the_same_by_every_way_in(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.key(ALL, Some(&server.shop)).await;
    let ann = server.signed_in(Role::Editor, Some(&server.shop)).await;
    let (status, saved) =
        api(&server, &key, Method::PUT, "/draft", json!({"revision": 0, "toml": reworded()})).await;
    assert_eq!((status, &saved["revision"]), (StatusCode::OK, &json!(1)), "{saved}");
    assert_eq!(saved["notice"]["controller"]["name"], "The Fernhill Ceramics");
    let page = ann.read(&format!("{HOME}/who")).await;
    assert!(page.contains("value=\"The Fernhill Ceramics\""), "{page}");

    let to = ann.sends(&format!("{HOME}/who"), &who("1", "Ann's Pots", "IE")).await;
    assert_eq!(to, format!("{HOME}/who?done=saved"));
    let (_, draft) = api(&server, &key, Method::GET, "/draft", Value::Null).await;
    assert_eq!((&draft["revision"], &draft["updated_by"]), (&json!(2), &json!(ann.email)));
    let said = command(&server, &["notice", "draft", "get", "--site", "shop"]).unwrap();
    assert_eq!(said, draft["toml"].as_str().unwrap());
    let differs = assent::notices::read(&said).unwrap();
    let mut expected = assent::notices::read(&reworded()).unwrap();
    "Ann's Pots".clone_into(&mut expected.controller.name);
    assert_eq!(differs, expected, "the form changed what it shows, and nothing else");

    let to = ann
        .sends(&format!("{HOME}/publish"), &[("revision", "2"), ("when", "now"), ("note", "Renamed.")])
        .await;
    assert_eq!(to, "/admin/sites/shop/notices?done=published");
    let listed = ann.read(&to).await;
    assert!(listed.contains("Renamed.") && listed.contains(&ann.email), "{listed}");
    let (_, versions) = api(&server, &key, Method::GET, "/notices?limit=1", Value::Null).await;
    assert_eq!((&versions["items"][0]["number"], &versions["next"]), (&json!(2), &json!(2)));
    assert_eq!(versions["items"][0]["published_by"], json!(ann.email));
    let lines = command(&server, &["notice", "list", "--site", "shop"]).unwrap();
    assert!(lines.starts_with("2\t2026-11-21T00:00:00Z\t") && lines.lines().count() == 2, "{lines}");

    let toml =
        server.get_with_key(&key, "/api/v1/sites/shop/notices/2?format=toml").await.text().await.unwrap();
    assert_eq!(toml, command(&server, &["notice", "show", "--site", "shop", "2"]).unwrap());
    assert_eq!(toml, ann.read("/admin/sites/shop/notices/2.toml").await);
    let (_, compared) = api(&server, &key, Method::GET, "/notices/1/compare/2", Value::Null).await;
    assert_eq!(compared["changes"][0]["after"], "Ann's Pots", "{compared}");
    let said = command(&server, &["notice", "compare", "--site", "shop", "1", "2"]).unwrap();
    assert!(said.contains("controller.name\n  - Fernhill Ceramics\n  + Ann's Pots\n"), "{said}");
    let page = ann.read("/admin/sites/shop/notices/compare?old=1&new=2").await;
    assert!(page.contains("<del>Fernhill</del>") && page.contains("<ins>Ann"), "{page}");

    // Back to the first by the command line; the same as a draft in the browser.
    command(&server, &["notice", "rollback", "--site", "shop", "1"]).unwrap();
    assert!(ann.read(&format!("{HOME}/who")).await.contains("value=\"Fernhill Ceramics\""));
    let (status, done) = api(&server, &key, Method::POST, "/notices", json!({"revision": 4})).await;
    assert_eq!((status, done), (StatusCode::CREATED, json!({"number": 3, "published": true})));
    let again = json!({"toml": NOTICE});
    let (status, done) = api(&server, &key, Method::POST, "/notices", again).await;
    assert_eq!((status, done), (StatusCode::OK, json!({"number": 3, "published": false})));
    server.finish().await;
}

async fn a_form_that_is_not_taken_loses_nothing(engine: Engine) {
    let server = TestServer::start(engine).await;
    let ann = server.signed_in(Role::Editor, None).await;
    let wrong = ann.send(&format!("{HOME}/who"), &who("0", "Ann's Pots", "UK")).await;
    assert_eq!(wrong.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = wrong.text().await.unwrap();
    assert!(
        page.contains("a location is a country") && page.contains("value=\"UK\"") && page.contains("Ann"),
        "{page}"
    );
    assert!(page.contains("aria-invalid=\"true\""));

    ann.sends(&format!("{HOME}/who"), &who("0", "Ann's Pots", "IE")).await;
    // Bob had the page open since before.
    let bob = server.signed_in(Role::Admin, None).await;
    let stale = bob.send(&format!("{HOME}/who"), &who("0", "Bob's Pots", "DE")).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let page = stale.text().await.unwrap();
    for both in ["Ann", "Bob", &ann.email, "name=\"controller.name\"", "name=\"revision\" value=\"1\""] {
        assert!(page.contains(both), "{both}: {page}");
    }
    // The button on that page sends Bob's again, with the revision that he has seen now.
    bob.sends(&format!("{HOME}/who"), &who("1", "Bob's Pots", "DE")).await;
    assert!(ann.read(&format!("{HOME}/toml")).await.contains("Bob"));

    let broken =
        ann.send(&format!("{HOME}/toml"), &[("revision", "2"), ("text", "default_local = \"en\"")]).await;
    assert_eq!(broken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = broken.text().await.unwrap();
    assert!(page.contains("unknown field") && page.contains("default_local = &#34;en&#34;"), "{page}");
    let stale = ann.send(&format!("{HOME}/toml"), &[("revision", "1"), ("text", &reworded())]).await;
    assert_eq!(stale.status(), StatusCode::CONFLICT);
    let page = stale.text().await.unwrap();
    assert!(page.contains("The Fernhill") && page.contains("Bob"), "both are there: {page}");
    server.finish().await;
}

async fn what_is_refused_is_published_with_reasons_only(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.key(ALL, None).await;
    let ann = server.signed_in(Role::Editor, None).await;
    let (status, problem) = api(&server, &key, Method::POST, "/notices", json!({"toml": refused()})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("notice_refused")));
    assert!(
        problem["detail"].as_str().unwrap().contains("emotional_steering at texts.en.reject"),
        "{problem}"
    );
    let file = server.folder().join("notice.toml");
    std::fs::write(&file, refused()).unwrap();
    let file = file.to_str().unwrap();
    let said = command(&server, &["notice", "publish", "--site", "shop", file]).unwrap_err();
    assert!(said.contains("emotional_steering"), "{said}");

    api(&server, &key, Method::PUT, "/draft", json!({"revision": 0, "toml": refused()})).await;
    let (_, lint) = api(&server, &key, Method::GET, "/draft/lint", Value::Null).await;
    let findings = lint["findings"].as_array().unwrap();
    let names: Vec<String> = findings
        .iter()
        .filter(|one| one["severity"] == "refuse")
        .map(|one| format!("reason:{}:{}", one["rule"].as_str().unwrap(), one["at"].as_str().unwrap()))
        .collect();
    let page = ann.read(&format!("{HOME}/publish")).await;
    for name in &names {
        assert!(page.contains(&format!("name=\"{name}\"")), "{name}: {page}");
    }
    let page = ann.read(&format!("{HOME}/languages/en")).await;
    assert!(page.contains("texts.en.reject-found"), "the finding stands beside its field: {page}");
    let overview = ann.read(HOME).await;
    assert!(
        overview.contains("/notice/languages/en#texts.en.reject"),
        "and the overview leads there: {overview}"
    );

    let send = async |reason: &str| {
        let mut fields = vec![("revision", "1"), ("when", "now")];
        fields.extend(names.iter().map(|name| (name.as_str(), reason)));
        ann.send(&format!("{HOME}/publish"), &fields).await
    };
    let short = send("because").await;
    assert_eq!(short.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(short.text().await.unwrap().contains("because</textarea>"), "what was typed is there again");
    let taken = send("Our visitors are potters, and laugh at this.").await;
    assert_eq!(taken.status(), StatusCode::SEE_OTHER);
    let listed = ann.read("/admin/sites/shop/notices").await;
    assert!(listed.contains("laugh at this"), "{listed}");
    server.finish().await;
}

async fn a_plan_is_made_seen_and_taken_back(engine: Engine) {
    let server = TestServer::start(engine).await;
    let key = server.key(ALL, None).await;
    let ann = server.signed_in(Role::Editor, None).await;
    let wish = json!({"toml": reworded(), "material": ["video"], "publish_at": NOW + HOUR});
    let (status, plan) = api(&server, &key, Method::PUT, "/schedule", wish).await;
    assert_eq!((status, &plan["asked_again"]), (StatusCode::OK, &json!(["video"])), "{plan}");
    let overview = ann.read(HOME).await;
    assert!(overview.contains("Planned for 2026-11-21 01:00 UTC"), "{overview}");
    let said = command(&server, &["notice", "schedule", "--site", "shop"]).unwrap();
    assert!(said.starts_with("2026-11-21T01:00:00Z\t"), "{said}");
    assert!(ann.read(&format!("{HOME}/cancel")).await.contains("will not be published"));
    let to = ann.sends(&format!("{HOME}/cancel"), &[]).await;
    assert_eq!(to, format!("{HOME}?done=cancelled"));
    assert_eq!(api(&server, &key, Method::GET, "/schedule", Value::Null).await.0, StatusCode::NOT_FOUND);

    // By the page, from the draft.
    api(&server, &key, Method::PUT, "/draft", json!({"revision": 0, "toml": reworded()})).await;
    let fields = [("revision", "1"), ("when", "date"), ("at", "2026-11-21T01:00"), ("material", "video")];
    assert_eq!(ann.sends(&format!("{HOME}/publish"), &fields).await, format!("{HOME}?done=scheduled"));
    server.clock.advance(HOUR);
    assert_eq!(publish_what_is_due(server.server().app()).await.unwrap(), 1);
    let (_, versions) = api(&server, &key, Method::GET, "/notices", Value::Null).await;
    assert_eq!(versions["items"][0]["asked_again"], json!(["video"]));
    let undated = ann.send(&format!("{HOME}/publish"), &[("revision", "2"), ("when", "date")]).await;
    assert_eq!(undated.status(), StatusCode::UNPROCESSABLE_ENTITY);
    server.finish().await;
}

async fn lists_are_edited_and_removing_asks_first(engine: Engine) {
    let server = TestServer::start(engine).await;
    let ann = server.signed_in(Role::Editor, None).await;
    let post = async |path: &str, fields: &[(&str, &str)]| ann.sends(&format!("{HOME}{path}"), fields).await;
    assert_eq!(
        post("/languages", &[("revision", "0"), ("add", "de")]).await,
        format!("{HOME}/languages/de?done=saved")
    );
    let words = ann.read(&format!("{HOME}/languages/de")).await;
    assert!(words.contains("placeholder=\"Alle ablehnen\""), "built-in words: {words}");
    assert!(words.contains("Counts visits and shows us which pages are useful."), "the English beside it");
    post("/purposes", &[("revision", "1"), ("add", "marketing")]).await;
    post("/purposes", &[("revision", "2"), ("up", "marketing")]).await;
    let listed = ann.read(&format!("{HOME}/purposes")).await;
    assert!(listed.find("<code>marketing</code>") < listed.find("<code>video</code>"), "{listed}");

    let cookie = [
        ("revision", "3"),
        ("purposes.marketing.cookies.0.name", "_ad"),
        ("purposes.marketing.cookies.0.provider", "Ads Ltd"),
        ("purposes.marketing.cookies.0.kind", "cookie"),
        ("purposes.marketing.cookies.0.lifetime", "13 months"),
        ("purposes.marketing.cookies.0.about.en", "Counts advertisements"),
    ];
    assert_eq!(
        post("/purposes/marketing/cookies/0", &cookie).await,
        format!("{HOME}/purposes/marketing?done=saved")
    );
    assert!(ann.read(&format!("{HOME}/purposes/marketing")).await.contains("_ad"));
    let to = post("/purposes/analytics/services", &[("revision", "4"), ("service", "matomo")]).await;
    assert!(ann.read(&to).await.contains("_pk_id"), "the catalogue's cookies are there");
    post("/vendors", &[("revision", "5"), ("adapters.matomo", "on")]).await;
    assert!(ann.read(&format!("{HOME}/toml")).await.contains("[adapters.matomo]"));

    for key in ["texts.de", "purposes.marketing.cookies.0", "purposes.marketing"] {
        let revision = ann.read(&format!("{HOME}/remove?key={key}")).await;
        let revision = revision
            .split("name=\"revision\" value=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap()
            .to_owned();
        post("/remove", &[("revision", &revision), ("key", key)]).await;
    }
    let missing = ann.open(&format!("{HOME}/remove?key=controller")).await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND, "only what is listed can be removed");
    let whole = ann.read(&format!("{HOME}/toml")).await;
    assert!(!whole.contains("marketing") && !whole.contains("texts.de"), "{whole}");
    server.finish().await;
}

async fn a_preview_is_the_draft_and_nobody_elses(engine: Engine) {
    let server = TestServer::start(engine).await;
    let ann = server.signed_in(Role::Editor, Some(&server.shop)).await;
    let text = reworded().replace("May we count visits", "Dürfen wir zählen");
    ann.sends(&format!("{HOME}/toml"), &[("revision", "0"), ("text", &text)]).await;
    let page = ann.read(&format!("{HOME}/preview?layout=dialog&theme=dark&width=320")).await;
    assert!(
        page.contains("class=\"preview w320\"") && page.contains("/preview/dialog/dark?lang=en"),
        "{page}"
    );
    let frame = ann.open(&format!("{HOME}/preview/dialog/dark?lang=en")).await;
    let policy = frame.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("frame-ancestors 'self'") && !policy.contains("unsafe-inline"), "{policy}");
    let frame = frame.text().await.unwrap();
    let tag = frame.split("<script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let script = ann.read(&tag).await;
    assert!(script.contains("Dürfen wir zählen") && script.contains("\"number\":2"), "the draft's own tag");
    let words = ann.read(&format!("{HOME}/preview/dialog/dark/_assent/shop/notices/2?lang=en")).await;
    assert!(words.contains("Dürfen wir zählen") && words.contains("\"layout\":\"dialog\""), "{words}");
    let posted = ann.send(&format!("{HOME}/preview/dialog/dark/_assent/shop/decisions"), &[]).await;
    assert_eq!(posted.status(), StatusCode::NOT_FOUND, "a preview takes no decision");
    let key = server.key(ALL, None).await;
    let picture = server.get_with_key(&key, "/api/v1/sites/shop/draft/preview?lang=en").await;
    assert_eq!(picture.status(), StatusCode::OK);
    assert!(picture.text().await.unwrap().contains("Dürfen wir zählen"), "the draft's banner as a picture");
    let published = server.get("/_assent/shop.js").await.text().await.unwrap();
    assert!(!published.contains("Dürfen"), "visitors see what is published");

    let viewer = server.signed_in(Role::Viewer, Some(&server.shop)).await;
    for path in ["", "/who", "/publish", "/preview", "/preview/box/light", "/toml/file"] {
        assert_eq!(viewer.open(&format!("{HOME}{path}")).await.status(), StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(viewer.open(&tag).await.status(), StatusCode::FORBIDDEN);
    let blog = "blog".parse().unwrap();
    server.add_site(&blog).await;
    let elsewhere = server.signed_in(Role::Admin, Some(&blog)).await;
    assert_eq!(elsewhere.open(HOME).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(server.get(HOME).await.status(), StatusCode::OK, "which is the page to sign in at");
    server.finish().await;
}
