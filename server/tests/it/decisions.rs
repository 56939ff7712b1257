//! Owns what happens to a decision: recorded once and durably, or refused without a trace.

use std::collections::HashSet;

use assent_shared::Method as DecisionMethod;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Engine, NOW, PAGE, TestServer, both_engines, id, refusal, with};

both_engines!(
    a_decision_becomes_a_receipt,
    the_same_decision_is_recorded_once,
    the_same_id_with_other_content_is_a_conflict,
    bad_input_is_refused_and_changes_nothing,
    a_wrong_clock_loses_nothing,
    a_thousand_at_once_have_a_place_each,
    many_retries_at_once_leave_one_receipt,
    a_foreign_page_cannot_post,
    the_server_sets_both_cookies_for_its_own_pages,
    the_secret_in_the_cookie_counts,
    global_privacy_control_in_the_request_is_kept,
);

async fn a_decision_becomes_a_receipt(engine: Engine) {
    let app = TestServer::start(engine).await;
    let (status, answer) = app.post(&refusal(1)).await;
    assert_eq!(status, StatusCode::CREATED);
    let [(row, receipt)] = app.receipts().await.try_into().unwrap();
    assert_eq!(answer["receipt"], serde_json::from_str::<Value>(&row.body).unwrap());
    app.proves(&answer).await;
    assert_eq!(receipt.method, DecisionMethod::RejectAll);
    assert_eq!(receipt.received_at, NOW);
    assert_eq!(receipt.origin, PAGE);
    assert!(receipt.choices.values().all(|granted| !granted));
    assert!(!row.body.contains("AAAAAAAAAAAAAAAAAAAAAA"), "the visitor's secret must not be stored");
    app.finish().await;
}

async fn the_same_decision_is_recorded_once(engine: Engine) {
    let app = TestServer::start(engine).await;
    let (first, receipt) = app.post(&refusal(1)).await;
    app.clock.advance(60_000);
    let (second, again) = app.post(&refusal(1)).await;
    assert_eq!((first, second), (StatusCode::CREATED, StatusCode::OK));
    assert_eq!(receipt, again, "a retry gets the first receipt, with its first time");
    assert_eq!(app.receipts().await.len(), 1);
    app.finish().await;
}

async fn the_same_id_with_other_content_is_a_conflict(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let turned =
        with(refusal(1), json!({"choices": {"analytics": true, "video": true}, "method": "accept_all"}));
    let (status, problem) = app.post(&turned).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(problem["code"], "decision_conflict");
    let [(_, receipt)] = app.receipts().await.try_into().unwrap();
    assert!(receipt.choices.values().all(|granted| !granted), "the refusal stands");
    app.finish().await;
}

