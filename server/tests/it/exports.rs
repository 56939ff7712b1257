//! Owns what an operator gets out: complete, in order, harmless in a spreadsheet, and only with a key.

use std::ops::Range;

use assent::export::{ExportFormat, Wanted};
use assent::notices;
use assent::store::{Filter, ReceiptRow};
use assent_shared::Receipt;
use futures_util::{StreamExt as _, TryStreamExt as _};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::harness::{Engine, NOW, TestServer, both_engines, id, refusal, with};

both_engines!(
    csv_is_read_back_as_it_was_decided,
    json_lines_hold_the_stored_bytes,
    time_and_visitor_filter,
    pages_join_without_gap_or_repeat,
    slow_readers_hold_no_connection,
    only_a_working_key_of_the_site_opens_it,
    a_purpose_that_came_later_has_a_column,
    what_cannot_be_read_is_said,
);

const EXPORT: &str = "/api/v1/sites/shop/export";

async fn csv_is_read_back_as_it_was_decided(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let custom = json!({"choices": {"analytics": true, "video": false}, "method": "custom", "layer": 2, "replaces": id(1), "decided_at": -8_640_000_000_000_000_i64});
    app.post(&with(refusal(2), custom)).await;
    let key = app.operator_key(None).await;
    let answer = app.get_with_key(&key, EXPORT).await;
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(answer.headers()["content-disposition"], "attachment; filename=\"shop-receipts.csv\"");
    let text = answer.text().await.unwrap();
    let mut csv = csv::Reader::from_reader(text.as_bytes());
    let header = csv.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = csv.records().collect::<Result<_, _>>().unwrap();
    let cell = |row: usize, name: &str| {
        rows[row][header.iter().position(|column| column == name).unwrap()].to_owned()
    };
    assert_eq!(rows.len(), 2);
    // The first two leaves are the widget build and the notice.
    assert_eq!((cell(0, "leaf_index"), cell(1, "leaf_index")), ("2".to_owned(), "3".to_owned()));
    assert_eq!(
        (cell(0, "choice_analytics"), cell(1, "choice_analytics")),
        ("denied".to_owned(), "granted".to_owned())
    );
    assert_eq!((cell(0, "method"), cell(1, "method")), ("reject_all".to_owned(), "custom".to_owned()));
    assert_eq!((cell(0, "replaces"), cell(1, "replaces")), (String::new(), id(1)));
    assert_eq!(cell(0, "received_at"), "2026-11-21T00:00:00.000Z");
    assert_eq!(
        cell(1, "decided_at"),
        "'-8640000000000000 ms",
        "a cell that would be a formula is made harmless"
    );
    assert!(rows.iter().flatten().all(|cell| !cell.starts_with(['=', '+', '-', '@'])));
    app.finish().await;
}

async fn json_lines_hold_the_stored_bytes(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 0..3 {
        app.post(&refusal(number)).await;
    }
    let key = app.operator_key(Some(&app.shop)).await;
    let text = app.get_with_key(&key, &format!("{EXPORT}?format=jsonl")).await.text().await.unwrap();
    let line = |row: &ReceiptRow| format!("{{\"leaf_index\":{},\"receipt\":{}}}", row.leaf_index, row.body);
    let expected: Vec<String> = app.receipts().await.iter().map(|(row, _)| line(row)).collect();
    assert!(text.ends_with("}\n"));
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    app.finish().await;
}

async fn time_and_visitor_filter(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 0..4 {
        let visitor = if number % 2 == 0 { "AAAAAAAAAAAAAAAAAAAAAA" } else { "BBBBBBBBBBBBBBBBBBBBBA" };
        app.post(&with(refusal(number), json!({"visitor": visitor}))).await;
        app.clock.advance(86_400_000);
    }
    let key = app.operator_key(None).await;
    let ids = async |query: &str| -> Vec<String> {
        let text =
            app.get_with_key(&key, &format!("{EXPORT}?format=jsonl&{query}")).await.text().await.unwrap();
        let decision = |line: &str| {
            serde_json::from_str::<Value>(line).unwrap()["receipt"]["decision"].as_str().unwrap().to_owned()
        };
        text.lines().map(decision).collect()
    };
    assert_eq!(ids("from=2026-11-22&to=2026-11-24").await, [id(1), id(2)]);
    assert_eq!(ids("from=2026-11-22T00:00:00.001Z").await, [id(2), id(3)]);
    assert_eq!(ids("to=2026-11-21").await, Vec::<String>::new());
    let visitor = app.receipts().await[1].1.visitor.clone();
    assert_eq!(ids(&format!("visitor={visitor}")).await, [id(1), id(3)]);
    assert_eq!(ids(&format!("visitor={visitor}&from=2026-11-23")).await, [id(3)]);
    app.finish().await;
}

/// Appends refusals of these numbers. Straight to the store: thousands of requests take long.
async fn append(app: &TestServer, numbers: Range<u64>) {
    let template = app.receipts().await[0].1.clone();
    let more = numbers.map(|number| Receipt { decision: id(number).parse().unwrap(), ..template.clone() });
    app.store().append_receipts(&more.collect::<Vec<_>>(), &[], NOW).await.unwrap();
}

