//! Owns what Prometheus is told: that it is true after a busy run, that dashboard and alerts ask for nothing else, and that nobody
//! can be found in it.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, which floats hold exactly")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use assent::metrics::MEDIA_TYPE;
use assent::operators::totp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::people::{Browser, PASSWORD};
use crate::harness::{Engine, NOTICE, NOW, PAGE, TestServer, both_engines, refusal, with};

both_engines!(a_busy_run_is_counted_and_nobody_is_in_it, a_site_more_is_no_number_more);

/// What was scraped: the value of each series, by its name and labels as they stand there.
struct Scraped {
    text: String,
    values: BTreeMap<String, f64>,
}

impl Scraped {
    fn value(&self, series: &str) -> f64 {
        *self.values.get(series).unwrap_or_else(|| panic!("{series} is not in\n{}", self.text))
    }

    /// The names of the series, without labels.
    fn names(&self) -> BTreeSet<&str> {
        self.values.keys().map(|series| series.split('{').next().unwrap()).collect()
    }
}

/// With an address for the metrics.
async fn watched(engine: Engine) -> TestServer {
    let mut app = TestServer::start(engine).await;
    app.change_settings(|settings| settings.metrics_listen = Some((Ipv4Addr::LOCALHOST, 0).into())).await;
    app
}

async fn scrape(app: &TestServer) -> Scraped {
    let address = app.server().metrics_address().unwrap();
    let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["content-type"], MEDIA_TYPE);
    let text = answer.text().await.unwrap();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let values = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        (series.to_owned(), value.parse().unwrap_or(f64::INFINITY))
    });
    Scraped { values: values.collect(), text }
}

