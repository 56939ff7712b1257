//! Owns what leaves the binary beside answers: spans, as a real collector receives them, and the log. That both say what happened,
//! and that nobody can be found in either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use reqwest::Client;

use super::*;

/// The trace that callers say they are in.
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

type Received = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A collector: takes OTLP and keeps it.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let take = async |State(received): State<Received>, body: Bytes| {
        received.lock().unwrap().push(ExportTraceServiceRequest::decode(body).unwrap());
    };
    let router = Router::new().route("/v1/traces", post(take)).with_state(received.clone());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    (endpoint, received)
}

/// What visitors and an operator's program do. Returns everything by which one of them could be known.
async fn busy(demo: &Demo) -> Vec<String> {
    let client = Client::new();
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let visitor = "QkJCQkJCQkJCQkJCQkJCQg";
    let key = demo.printed.split_whitespace().find(|word| word.starts_with("assent_")).unwrap().to_owned();
    let mut secrets = ["private-page", "ann@example.org", "Mozilla", "198.51.100.7", visitor, key.as_str()]
        .map(str::to_owned)
        .to_vec();
    let ask = |method, path: &str| {
        let request = client.request(method, format!("{}{path}", demo.url));
        let request = request.header("traceparent", &parent).header("x-forwarded-for", "198.51.100.7");
        let request = request.header("user-agent", "Mozilla/5.0").header("origin", &demo.url);
        request.header("referer", format!("{}/private-page", demo.url))
    };
    for number in 0..10 {
        let decision = with(refusal(number), json!({"visitor": visitor}));
        let answer =
            ask(reqwest::Method::POST, "/_assent/demo/decisions").json(&decision).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        let answer: Value = answer.json().await.unwrap();
        let receipt = &answer["receipt"];
        let known = [&receipt["visitor"], &receipt["decision"], &answer["salt"]];
        secrets.extend(known.map(|known| known.as_str().unwrap().to_owned()));
    }
    for path in
        ["/_assent/demo.js", "/_assent/demo/notices/1?lang=de", "/private-page/of?email=ann@example.org"]
    {
        ask(reqwest::Method::GET, path).send().await.unwrap();
    }
    let exports = "/api/v1/sites/demo/exports";
    let asked = ask(reqwest::Method::POST, exports).bearer_auth(&key).json(&json!({"format": "csv"}));
    let asked: Value = asked.send().await.unwrap().json().await.unwrap();
    let one = format!("{exports}/{}", asked["id"].as_str().unwrap());
    let state = async || {
        let answer = ask(reqwest::Method::GET, &one).bearer_auth(&key).send().await.unwrap();
        answer.json::<Value>().await.unwrap()["state"].clone()
    };
    while state().await != "done" {
        tokio::task::yield_now().await;
    }
    secrets
}

/// The demo with a collector and everything in its log; returns what the collector received, the log, and who was there.
async fn watched(one_in: &str) -> (Vec<Span>, String, Vec<String>) {
    let folder = TempDir::new().unwrap();
    let (endpoint, received) = collector().await;
    let log = folder.path().join("log");
    let demo = Demo::start_with(folder.path(), "0", |command| {
        command
            .args(["--log-format", "json"])
            .env("ASSENT_LOG", "assent=trace,warn")
            .env("ASSENT_OTLP_ENDPOINT", &endpoint)
            .env("ASSENT_OTLP_ONE_IN", one_in)
            .stderr(File::create(&log).unwrap());
    });
    let secrets = busy(&demo).await;
    // Its end sends what remains.
    tokio::task::spawn_blocking(|| demo.ends()).await.unwrap();
    let requests = std::mem::take(&mut *received.lock().unwrap());
    let resources = requests.into_iter().flat_map(|request| request.resource_spans);
    let scopes = resources.flat_map(|resource| {
        let about = resource.resource.unwrap().attributes;
        assert_eq!(about.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["service.name"]);
        resource.scope_spans
    });
    let spans = scopes.flat_map(|scope| scope.spans).collect();
    (spans, std::fs::read_to_string(&log).unwrap(), secrets)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_receives_spans_and_nobody_is_in_them() {
    let (spans, log, secrets) = watched("1").await;
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    for span in &spans {
        *names.entry(&span.name).or_default() += 1;
    }
    assert_eq!(names.get("POST /_assent/{site}/decisions"), Some(&10), "{names:?}");
    assert_eq!(names.get("GET /_assent/{site}"), Some(&1), "{names:?}");
    assert_eq!(names.get("GET none"), Some(&1), "{names:?}");
    assert_eq!(names.get("export"), Some(&1), "{names:?}");
    assert_eq!(names["commit"], names["recorder batch"]);
    assert!((1..=10).contains(&names["commit"]), "{names:?}");
    // A transaction is inside its batch.
    let batches: BTreeSet<&[u8]> =
        spans.iter().filter(|span| span.name == "recorder batch").map(|span| &span.span_id[..]).collect();
    let commits = spans.iter().filter(|span| span.name == "commit");
    assert!(commits.into_iter().all(|span| batches.contains(&span.parent_span_id[..])));
    // An operator's program is followed, a visitor's page is not.
    for span in &spans {
        let trace = data_encoding::HEXLOWER.encode(&span.trace_id);
        assert_eq!(trace == TRACE, span.name.contains("/api/"), "{}", span.name);
    }
    let keys: BTreeSet<&str> =
        spans.iter().flat_map(|span| &span.attributes).map(|attribute| attribute.key.as_str()).collect();
    let known = [
        "decisions",
        "format",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "receipts",
        "result",
    ];
    assert_eq!(keys, BTreeSet::from(known));
    assert!(spans.iter().all(|span| span.events.is_empty() && span.links.is_empty()));

    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answered = lines.iter().filter(|line| line["route"] == "/_assent/{site}/decisions").count();
    assert_eq!(answered, 10, "{log}");
    assert!(!log.contains("recorder batch"), "spans are not the log's: {log}");
    let sent = format!("{spans:?}");
    for secret in &secrets {
        assert!(!sent.contains(secret), "{secret} was sent to the collector: {sent}");
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_is_not_chosen_is_not_sent() {
    let (spans, _, _) = watched("4000000000").await;
    let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
    assert!(names.is_empty(), "{names:?}");
}
