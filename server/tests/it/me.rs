//! The visitor's own records: theirs only, by the secret of their browser, read, downloaded and erased; and the replay.

use assent::notices::publish;
use assent::store::HoldRow;
use assent_shared::ledger::Reason;
use assent_shared::{VisitorId, VisitorSecret};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Engine, NOTICE, NOW, PAGE, TestServer, both_engines, refusal, with};

both_engines!(
    visitors_read_their_own_records_and_nobody_elses,
    the_download_proves_itself,
    erasing_leaves_the_choice_and_forgets_the_secret,
    what_is_held_is_kept_and_said,
    pages_on_another_host_bring_the_secret_themselves,
    whoever_asks_too_often_waits,
    a_replay_shows_what_was_shown,
);

const ME: &str = "/_assent/shop/me";

fn secret(letter: &str) -> String {
    format!("{}A", letter.repeat(21))
}

fn visitor_id(app: &TestServer, letter: &str) -> VisitorId {
    secret(letter).parse::<VisitorSecret>().unwrap().visitor_id(&app.shop)
}

/// A browser on the shop's own host that keeps that secret.
fn browser(app: &TestServer, method: Method, path: &str, letter: &str) -> RequestBuilder {
    let request = Client::new().request(method, app.url(path)).header("host", "shop.example");
    request.header("cookie", format!("assent=1~1~a~; assent_id={}", secret(letter)))
}

/// A program, or a page on another host, that brings the secret.
fn bearer(app: &TestServer, method: Method, path: &str, token: &str) -> RequestBuilder {
    app.request(method, path).bearer_auth(token)
}

async fn text(request: RequestBuilder) -> (StatusCode, HeaderMap, String) {
    let answer: Response = request.send().await.unwrap();
    (answer.status(), answer.headers().clone(), answer.text().await.unwrap())
}

async fn page(request: RequestBuilder) -> String {
    let (status, _, page) = text(request).await;
    assert_eq!(status, StatusCode::OK, "{page}");
    page
}

/// Two visitors: B accepts video and takes it back, C refuses.
async fn with_two_visitors(engine: Engine) -> TestServer {
    let app = TestServer::start(engine).await;
    let own = |letter: &str, more: Value| with(with(refusal(0), json!({"visitor": secret(letter)})), more);
    let first = json!({"id": crate::harness::id(1), "method": "custom", "choices": {"analytics": false, "video": true}});
    app.post(&own("B", first)).await;
    app.post(&own("C", json!({"id": crate::harness::id(2)}))).await;
    app.clock.advance(60_000);
    let third = json!({"id": crate::harness::id(3), "method": "withdraw", "replaces": crate::harness::id(1)});
    app.post(&own("B", third)).await;
    app
}

async fn visitors_read_their_own_records_and_nobody_elses(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let (status, headers, own) = text(browser(&app, Method::GET, ME, "B")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["cache-control"], "no-store");
    assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let at = |what: &str| own.find(what).unwrap_or_else(|| panic!("no {what} in {own}"));
    assert!(at("2026-11-21 00:01 UTC") < at("2026-11-21 00:00 UTC"), "newest first");
    assert!(at("Your consent is withdrawn.") < at("Save choices"), "how each was made");
    assert!(
        own.contains("<dt>Allowed</dt><dd>Video</dd>")
            && own.contains("<dt>Not allowed</dt><dd>Analytics, Video</dd>")
    );
    assert_eq!(own.matches("<dl class=\"record\">").count(), 2);
    assert!(own.contains("href=\"notices/1/en\"") && own.contains("href=\"replay/1/en?granted=video\""));
    assert!(!own.contains("<script") && !own.contains(&secret("B")), "{own}");

    let list = page(browser(&app, Method::GET, &format!("{ME}?part&lang=en"), "B")).await;
    assert!(
        list.contains("data-own=\"erase\"") && !list.contains("<html") && !list.contains("<form"),
        "{list}"
    );

    // Whoever is unknown, brings nothing, or something else, sees what one without records sees.
    let empty = page(browser(&app, Method::GET, ME, "X")).await;
    assert!(
        empty.contains("There are no records of this browser here.") && !empty.contains("UTC"),
        "{empty}"
    );
    let operator = app.operator_key(None).await;
    let same = [
        bearer(&app, Method::GET, ME, &operator),
        bearer(&app, Method::GET, ME, &secret("X")),
        bearer(&app, Method::GET, ME, visitor_id(&app, "B").as_str()),
        app.request(Method::GET, ME),
        app.request(
            Method::GET,
            &format!("{ME}?visitor={}&assent_id={}", visitor_id(&app, "B"), secret("B")),
        ),
        // The cookie is another site's where the host is not the shop's.
        app.request(Method::GET, ME).header("cookie", format!("assent_id={}", secret("B"))),
    ];
    for request in same {
        let page = page(request).await;
        let without_links = |page: &str| page.split("<dl class=\"who\">").next().unwrap().to_owned();
        assert_eq!(without_links(&page), without_links(&empty));
    }
    let by_header = page(bearer(&app, Method::GET, ME, &secret("C"))).await;
    assert_eq!(by_header.matches("<dl class=\"record\">").count(), 1);

    // Fifty are listed, and it is said that there are more.
    for number in 10..60 {
        app.post(&with(refusal(number), json!({"visitor": secret("C")}))).await;
    }
    let many = page(browser(&app, Method::GET, ME, "C")).await;
    assert_eq!(many.matches("<dl class=\"record\">").count(), 50);
    assert!(many.contains("The newest 50 are shown."));
    app.finish().await;
}