/// Does what visitors, operators, programs and strangers do. Returns everything by which one of them could be known.
async fn busy(app: &TestServer) -> Vec<String> {
    let visitor = "QkJCQkJCQkJCQkJCQkJCQg";
    let mut secrets = vec![visitor.to_owned(), PAGE.to_owned(), "shop.example".to_owned()];
    for _ in 0..3 {
        let tag =
            app.request(Method::GET, "/_assent/shop.js").header("referer", format!("{PAGE}/private-page"));
        assert_eq!(tag.send().await.unwrap().status(), StatusCode::OK);
    }
    secrets.push("private-page".to_owned());
    let by = json!({"visitor": visitor});
    let decisions: Vec<Value> = (0..40).map(|number| with(refusal(number), by.clone())).collect();
    for (status, answer) in app.post_all(&decisions).await {
        assert_eq!(status, StatusCode::CREATED, "{answer}");
        let receipt = &answer["receipt"];
        for known in [&receipt["visitor"], &receipt["decision"], &answer["salt"]] {
            secrets.push(known.as_str().unwrap_or_else(|| panic!("{answer}")).to_owned());
        }
    }
    assert_eq!(app.post(&decisions[0]).await.0, StatusCode::OK);
    let other = json!({"choices": {"analytics": true, "video": true}, "method": "accept_all"});
    assert_eq!(app.post(&with(decisions[0].clone(), other)).await.0, StatusCode::CONFLICT);
    assert_eq!(app.post(&with(refusal(100), json!({"notice": 9}))).await.0, StatusCode::UNPROCESSABLE_ENTITY);
    let foreign =
        app.post_from("https://foreign.example", refusal(101).to_string().into(), "application/json");
    assert_eq!(foreign.await.0, StatusCode::FORBIDDEN);
    secrets.push("foreign.example".to_owned());
    // A question that is out of date.
    assent::notices::publish(app.store(), &app.shop, NOTICE, &["video".parse().unwrap()], NOW).await.unwrap();
    app.clock.advance(60_000);
    app.server().app().catalog.forget(&app.shop).await;
    assert_eq!(
        app.post(&with(refusal(102), json!({"decided_at": NOW + 30_000}))).await.0,
        StatusCode::CONFLICT
    );
    // Paths, methods and names that somebody makes up.
    app.get("/_assent/secret-path-of-a-stranger").await;
    app.get("/nowhere/ann@example.org").await;
    app.request(Method::from_bytes(b"INVENTED").unwrap(), "/healthz").send().await.unwrap();
    secrets.extend(["stranger", "nowhere", "INVENTED"].map(str::to_owned));

    let owner = app.owner().await;
    let key = app.operator_key(None).await;
    secrets.extend([owner.email.clone(), owner.operator.clone(), owner.secret.clone(), key.clone()]);
    let browser = Browser::new(app);
    let wrong = [("email", owner.email.as_str()), ("password", "guessed wrongly"), ("next", "")];
    assert_eq!(browser.send("/admin/login", &wrong).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let right = [("email", owner.email.as_str()), ("password", PASSWORD), ("next", "")];
    browser.sends("/admin/login", &right).await;
    // A code works once, and the last one opened the first session.
    app.clock.advance(30_000);
    let code = totp::code(&owner.secret, app.clock.now()).unwrap();
    browser.sends("/admin/login/code", &[("code", &code), ("next", "")]).await;

    let exports = "/api/v1/sites/shop/exports";
    let asked = app.request(Method::POST, exports).bearer_auth(&key).json(&json!({"format": "csv"}));
    let asked: Value = asked.send().await.unwrap().json().await.unwrap();
    let one = format!("{exports}/{}", asked["id"].as_str().unwrap());
    secrets.push(asked["id"].as_str().unwrap().to_owned());
    while app.get_with_key(&key, &one).await.json::<Value>().await.unwrap()["state"] != "done" {
        tokio::task::yield_now().await;
    }
    assert_eq!(app.get("/readyz").await.status(), StatusCode::OK);
    secrets.push(app.shop.to_string());
    secrets
}

async fn a_busy_run_is_counted_and_nobody_is_in_it(engine: Engine) {
    let app = watched(engine).await;
    let secrets = busy(&app).await;
    let scraped = scrape(&app).await;
    let decisions = |result: &str| scraped.value(&format!("assent_decisions_total{{result=\"{result}\"}}"));
    let counted = ["created", "repeated", "conflict", "invalid", "origin_refused", "stale_notice", "busy"];
    assert_eq!(counted.map(decisions), [40.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]);

    // Three were not new, and went through a transaction all the same: two here, for a stale one does not come that far.
    assert_eq!(scraped.value("assent_commit_receipts_sum"), 42.0);
    let commits = scraped.value("assent_commits_total{result=\"done\"}");
    assert!((3.0..=42.0).contains(&commits), "{commits}");
    assert_eq!(scraped.value("assent_commit_duration_seconds_count"), commits);
    assert_eq!(scraped.value("assent_commit_duration_seconds_bucket{le=\"+Inf\"}"), commits);
    assert!(scraped.value("assent_commit_duration_seconds_sum") > 0.0);
    #[expect(clippy::cast_precision_loss, reason = "instants in milliseconds are far below 2^53")]
    let newest = NOW as f64 / 1000.0;
    assert_eq!(scraped.value("assent_checkpoint_timestamp_seconds"), newest);
    assert_eq!(scraped.value("assent_queue_decisions"), 0.0);
    assert_eq!(scraped.value("assent_queue_capacity"), 8192.0);

    // Forty receipts, two notices, the widget's build.
    assert_eq!(scraped.value("assent_ledger_leaves"), 43.0);
    assert_eq!((scraped.value("assent_ledgers"), scraped.value("assent_ledgers_refused")), (1.0, 0.0));
    assert!(scraped.value("assent_audit_leaves") > 3.0);
    assert_eq!(scraped.value("assent_exports{state=\"done\"}"), 1.0);
    assert_eq!(scraped.value("assent_exports_ended_total{result=\"done\"}"), 1.0);
    assert!(scraped.value("assent_export_bytes_total") > 4000.0);
    assert_eq!(scraped.value("assent_database_up"), 1.0);
    assert!(scraped.value("assent_database_ping_seconds") > 0.0);
    assert!(scraped.value("assent_database_connections{state=\"idle\"}") >= 1.0);
    assert!(scraped.value("assent_database_size_bytes") > 100_000.0);
    // The first sign-in of the owner came by the link.
    let sign_ins = |result: &str| scraped.value(&format!("assent_sign_ins_total{{result=\"{result}\"}}"));
    assert_eq!(["done", "wrong_password", "wrong_code", "limited"].map(sign_ins), [1.0, 1.0, 0.0, 0.0]);

    let tag = "route=\"/_assent/{site}\",method=\"GET\"";
    assert_eq!(scraped.value(&format!("assent_http_requests_total{{{tag},status=\"200\"}}")), 3.0);
    assert!(scraped.value(&format!("assent_http_response_bytes_total{{{tag}}}")) > 20_000.0);
    let seconds = format!("assent_http_request_duration_seconds_count{{{tag}}}");
    assert_eq!(scraped.value(&seconds), 4.0, "and one that is not there");
    let invented = "route=\"/healthz\",method=\"other\",status=\"405\"";
    assert_eq!(scraped.value(&format!("assent_http_requests_total{{{invented}}}")), 1.0);
    assert_eq!(
        scraped.value("assent_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"}"),
        1.0
    );
    assert!(scraped.value("process_resident_memory_bytes") > 1e6);

    for secret in &secrets {
        // The site's id is an English word; as a label's value it would stand in quotes or in a path.
        let found = match secret.as_str() {
            "shop" => scraped.text.contains("\"shop\"") || scraped.text.contains("/shop"),
            secret => scraped.text.contains(secret),
        };
        assert!(!found, "{secret} is in\n{}", scraped.text);
    }
    assert!(!scraped.text.contains('@') && !scraped.text.contains("127.0.0.1"), "{}", scraped.text);
    everything_that_is_asked_for_is_there(&scraped);
    // Nobody who reaches the pages reaches the numbers.
    assert_eq!(app.get("/metrics").await.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}

/// Names of metrics in a query.
fn names(query: &str) -> impl Iterator<Item = &str> {
    let words = query.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    words.filter(|word| word.starts_with("assent_") || word.starts_with("process_"))
}

/// What dashboard and alerts ask for, against what a busy server says.
fn everything_that_is_asked_for_is_there(scraped: &Scraped) {
    let there = scraped.names();
    let dashboard: Value =
        serde_json::from_str(include_str!("../../../packaging/grafana/assent.json")).unwrap();
    let targets =
        dashboard["panels"].as_array().unwrap().iter().filter_map(|panel| panel["targets"].as_array());
    let on_dashboard: Vec<&str> = targets.flatten().map(|target| target["expr"].as_str().unwrap()).collect();
    assert!(on_dashboard.len() > 30);
    let rules = include_str!("../../../packaging/prometheus/alerts.yml");
    let mut asked: BTreeSet<&str> = on_dashboard.iter().flat_map(|query| names(query)).collect();
    asked.extend(names(rules));
    let missing: Vec<_> = asked.difference(&there).collect();
    assert!(missing.is_empty(), "nobody counts {missing:?}");
    // And the other way: what is counted can be looked at. The buckets' sums and counts come with them.
    let unseen: Vec<_> = there
        .iter()
        .filter(|name| !name.ends_with("_sum") && !name.ends_with("_count") && !asked.contains(*name))
        .filter(|name| {
            !["process_virtual_memory_bytes", "process_threads", "assent_export_duration_seconds_bucket"]
                .contains(name)
        })
        .collect();
    assert!(unseen.is_empty(), "nobody looks at {unseen:?}");
    // A label's values that the rules wait for are values that there are.
    for result in ["busy", "ledger_refused", "store_error", "internal", "origin_refused"] {
        assert!(rules.contains(result) && scraped.text.contains(&format!("result=\"{result}\"")), "{result}");
    }
}

async fn a_site_more_is_no_number_more(engine: Engine) {
    let app = watched(engine).await;
    app.post(&refusal(1)).await;
    app.get("/_assent/shop.js").await;
    let before = scrape(&app).await.values.len();
    for number in 0..5 {
        let site = format!("more{number}").parse().unwrap();
        app.add_site(&site).await;
        let path = format!("/_assent/{site}/decisions");
        let more = app.request(Method::POST, &path).header("origin", format!("https://{site}.example"));
        more.json(&refusal(number)).send().await.unwrap();
        app.get(&format!("/_assent/more{number}.js")).await;
    }
    let after = scrape(&app).await;
    let added = after.values.len() - before;
    // Two statuses that had not been answered yet: 404 for a tag, 422 for a decision on no notice.
    assert_eq!(added, 2, "{}", after.text);
    app.finish().await;
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let taken = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let settings = assent::config::Settings {
        port: 0,
        database_url: format!("sqlite:{}", folder.path().join("assent.db").display()),
        metrics_listen: taken.local_addr().ok(),
        ..assent::config::Settings::default()
    };
    let refused = assent::Server::start(settings).await.unwrap_err();
    assert!(refused.starts_with("Setting metrics_listen: 127.0.0.1:"), "{refused}");
}