async fn bad_input_is_refused_and_changes_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    let json = |value: Value| value.to_string().into_bytes();
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000)).into_bytes();
    let twice =
        refusal(1).to_string().replace("\"analytics\":false", "\"analytics\":false,\"analytics\":true");
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        ("nothing", vec![], 422, "malformed_body"),
        ("not JSON", b"accept=all".to_vec(), 422, "malformed_body"),
        ("half of it", refusal(1).to_string().into_bytes()[..100].to_vec(), 422, "malformed_body"),
        ("invalid UTF-8", b"{\"id\":\"\xff\xfe\"}".to_vec(), 422, "malformed_body"),
        ("a NUL", json(with(refusal(1), json!({"locale": "e\0n"}))), 422, "malformed_body"),
        ("deep nesting", deep, 422, "malformed_body"),
        ("1 MB", vec![b' '; 1_000_000], 413, "body_too_large"),
        ("one byte too many", vec![b' '; 8193], 413, "body_too_large"),
        ("a list", b"[]".to_vec(), 422, "malformed_body"),
        ("an unknown field", json(with(refusal(1), json!({"ip": "192.0.2.1"}))), 422, "malformed_body"),
        (
            "a choice that is text",
            json(with(refusal(1), json!({"choices": {"analytics": "yes"}}))),
            422,
            "malformed_body",
        ),
        ("a choice given twice", twice.into_bytes(), 422, "malformed_body"),
        ("a bad id", json(with(refusal(1), json!({"id": "1"}))), 422, "malformed_body"),
        ("a short secret", json(with(refusal(1), json!({"visitor": "short"}))), 422, "malformed_body"),
        ("a huge number", json(with(refusal(1), json!({"decided_at": 1e300}))), 422, "malformed_body"),
        (
            "an impossible time",
            json(with(refusal(1), json!({"decided_at": i64::MAX}))),
            422,
            "invalid_decision",
        ),
        ("an unknown method", json(with(refusal(1), json!({"method": "ignore"}))), 422, "malformed_body"),
        (
            "an unknown purpose",
            json(with(refusal(1), json!({"choices": {"analytics": false, "video": false, "ads": true}}))),
            422,
            "invalid_decision",
        ),
        (
            "an essential purpose denied",
            json(with(
                refusal(1),
                json!({"choices": {"analytics": false, "video": false, "necessary": false}}),
            )),
            422,
            "invalid_decision",
        ),
        (
            "a missing purpose",
            json(with(refusal(1), json!({"choices": {"analytics": false}}))),
            422,
            "invalid_decision",
        ),
        ("another language", json(with(refusal(1), json!({"locale": "tlh"}))), 422, "invalid_decision"),
        (
            "a refusal called acceptance",
            json(with(refusal(1), json!({"method": "accept_all"}))),
            422,
            "invalid_decision",
        ),
        ("an unknown notice", json(with(refusal(1), json!({"notice": 77}))), 422, "unknown_notice"),
        ("a negative notice", json(with(refusal(1), json!({"notice": -1}))), 422, "malformed_body"),
    ];
    for (what, body, status, code) in cases {
        let (got, problem) = app.post_from(PAGE, body, "application/json").await;
        assert_eq!((got.as_u16(), problem["code"].as_str()), (status, Some(code)), "{what}: {problem}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}");
        assert!(problem["request_id"].is_string(), "{what}");
    }
    let (status, problem) = app.post_from(PAGE, refusal(1).to_string().into_bytes(), "text/plain").await;
    assert_eq!((status.as_u16(), &problem["code"]), (415, &json!("wrong_content_type")));
    assert!(app.receipts().await.is_empty());
    app.finish().await;
}

async fn a_wrong_clock_loses_nothing(engine: Engine) {
    let app = TestServer::start(engine).await;
    let year = 31_536_000_000_i64;
    for (number, clock) in [NOW, NOW + 3_600_000, NOW - 20 * year, NOW + 30 * year, -1, 8_640_000_000_000_000]
        .into_iter()
        .enumerate()
    {
        let (status, _) = app.post(&with(refusal(number as u64), json!({"decided_at": clock}))).await;
        assert_eq!(status, StatusCode::CREATED, "{clock}");
    }
    let receipts = app.receipts().await;
    assert!(
        receipts.iter().all(|(row, receipt)| row.received_at == NOW && receipt.valid_until == NOW + year)
    );
    let marked: Vec<bool> = receipts.iter().map(|(_, receipt)| receipt.clock_off).collect();
    assert_eq!(marked, [false, false, true, true, true, true]);
    app.finish().await;
}

async fn a_thousand_at_once_have_a_place_each(engine: Engine) {
    let app = TestServer::start(engine).await;
    let decisions: Vec<Value> = (0..1000).map(refusal).collect();
    for (status, _) in app.post_all(&decisions).await {
        assert_eq!(status, StatusCode::CREATED);
    }
    let receipts = app.receipts().await;
    let stored: HashSet<String> = receipts.iter().map(|(_, receipt)| receipt.decision.to_string()).collect();
    assert_eq!(stored, (0..1000).map(id).collect());
    app.finish().await;
}

async fn many_retries_at_once_leave_one_receipt(engine: Engine) {
    let app = TestServer::start(engine).await;
    let decision = refusal(1);
    let answers = join_all((0..50).map(|_| app.post(&decision))).await;
    let created = answers.iter().filter(|(status, _)| *status == StatusCode::CREATED).count();
    let repeated = answers.iter().filter(|(status, _)| *status == StatusCode::OK).count();
    assert_eq!((created, repeated), (1, 49));
    assert!(answers.iter().all(|(_, answer)| answer == &answers[0].1), "everybody gets the one receipt");
    assert_eq!(app.receipts().await.len(), 1);
    app.finish().await;
}