async fn the_download_proves_itself(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let path = format!("{ME}/receipts.json");
    let (status, headers, file) = text(browser(&app, Method::GET, &path, "B")).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-disposition"], "attachment; filename=\"shop-choices.json\"");
    let read: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(read["format"], "assent.receipts.v1");
    assert_eq!(read["key"], app.verifier_key().await.to_string());
    let receipts = read["receipts"].as_array().unwrap();
    assert_eq!(receipts.len(), 2);
    for sealed in receipts {
        app.proves(sealed).await;
        assert_eq!(sealed["receipt"]["visitor"], visitor_id(&app, "B").as_str());
    }
    let notice = app.store().notice(&app.shop, 1).await.unwrap().unwrap();
    assert!(file.contains(&format!("\"notices\":{{\"1\":{}}}", notice.body)), "byte for byte");
    for others in [visitor_id(&app, "C").as_str(), &crate::harness::id(2), &secret("B")] {
        assert!(!file.contains(others), "{others}");
    }
    let addresses = assent::pages::replay::addresses(&file, None).unwrap();
    let at = format!("{PAGE}/_assent/shop/replay/1/en?granted=");
    assert_eq!(addresses, [at.clone(), format!("{at}video")]);
    let lines = format!("{}\n{}\n", receipts[0], receipts[1]);
    let elsewhere = assent::pages::replay::addresses(&lines, Some("https://consent.example/")).unwrap();
    assert_eq!(elsewhere[1], "https://consent.example/_assent/shop/replay/1/en?granted=video");
    assert!(assent::pages::replay::addresses("[]", None).is_err());
    let nobody: Value = serde_json::from_str(&page(app.request(Method::GET, &path)).await).unwrap();
    assert_eq!((&nobody["receipts"], &nobody["notices"]), (&json!([]), &json!({})));
    app.finish().await;
}

