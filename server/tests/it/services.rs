//! Owns the catalogue of services as programs read it: by pages, with any key, and with none of it for nobody.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::Value;

use crate::harness::{Engine, TestServer, both_engines};

both_engines!(any_key_reads_the_catalogue_by_pages, nobody_without_a_key_does);

async fn any_key_reads_the_catalogue_by_pages(engine: Engine) {
    let app = TestServer::start(engine).await;
    let key = app.operator_key(Some(&app.shop)).await;
    let json = async |path: &str| app.get_with_key(&key, path).await.json::<Value>().await.unwrap();

    let (mut ids, mut next) = (BTreeSet::new(), String::new());
    loop {
        let page = json(&format!("/api/v1/services?limit=10{next}")).await;
        let items = page["items"].as_array().unwrap();
        assert!((1..=10).contains(&items.len()));
        for item in items {
            assert!(ids.insert(item["id"].as_str().unwrap().to_owned()), "{item} came twice");
        }
        let Some(after) = page["next"].as_str() else { break };
        next = format!("&after={after}");
    }
    assert!(ids.len() >= 36 && ids.contains("google_analytics"));

    let matomo = json("/api/v1/services/matomo").await;
    assert_eq!(
        (&matomo["adapter"], &matomo["purpose"], &matomo["kind"]),
        (&"matomo".into(), &"analytics".into(), &"analytics".into())
    );
    assert_eq!(matomo["cookies"][0]["lifetime"], "13 months");
    assert_eq!(app.get_with_key(&key, "/api/v1/services/nosuch").await.status(), StatusCode::NOT_FOUND);
    for query in ["limit=0", "limit=501", "kind=analytics"] {
        let answer = app.get_with_key(&key, &format!("/api/v1/services?{query}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
    app.finish().await;
}

async fn nobody_without_a_key_does(engine: Engine) {
    let app = TestServer::start(engine).await;
    for path in ["/api/v1/services", "/api/v1/services/matomo"] {
        assert_eq!(app.get(path).await.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    app.finish().await;
}
