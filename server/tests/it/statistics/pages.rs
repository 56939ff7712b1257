//! Owns statistics as a page, as the API and as a file: the same numbers everywhere.

use assent::access::{Permission, Role};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{DESKTOP, PHONE, choices, decide, show};
use crate::harness::{Engine, TestServer, both_engines, refusal, with};

both_engines!(a_viewer_reads_the_page, the_api_says_the_same, shares_that_would_not_be_true_are_not_said);

const DISPLAY: &str = r#"{"notice":1,"locale":"en"}"#;

async fn a_viewer_reads_the_page(engine: Engine) {
    let app = TestServer::start(engine).await;
    for _ in 0..4 {
        show(&app, PHONE, DISPLAY).await;
    }
    decide(&app, PHONE, &with(refusal(1), json!({"method": "accept_all", "choices": choices(true, true)})))
        .await;
    decide(&app, DESKTOP, &refusal(2)).await;
    let viewer = app.signed_in(Role::Viewer, Some(&app.shop)).await;
    let page = viewer.read("/admin/sites/shop/statistics").await;
    for said in [
        "Of 4 displays",
        "<dt>Accepted</dt><dd>1 <span class=\"soft\">· 25.0 %",
        "<dt>Ignored</dt><dd>2 <span class=\"soft\">· 50.0 %",
        "<svg class=\"chart\"",
        "<title id=\"chart-title\">",
        "<th scope=\"row\">2026-11-21</th><td class=\"number\">4</td>",
        "never below zero",
    ] {
        assert!(page.contains(said), "{said}\n{page}");
    }
    for (by, row) in [("device", "phone"), ("notice", "1"), ("locale", "en")] {
        let page = viewer
            .read(&format!("/admin/sites/shop/statistics?by={by}&first=2026-11-20&last=2026-11-21"))
            .await;
        assert!(
            page.contains(&format!("<th scope=\"row\">{row}</th><td class=\"number\">4</td>")),
            "{by}\n{page}"
        );
    }
    let empty = viewer.read("/admin/sites/shop/statistics?first=2026-01-01&last=2026-01-02").await;
    assert!(empty.contains("Nothing was counted") && !empty.contains("<svg class=\"chart\""));
    for wrong in ["first=soon", "first=2026-11-22&last=2026-11-21", "first=2020-01-01", "by=hour"] {
        let answer = viewer.open(&format!("/admin/sites/shop/statistics?{wrong}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(answer.text().await.unwrap().contains("role=\"alert\""), "{wrong}");
    }
    let file = viewer.open("/admin/sites/shop/statistics.csv?by=device").await;
    assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"shop-statistics-device.csv\"");
    assert!(file.text().await.unwrap().contains("\nphone,4,1,0,0,3,0,0,1,1\n"));
    app.finish().await;
}

async fn the_api_says_the_same(engine: Engine) {
    let app = TestServer::start(engine).await;
    show(&app, PHONE, DISPLAY).await;
    decide(&app, PHONE, &with(refusal(1), json!({"method": "custom", "choices": choices(false, true)})))
        .await;
    let key = app.key(&[Permission::ReadStatistics], Some(&app.shop)).await;
    let get = async |query: &str| {
        let path = format!("/api/v1/sites/shop/statistics{query}");
        app.request(Method::GET, &path).bearer_auth(&key).send().await.unwrap()
    };
    let all: Value = get("?by=notice&from=2026-11-21&to=2026-11-22").await.json().await.unwrap();
    let expected = json!({"part": "1", "shown": 1, "accepted": 0, "refused": 0, "customised": 1, "withdrawn": 0, "signal": 0,
        "ignored": 0, "granted": {"video": 1}});
    assert_eq!(all["items"], json!([expected]));
    assert_eq!((&all["from"], &all["to"]), (&json!("2026-11-21"), &json!("2026-11-22")));
    let csv = get("?by=locale&format=csv").await;
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(csv.text().await.unwrap().ends_with("en,1,0,0,1,0,0,0,1\n"));
    for wrong in ["?by=hour", "?from=soon", "?colour=red", "?from=2026-11-21&to=2026-11-21"] {
        assert_eq!(get(wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let auditor = app.key(Role::Auditor.permissions(), Some(&app.shop)).await;
    assert_eq!(
        app.get_with_key(&auditor, "/api/v1/sites/shop/statistics").await.status(),
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        app.get_with_key(&key, "/api/v1/sites/other/statistics").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(app.get("/api/v1/sites/shop/statistics").await.status(), StatusCode::UNAUTHORIZED);
    app.finish().await;
}

async fn shares_that_would_not_be_true_are_not_said(engine: Engine) {
    let app = TestServer::start(engine).await;
    show(&app, PHONE, DISPLAY).await;
    for number in 1..=3 {
        decide(&app, PHONE, &refusal(number)).await;
    }
    let viewer = app.signed_in(Role::Viewer, None).await;
    let page = viewer.read("/admin/sites/shop/statistics").await;
    assert!(
        page.contains("More answers than displays") && page.contains("<dt>Refused</dt><dd>3</dd>"),
        "{page}"
    );
    assert!(page.contains("<dt>Ignored</dt><dd>0</dd>"));
    app.finish().await;
}