async fn erasing_leaves_the_choice_and_forgets_the_secret(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let path = format!("{ME}/erase?lang=en");
    let erase = |letter: &str| browser(&app, Method::POST, &path, letter);
    // A cookie goes along whoever asks: only the site's own page may.
    for (origin, from) in
        [(None, None), (Some("https://evil.example"), None), (Some(PAGE), Some("same-site"))]
    {
        let mut request = erase("B");
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        if let Some(from) = from {
            request = request.header("sec-fetch-site", from);
        }
        assert_eq!(text(request).await.0, StatusCode::FORBIDDEN, "{origin:?} {from:?}");
    }
    assert_eq!(app.receipts().await.len(), 3);

    app.clock.advance(5);
    let (status, headers, page) = text(erase("B").header("origin", PAGE)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Erased records: 2. Your choice goes on holding."), "{page}");
    assert!(page.contains("href=\"../choices?lang=en\"") && !page.contains("UTC"), "{page}");
    let cookies: Vec<&str> =
        headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    assert_eq!(cookies, ["assent_id=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax; Secure"]);
    let left = app.receipts().await;
    assert_eq!((left.len(), &left[0].1.visitor), (1, &visitor_id(&app, "C")));
    let leaves = app.store().leaves(&app.shop, 1, 0, 99).await.unwrap();
    assert!(leaves.last().unwrap().body.as_ref().unwrap().contains(Reason::Visitor.as_str()));

    let (_, _, again) = text(erase("B").header("origin", PAGE)).await;
    assert!(again.contains("Erased records: 0."), "{again}");
    let (_, _, nobody) = text(app.request(Method::POST, &path).header("origin", PAGE)).await;
    assert!(nobody.contains("Erased records: 0."), "{nobody}");
    app.finish().await;
}

async fn what_is_held_is_kept_and_said(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let hold = HoldRow {
        hold_id: "h1".to_owned(),
        visitor: Some(visitor_id(&app, "B").to_string()),
        kind: "legal_hold".to_owned(),
        reason: "a court asks".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    app.store().add_hold(&app.shop, &hold).await.unwrap();
    let path = format!("{ME}/erase?part&lang=en");
    let (status, headers, said) = text(browser(&app, Method::POST, &path, "B").header("origin", PAGE)).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(
        said.contains("Your records have to be kept for now") && said.contains("privacy@shop.example"),
        "{said}"
    );
    assert!(!said.contains("a court asks"), "why is the operator's to tell");
    assert!(!headers.contains_key("set-cookie") && said.contains("UTC"), "they are still theirs to read");
    assert_eq!(app.receipts().await.len(), 3);
    app.finish().await;
}

async fn pages_on_another_host_bring_the_secret_themselves(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let asks = app.request(Method::OPTIONS, ME).header("origin", PAGE);
    let asks = asks
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let allowed = asks.send().await.unwrap().headers().clone();
    assert_eq!(allowed["access-control-allow-origin"], PAGE);
    assert!(allowed["access-control-allow-headers"].to_str().unwrap().contains("authorization"));
    assert!(!allowed.contains_key("access-control-allow-credentials"), "cookies stay where they are");

    let list = format!("{ME}?part&lang=en");
    let (status, headers, own) =
        text(bearer(&app, Method::GET, &list, &secret("B")).header("origin", PAGE)).await;
    assert_eq!((status, own.matches("class=\"record\"").count()), (StatusCode::OK, 2));
    assert_eq!(headers["access-control-allow-origin"], PAGE);
    let foreign = bearer(&app, Method::GET, &list, &secret("B")).header("origin", "https://evil.example");
    let (status, headers, _) = text(foreign).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!headers.contains_key("access-control-allow-origin"));

    let erase = bearer(&app, Method::POST, &format!("{ME}/erase?part&lang=en"), &secret("B"));
    let (status, headers, said) = text(erase.header("origin", PAGE)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        said.contains("Erased records: 2.") && !headers.contains_key("set-cookie"),
        "the page's cookie is the page's"
    );
    assert_eq!(app.receipts().await.len(), 1);
    app.finish().await;
}

async fn whoever_asks_too_often_waits(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let mut refused = None;
    for _ in 0..40 {
        let answer = browser(&app, Method::GET, ME, "B").send().await.unwrap();
        if answer.status() != StatusCode::OK {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("forty at once are too many");
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    let seconds: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=4).contains(&seconds));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!((&problem["code"], &problem["status"]), (&json!("too_many_requests"), &json!(429)));
    assert_eq!(
        text(browser(&app, Method::GET, ME, "C")).await.0,
        StatusCode::OK,
        "others are not told to wait"
    );
    app.finish().await;
}

async fn a_replay_shows_what_was_shown(engine: Engine) {
    let app = with_two_visitors(engine).await;
    let later = NOTICE.replace("[texts.en]", "[texts.en]\ntitle = \"Another title\"");
    publish(app.store(), &app.shop, &later, &[], NOW + 1).await.unwrap();
    let (status, headers, first) =
        text(app.request(Method::GET, "/_assent/shop/replay/1/en?granted=video")).await;
    assert_eq!(status, StatusCode::OK, "{first}");
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("script"),
        "{policy}"
    );
    assert!(policy.matches("'sha256-").count() == 2 && !policy.contains("unsafe"), "{policy}");
    let notice = app.store().notice(&app.shop, 1).await.unwrap().unwrap();
    for shown in [
        "This is a replay of what was shown.",
        "<dd>1</dd>",
        "2026-11-21 00:00 UTC",
        &notice.hash,
        "Your privacy, your choice",
        "data-act=\"accept\"",
        "<fieldset disabled>",
        "Fernhill Ceramics",
        "<dialog open",
    ] {
        assert!(first.contains(shown), "{shown} is missing in {first}");
    }
    for absent in ["<script", "Another title", "autofocus", " onclick", " style="] {
        assert!(!first.contains(absent), "{absent} is in {first}");
    }
    assert_eq!(first.matches(" checked").count(), 2, "what is essential, and what was granted");
    let second = page(app.request(Method::GET, "/_assent/shop/replay/2/en")).await;
    assert!(second.contains("Another title") && second.matches(" checked").count() == 1);
    for nothing in ["3/en", "1/de", "x/en", "1/en/x"] {
        let request = app.request(Method::GET, &format!("/_assent/shop/replay/{nothing}"));
        assert_eq!(text(request).await.0, StatusCode::NOT_FOUND, "{nothing}");
    }
    let odd = page(app.request(Method::GET, "/_assent/shop/replay/1/en?granted=%22%3E%3Cscript%3E")).await;
    assert!(!odd.contains("<script"));

    // The operator's way, from a receipt.
    let key = app.operator_key(Some(&app.shop)).await;
    let path = format!("/api/v1/sites/shop/receipts/{}/replay", crate::harness::id(1));
    let by_receipt = page(bearer(&app, Method::GET, &path, &key)).await;
    assert_eq!(by_receipt.matches(" checked").count(), 2);
    assert_eq!(text(app.request(Method::GET, &path)).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(text(bearer(&app, Method::GET, &path, &secret("B"))).await.0, StatusCode::UNAUTHORIZED);
    let hold = HoldRow {
        hold_id: "r1".to_owned(),
        visitor: Some(visitor_id(&app, "B").to_string()),
        kind: "restriction".to_owned(),
        reason: "disputed".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    app.store().add_hold(&app.shop, &hold).await.unwrap();
    assert_eq!(
        text(bearer(&app, Method::GET, &path, &key)).await.0,
        StatusCode::NOT_FOUND,
        "kept, and not shown"
    );
    app.finish().await;
}