async fn pages_join_without_gap_or_repeat(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(0)).await;
    let key = app.operator_key(None).await;
    // Two pages exactly, then one more: the places where an off-by-one would show. All have the same time.
    for numbers in [1..8000, 8000..8001] {
        append(&app, numbers).await;
        let export = async |format: &str| {
            app.get_with_key(&key, &format!("{EXPORT}?format={format}")).await.text().await.unwrap()
        };
        // The first two leaves are the widget build and the notice.
        let all: Vec<u64> = (2..2 + app.receipts().await.len() as u64).collect();
        let table = export("csv").await;
        let places = csv::Reader::from_reader(table.as_bytes())
            .records()
            .map(|row| row.unwrap()[0].parse().unwrap())
            .collect::<Vec<u64>>();
        assert!(places == all, "a gap or a repeat in CSV");
        let place = |object: &Value| object["leaf_index"].as_u64().unwrap();
        let objects: Vec<Value> = serde_json::from_str(&export("json").await).unwrap();
        assert!(objects.iter().map(place).eq(all.iter().copied()), "a gap or a repeat in JSON");
        let lines = export("jsonl").await;
        let lines = lines.lines().map(|line| place(&serde_json::from_str(line).unwrap()));
        assert!(lines.eq(all), "a gap or a repeat in JSON Lines");
    }
    app.finish().await;
}

async fn slow_readers_hold_no_connection(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(0)).await;
    append(&app, 1..8001).await;
    let mut readers = Vec::new();
    // More than there are connections; each has read one page and thinks about it.
    for _ in 0..30 {
        let (site, filter) = (app.shop.clone(), Filter::default());
        let wanted = Wanted { site, format: ExportFormat::Jsonl, ledger: None, filter };
        let mut chunks = wanted.begin(app.store(), NOW).await.unwrap();
        let first = chunks.next().await.unwrap().unwrap();
        readers.push((first, chunks));
    }
    assert_eq!(app.post(&refusal(9000)).await.0, StatusCode::CREATED);
    for (first, chunks) in readers {
        let rest: Vec<Vec<u8>> = chunks.try_collect().await.unwrap();
        let lines = String::from_utf8([vec![first], rest].concat().concat()).unwrap();
        assert!((8001..=8002).contains(&lines.lines().count()));
    }
    app.finish().await;
}

async fn only_a_working_key_of_the_site_opens_it(engine: Engine) {
    let app = TestServer::start(engine).await;
    let blog = assent::store::Site {
        id: "blog".parse().unwrap(),
        name: "Blog".to_owned(),
        environment: assent::store::Environment::Staging,
        origins: vec!["https://blog.example".to_owned()],
        share_subdomains: false,
    };
    app.store().add_site(&blog, NOW).await.unwrap();
    let (own, others, all) = (
        app.operator_key(Some(&app.shop)).await,
        app.operator_key(Some(&blog.id)).await,
        app.operator_key(None).await,
    );
    let status = async |key: &str| app.get_with_key(key, EXPORT).await.status();
    assert_eq!(status(&own).await, StatusCode::OK);
    assert_eq!(status(&all).await, StatusCode::OK);
    assert_eq!(status(&others).await, StatusCode::NOT_FOUND);
    assert_eq!(status("assent_000000000000_guess").await, StatusCode::UNAUTHORIZED);
    assert_eq!(status("").await, StatusCode::UNAUTHORIZED);
    assert_eq!(app.get(EXPORT).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(app.get_with_key(&all, "/api/v1/sites/nosuch/export").await.status(), StatusCode::NOT_FOUND);
    let key_id = own.split('_').nth(1).unwrap();
    assert!(app.store().revoke_key(key_id, NOW).await.unwrap());
    assert_eq!(status(&own).await, StatusCode::UNAUTHORIZED);
    assert!(!app.store().revoke_key(key_id, NOW).await.unwrap(), "it is revoked already");
    app.finish().await;
}

async fn a_purpose_that_came_later_has_a_column(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let renamed = crate::harness::NOTICE.replace("id = \"video\"", "id = \"maps\"");
    notices::publish(app.store(), &app.shop, &renamed, &[], NOW).await.unwrap();
    let second = json!({"notice": 2, "choices": {"analytics": false, "maps": true}, "method": "custom"});
    assert_eq!(app.post(&with(refusal(2), second)).await.0, StatusCode::CREATED);
    let key = app.operator_key(None).await;
    let text = app.get_with_key(&key, EXPORT).await.text().await.unwrap();
    let choices: Vec<String> =
        text.lines().map(|line| line.rsplitn(4, ',').take(3).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(choices, ["choice_video choice_maps choice_analytics", "denied  denied", " granted denied"]);
    app.finish().await;
}

async fn what_cannot_be_read_is_said(engine: Engine) {
    let app = TestServer::start(engine).await;
    let key = app.operator_key(None).await;
    for query in ["format=xlsx", "from=yesterday", "visitor=me", "form=csv"] {
        let answer = app.get_with_key(&key, &format!("{EXPORT}?{query}")).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "invalid_query", "{query}");
    }
    app.finish().await;
}
