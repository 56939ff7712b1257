//! Owns the tests of exports: that all formats say the same, that SQL loads into both engines, and those in the background.

use std::time::Duration;

use assent::store::{Pool, Store};
use assent_shared::Receipt;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sqlx::Row;

use crate::harness::{Database, Engine, NOW, TestServer, both_engines, refusal, with};

both_engines!(
    every_format_says_the_same,
    sql_loads_into_both_engines,
    a_background_export_is_the_streamed_one,
    an_unfinished_export_begins_again,
    an_export_is_cancelled_and_removed,
    what_cannot_be_written_is_said,
    exports_are_removed_in_time,
);

const EXPORTS: &str = "/api/v1/sites/shop/exports";

async fn decide(app: &TestServer, numbers: std::ops::Range<u64>) {
    let decisions: Vec<Value> = numbers
        .map(|number| {
            let choices = json!({"analytics": number % 2 == 0, "video": false});
            let method = if number % 2 == 0 { "custom" } else { "reject_all" };
            with(refusal(number), json!({"choices": choices, "method": method}))
        })
        .collect();
    app.post_all(&decisions).await;
}

async fn text(app: &TestServer, key: &str, query: &str) -> String {
    let answer = app.get_with_key(key, &format!("/api/v1/sites/shop/export?{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK, "{query}");
    answer.text().await.unwrap()
}

async fn post(app: &TestServer, key: &str, body: &Value) -> reqwest::Response {
    app.request(Method::POST, EXPORTS).bearer_auth(key).json(body).send().await.unwrap()
}

/// Waits for an export to end, asking again and again as a page does.
async fn ended(app: &TestServer, key: &str, id: &str) -> Value {
    let asked = async {
        loop {
            let export: Value = app.get_with_key(key, &format!("{EXPORTS}/{id}")).await.json().await.unwrap();
            if !["waiting", "running"].contains(&export["state"].as_str().unwrap()) {
                return export;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("it ends")
}

async fn every_format_says_the_same(engine: Engine) {
    let app = TestServer::start(engine).await;
    let key = app.operator_key(None).await;
    assert_eq!(serde_json::from_str::<Value>(&text(&app, &key, "format=json").await).unwrap(), json!([]));
    decide(&app, 0..1100).await;
    for filter in ["", "&method=reject_all", "&granted=analytics&to=2026-11-22", "&notice=2"] {
        let lines = text(&app, &key, &format!("format=jsonl{filter}")).await;
        let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let array: Value =
            serde_json::from_str(&text(&app, &key, &format!("format=json{filter}")).await).unwrap();
        assert_eq!(array, Value::Array(lines.clone()), "{filter}");
        let table = text(&app, &key, &format!("format=csv{filter}")).await;
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let decisions: Vec<String> = rows.records().map(|row| row.unwrap()[2].to_owned()).collect();
        let expected: Vec<&str> =
            lines.iter().map(|line| line["receipt"]["decision"].as_str().unwrap()).collect();
        assert_eq!(decisions, expected);
        assert_eq!(
            expected.len(),
            if filter.is_empty() {
                1100
            } else if filter.ends_with('2') && filter.starts_with("&n") {
                0
            } else {
                550
            }
        );
    }
    let refused = app.get_with_key(&key, "/api/v1/sites/shop/export?format=bundle&method=custom").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    app.finish().await;
}

async fn sql_loads_into_both_engines(engine: Engine) {
    let app = TestServer::start(engine).await;
    let name = "O'Brien's \\ \"shop\"; drop table assent_sites; --\n:x $1 ?";
    raw(app.store(), &format!("update sites set name = '{}'", name.replace('\'', "''"))).await.unwrap();
    app.store().set_retention(&app.shop, Some(30)).await.unwrap();
    decide(&app, 0..450).await;
    let key = app.operator_key(None).await;
    let sql = text(&app, &key, "format=sql").await;
    // Loaded into an empty database of the same engine; with both engines tested, into both.
    let copy = Database::create(engine).await;
    let count = "select count(*) from assent_receipts";
    let granted = "select count(*) from assent_choices where granted and purpose = 'analytics'";
    let settings = "select name, retention_days from assent_sites";
    let bodies = "select body from assent_receipts order by leaf_index";
    let (count, granted, (loaded, days), bodies): (i64, i64, (String, i64), Vec<String>) = match engine {
        Engine::Sqlite => {
            let options: sqlx::sqlite::SqliteConnectOptions = copy.url.parse().unwrap();
            let pool = sqlx::SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
            let row = sqlx::query(settings).fetch_one(&pool).await.unwrap();
            (
                sqlx::query_scalar(count).fetch_one(&pool).await.unwrap(),
                sqlx::query_scalar(granted).fetch_one(&pool).await.unwrap(),
                (row.get(0), row.get(1)),
                sqlx::query_scalar(bodies).fetch_all(&pool).await.unwrap(),
            )
        }
        Engine::Postgres => {
            let pool = sqlx::PgPool::connect(&copy.url).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
            let row = sqlx::query(settings).fetch_one(&pool).await.unwrap();
            let loaded = (
                sqlx::query_scalar(count).fetch_one(&pool).await.unwrap(),
                sqlx::query_scalar(granted).fetch_one(&pool).await.unwrap(),
                (row.get(0), row.get(1)),
                sqlx::query_scalar(bodies).fetch_all(&pool).await.unwrap(),
            );
            pool.close().await;
            loaded
        }
    };
    assert_eq!((count, granted, loaded.as_str(), days), (450, 225, name, 30));
    assert_eq!(bodies, app.receipts().await.iter().map(|(row, _)| row.body.clone()).collect::<Vec<_>>());
    copy.drop().await;
    app.finish().await;
}

async fn a_background_export_is_the_streamed_one(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..60).await;
    let key = app.operator_key(Some(&app.shop)).await;
    for format in ["csv", "json", "jsonl", "sql"] {
        let made = post(&app, &key, &json!({"format": format, "method": "reject_all"})).await;
        assert_eq!(made.status(), StatusCode::CREATED);
        let made: Value = made.json().await.unwrap();
        assert_eq!((&made["format"], &made["filter"]), (&json!(format), &json!({"method": "reject_all"})));
        let export = ended(&app, &key, made["id"].as_str().unwrap()).await;
        assert_eq!(
            (&export["state"], &export["receipts_done"], &export["receipts_expected"]),
            (&json!("done"), &json!(30), &json!(30)),
            "{export}"
        );
        let file =
            app.get_with_key(&key, &format!("{EXPORTS}/{}/file", export["id"].as_str().unwrap())).await;
        assert_eq!(file.headers()["content-length"].to_str().unwrap(), export["bytes"].to_string());
        let disposition = file.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(disposition.contains(&format!("shop-receipts.{format}")), "{disposition}");
        assert_eq!(
            file.text().await.unwrap(),
            text(&app, &key, &format!("format={format}&method=reject_all")).await
        );
    }
    let made: Value = post(&app, &key, &json!({"format": "bundle"})).await.json().await.unwrap();
    let export = ended(&app, &key, made["id"].as_str().unwrap()).await;
    assert_eq!((&export["state"], &export["receipts_done"]), (&json!("done"), &json!(60)), "{export}");
    let bytes = app
        .get_with_key(&key, &format!("{EXPORTS}/{}/file", export["id"].as_str().unwrap()))
        .await
        .bytes()
        .await
        .unwrap();
    let report = assent_shared::bundle::verify(&bytes[..], &assent_shared::bundle::Trust::default());
    assert_eq!(report.unwrap().counts.receipts, 60);
    let list: Value = app.get_with_key(&key, &format!("{EXPORTS}?limit=3")).await.json().await.unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), 3);
    let rest: Value = app
        .get_with_key(&key, &format!("{EXPORTS}?after={}", list["next"].as_str().unwrap()))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null));
    for bad in [
        json!({"format": "xlsx"}),
        json!({"ledger": 1}),
        json!({"format": "bundle", "method": "custom"}),
        json!({"from": "soon"}),
        json!({"colour": 1}),
    ] {
        assert_eq!(post(&app, &key, &bad).await.status(), StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
    app.finish().await;
}

/// SQL of the test's own.
async fn raw(store: &Store, sql: &str) -> Result<(), sqlx::Error> {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match store.pool() {
        Pool::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.map(|_| ()),
        Pool::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.map(|_| ()),
    }
}

/// Makes an export look as if another process had begun it.
async fn take(app: &TestServer, id: &str, seen_at: i64) {
    let sql = format!(
        "update exports set state = 'running', runner = 'other', seen_at = {seen_at} where export_id = '{id}'"
    );
    raw(app.store(), &sql).await.unwrap();
}

async fn state(store: &Store, id: &str) -> String {
    match store.pool() {
        Pool::Sqlite(pool) => {
            sqlx::query_scalar("select state from exports where export_id = $1")
                .bind(id)
                .fetch_one(pool)
                .await
        }
        Pool::Postgres(pool) => {
            sqlx::query_scalar("select state from exports where export_id = $1")
                .bind(id)
                .fetch_one(pool)
                .await
        }
    }
    .unwrap()
}

async fn an_unfinished_export_begins_again(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    decide(&app, 0..20).await;
    let key = app.operator_key(None).await;
    let made: Value = post(&app, &key, &json!({"format": "jsonl"})).await.json().await.unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    ended(&app, &key, &id).await;
    let name = format!("exports/shop-{id}.jsonl");
    // As a process leaves it that was killed in the middle: it is running, and there is half a file.
    take(&app, &id, NOW - 31_000).await;
    app.restart(|app| {
        let file = app.folder().join(&name);
        std::fs::remove_file(&file).unwrap();
        std::fs::write(file.with_added_extension("part"), "half a line").unwrap();
    })
    .await;
    let export = ended(&app, &key, &id).await;
    assert_eq!((&export["state"], &export["receipts_done"]), (&json!("done"), &json!(20)));
    let file = std::fs::read_to_string(app.folder().join(&name)).unwrap();
    assert_eq!(file, text(&app, &key, "format=jsonl").await);
    assert!(!app.folder().join(format!("{name}.part")).exists());
    // One of a process that is still heard of is left alone.
    take(&app, &id, NOW).await;
    app.restart(|_| {}).await;
    let next: Value = post(&app, &key, &json!({})).await.json().await.unwrap();
    ended(&app, &key, next["id"].as_str().unwrap()).await;
    assert_eq!(state(app.store(), &id).await, "running");
    // What this process has not finished waits when it ends.
    app.store().release_exports("other").await.unwrap();
    assert_eq!(state(app.store(), &id).await, "waiting");
    app.finish().await;
}

async fn an_export_is_cancelled_and_removed(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..5).await;
    let key = app.operator_key(None).await;
    let delete = async |id: &str| {
        app.request(Method::DELETE, &format!("{EXPORTS}/{id}"))
            .bearer_auth(&key)
            .send()
            .await
            .unwrap()
            .status()
    };
    let made: Value = post(&app, &key, &json!({})).await.json().await.unwrap();
    let id = made["id"].as_str().unwrap();
    ended(&app, &key, id).await;
    let file = app.folder().join(format!("exports/shop-{id}.csv"));
    assert!(file.is_file());
    take(&app, id, NOW).await;
    assert_eq!(delete(id).await, StatusCode::OK);
    assert_eq!(state(app.store(), id).await, "cancelled");
    // Whoever writes it learns of it with the next report, and cannot end it any more.
    assert!(!app.store().report_export(("shop", id), "other", (1, None), NOW).await.unwrap());
    assert_eq!(
        app.get_with_key(&key, &format!("{EXPORTS}/{id}")).await.json::<Value>().await.unwrap()["state"],
        "cancelled"
    );
    assert_eq!(delete(id).await, StatusCode::OK);
    assert!(!file.exists());
    assert_eq!(delete(id).await, StatusCode::NOT_FOUND);
    assert_eq!(app.get_with_key(&key, &format!("{EXPORTS}/{id}/file")).await.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}

async fn what_cannot_be_written_is_said(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..5).await;
    let key = app.operator_key(None).await;
    std::fs::write(app.folder().join("exports"), "a file where a folder should be").unwrap();
    let made: Value = post(&app, &key, &json!({})).await.json().await.unwrap();
    let export = ended(&app, &key, made["id"].as_str().unwrap()).await;
    assert_eq!(export["state"], "failed");
    let error = export["error"].as_str().unwrap();
    assert!(
        error.starts_with("The file cannot be written") && !error.contains(app.folder().to_str().unwrap()),
        "{error}"
    );
    app.finish().await;
}

async fn exports_are_removed_in_time(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    decide(&app, 0..5).await;
    let key = app.operator_key(None).await;
    let made: Value = post(&app, &key, &json!({})).await.json().await.unwrap();
    let id = made["id"].as_str().unwrap();
    let export = ended(&app, &key, id).await;
    assert_eq!(export["expires_at"], NOW + 7 * 86_400_000);
    app.clock.advance(7 * 86_400_000);
    app.restart(|_| {}).await;
    // The runner sweeps before it takes what waits.
    let next: Value = post(&app, &key, &json!({})).await.json().await.unwrap();
    ended(&app, &key, next["id"].as_str().unwrap()).await;
    assert_eq!(app.get_with_key(&key, &format!("{EXPORTS}/{id}")).await.status(), StatusCode::NOT_FOUND);
    assert!(!app.folder().join(format!("exports/shop-{id}.csv")).exists());
    let stored: Receipt = app.receipts().await.remove(0).1;
    assert_eq!(stored.site, app.shop, "only the copies are removed");
    app.finish().await;
}