async fn a_foreign_page_cannot_post(engine: Engine) {
    let app = TestServer::start(engine).await;
    for origin in [
        "https://evil.example",
        "http://shop.example",
        "https://shop.example:444",
        "https://shop.example.evil.example",
        "null",
        "",
    ] {
        let (status, problem) =
            app.post_from(origin, refusal(1).to_string().into_bytes(), "application/json").await;
        assert_eq!((status.as_u16(), &problem["code"]), (403, &json!("foreign_origin")), "{origin}");
    }
    let preflight = async |origin: &str| {
        let request = app.request(Method::OPTIONS, "/_assent/shop/decisions").header("origin", origin);
        let answer = request.header("access-control-request-method", "POST").send().await.unwrap();
        answer
            .headers()
            .get("access-control-allow-origin")
            .map(|allowed| allowed.to_str().unwrap().to_owned())
    };
    assert_eq!(preflight(PAGE).await.as_deref(), Some(PAGE));
    assert_eq!(preflight("https://evil.example").await, None);
    assert_eq!(app.get("/_assent/nosuchsite/decisions").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(app.receipts().await.is_empty());
    app.finish().await;
}

async fn the_server_sets_both_cookies_for_its_own_pages(engine: Engine) {
    let app = TestServer::start(engine).await;
    let own = format!("http://{}", app.server().address());
    app.store().set_origins(&app.shop, &[PAGE.to_owned(), own.clone()]).await.unwrap();
    let granted =
        with(refusal(1), json!({"choices": {"analytics": true, "video": false}, "method": "custom"}));
    let post = async |origin: &str, cookie: &str| {
        let request = app
            .request(Method::POST, "/_assent/shop/decisions")
            .header("origin", origin)
            .header("cookie", cookie);
        let answer = request.json(&granted).send().await.unwrap();
        let cookies: Vec<String> = answer
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|cookie| cookie.to_str().unwrap().to_owned())
            .collect();
        cookies
    };
    let attributes = "; Max-Age=31536000; Path=/; SameSite=Lax";
    let cookies = post(&own, "").await;
    assert_eq!(cookies[0], format!("assent_id=AAAAAAAAAAAAAAAAAAAAAA; HttpOnly{attributes}"));
    assert!(
        cookies[1].starts_with("assent=1~1~") && cookies[1].ends_with(&format!("~analytics{attributes}")),
        "{cookies:?}"
    );
    // A choice that was made after this decision is not overruled by its late answer.
    assert_eq!(post(&own, "assent=1~1~zzzzzzz~").await.len(), 1);
    // On another host the cookies would be third-party ones.
    assert!(post(PAGE, "").await.is_empty());
    app.finish().await;
}

async fn the_secret_in_the_cookie_counts(engine: Engine) {
    let app = TestServer::start(engine).await;
    let own = format!("http://{}", app.server().address());
    app.store().set_origins(&app.shop, std::slice::from_ref(&own)).await.unwrap();
    for (number, cookie) in [
        (1, "assent_id=BBBBBBBBBBBBBBBBBBBBBA"),
        (2, "assent_id=garbage"),
        (3, "x=1; assent_id=BBBBBBBBBBBBBBBBBBBBBA; y=2"),
    ] {
        let request = app
            .request(Method::POST, "/_assent/shop/decisions")
            .header("origin", &own)
            .header("cookie", cookie);
        assert_eq!(request.json(&refusal(number)).send().await.unwrap().status(), StatusCode::CREATED);
    }
    let visitors: Vec<String> =
        app.receipts().await.iter().map(|(_, receipt)| receipt.visitor.to_string()).collect();
    assert_eq!(visitors[0], visitors[2]);
    assert_ne!(visitors[0], visitors[1]);
    app.finish().await;
}

async fn global_privacy_control_in_the_request_is_kept(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (number, signal) in [(1, "1"), (2, "0"), (3, "true")] {
        let request = app
            .request(Method::POST, "/_assent/shop/decisions")
            .header("origin", PAGE)
            .header("sec-gpc", signal);
        request.json(&refusal(number)).send().await.unwrap();
    }
    let seen: Vec<bool> = app.receipts().await.iter().map(|(_, receipt)| receipt.gpc).collect();
    assert_eq!(seen, [true, false, false]);
    app.finish().await;
}
