//! Owns the statistics: what is counted, and by whom nothing can be found out.

mod pages;

use assent::access::{Caller, Grant, Permission};
use assent::clock::day_of;
use assent::statistics::{Statistics, read};
use assent::store::{By, Pool};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Engine, NOW, PAGE, TestServer, both_engines, id, refusal, with};

both_engines!(
    every_answer_is_counted_once,
    displays_are_counted_without_anybody,
    what_is_not_written_yet_survives_the_end,
    two_servers_on_one_database_count_exactly,
    the_form_counts_as_well,
    nothing_of_a_visitor_is_stored,
    a_file_is_a_table
);

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
const DESKTOP: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

fn viewer() -> Caller {
    let permissions = vec![Permission::ReadStatistics];
    Caller::new("a viewer".to_owned(), vec![Grant { site: None, permissions }])
}

async fn statistics(app: &TestServer, by: By) -> Statistics {
    let today = day_of(app.clock.now());
    read(app.server().app(), &viewer(), &app.shop, today..=today, by).await.unwrap()
}

/// Of one part: shown, accepted, refused, customised, withdrawn, signal.
fn numbers(statistics: &Statistics, part: &str) -> [i64; 6] {
    let part = statistics.items.iter().find(|item| item.part == part);
    let sums = part.map(|part| part.sums).unwrap_or_default();
    [sums.shown, sums.accepted, sums.refused, sums.customised, sums.withdrawn, sums.signal]
}

async fn decide(app: &TestServer, agent: &str, decision: &Value) -> StatusCode {
    let request = app.request(Method::POST, "/_assent/shop/decisions").header("user-agent", agent);
    request.header("origin", PAGE).json(decision).send().await.unwrap().status()
}

async fn show(app: &TestServer, agent: &str, body: &str) -> StatusCode {
    let request = app.request(Method::POST, "/_assent/shop/shown").header("user-agent", agent);
    request.header("origin", PAGE).body(body.to_owned()).send().await.unwrap().status()
}

fn choices(analytics: bool, video: bool) -> Value {
    json!({"analytics": analytics, "video": video})
}

async fn every_answer_is_counted_once(engine: Engine) {
    let app = TestServer::start(engine).await;
    let answers = [
        ("accept_all", choices(true, true), PHONE),
        ("custom", choices(true, true), PHONE),
        ("reject_all", choices(false, false), PHONE),
        ("custom", choices(false, false), DESKTOP),
        ("custom", choices(true, false), DESKTOP),
        ("withdraw", choices(false, false), DESKTOP),
        ("signal", choices(false, true), DESKTOP),
    ];
    for (number, (method, choices, agent)) in (1..).zip(answers) {
        let decision = with(refusal(number), json!({"method": method, "choices": choices}));
        assert_eq!(decide(&app, agent, &decision).await, StatusCode::CREATED, "{method}");
        // Sent again, and its id used for something else.
        assert_eq!(decide(&app, agent, &decision).await, StatusCode::OK);
        let other = with(decision, json!({"layer": 3}));
        assert_eq!(decide(&app, agent, &other).await, StatusCode::CONFLICT);
    }
    let refused = with(refusal(99), json!({"choices": {"analytics": true}}));
    assert_eq!(decide(&app, PHONE, &refused).await, StatusCode::UNPROCESSABLE_ENTITY);

    let by_device = statistics(&app, By::Device).await;
    assert_eq!(numbers(&by_device, "phone"), [0, 2, 1, 0, 0, 0]);
    assert_eq!(numbers(&by_device, "desktop"), [0, 0, 1, 1, 1, 1]);
    let total = &by_device.total;
    assert_eq!(
        total.granted.iter().map(|(purpose, count)| (purpose.as_str(), *count)).collect::<Vec<_>>(),
        [("analytics", 3), ("video", 3)]
    );
    assert_eq!((total.ignored, total.sums.answered()), (0, 5), "ignored is never below zero");
    for (by, part) in [(By::Day, "2026-11-21"), (By::Notice, "1"), (By::Locale, "en")] {
        assert_eq!(numbers(&statistics(&app, by).await, part), [0, 2, 2, 1, 1, 1], "{by:?}");
    }
    // Another day is another sum.
    app.clock.advance(86_400_000);
    decide(&app, PHONE, &with(refusal(200), json!({"decided_at": NOW + 86_400_000}))).await;
    assert_eq!(numbers(&statistics(&app, By::Day).await, "2026-11-22"), [0, 0, 1, 0, 0, 0]);
    app.finish().await;
}

async fn displays_are_counted_without_anybody(engine: Engine) {
    let app = TestServer::start(engine).await;
    for (body, agent) in [
        (r#"{"notice":1,"locale":"en"}"#, PHONE),
        (r#"{"notice":1,"locale":"en"}"#, PHONE),
        (r#"{"notice":1,"locale":"en"}"#, DESKTOP),
        // Neither is counted: no such notice, no such language, nothing that could be read.
        (r#"{"notice":2,"locale":"en"}"#, PHONE),
        (r#"{"notice":0,"locale":"en"}"#, PHONE),
        (r#"{"notice":1,"locale":"fr"}"#, PHONE),
        (r#"{"notice":1,"locale":"en","visitor":"AAAAAAAAAAAAAAAAAAAAAA"}"#, PHONE),
        ("hello", PHONE),
    ] {
        assert_eq!(show(&app, agent, body).await, StatusCode::NO_CONTENT, "{body}");
    }
    let by_device = statistics(&app, By::Device).await;
    assert_eq!(numbers(&by_device, "phone"), [2, 0, 0, 0, 0, 0]);
    assert_eq!(numbers(&by_device, "desktop"), [1, 0, 0, 0, 0, 0]);
    assert_eq!(by_device.total.ignored, by_device.total.sums.shown);

    let answer = app
        .request(Method::POST, "/_assent/shop/shown")
        .header("origin", PAGE)
        .body(r#"{"notice":1,"locale":"en"}"#)
        .send()
        .await
        .unwrap();
    assert!(!answer.headers().contains_key("set-cookie"));
    assert_eq!(answer.headers()["access-control-allow-origin"], PAGE);
    let foreign = app.request(Method::POST, "/_assent/shop/shown").header("origin", "https://evil.example");
    assert_eq!(foreign.body("{}").send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let nosuch = app.request(Method::POST, "/_assent/nosuch/shown").header("origin", PAGE);
    assert_eq!(nosuch.body("{}").send().await.unwrap().status(), StatusCode::NOT_FOUND);
    let long = show(&app, PHONE, &" ".repeat(20_000)).await;
    assert_eq!(long, StatusCode::PAYLOAD_TOO_LARGE);
    app.finish().await;
}

async fn what_is_not_written_yet_survives_the_end(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    for _ in 0..3 {
        show(&app, PHONE, r#"{"notice":1,"locale":"en"}"#).await;
    }
    app.restart(|_| {}).await;
    assert_eq!(statistics(&app, By::Notice).await.total.sums.shown, 3);
    app.finish().await;
}

async fn two_servers_on_one_database_count_exactly(engine: Engine) {
    let app = TestServer::start(engine).await;
    let other = app.another_server().await;
    let addresses = [app.url(""), format!("http://{}", other.address())];
    let client = reqwest::Client::new();
    let mut posts = tokio::task::JoinSet::new();
    for number in 0..60_u64 {
        for address in &addresses {
            // Both servers get every decision; one of them takes it.
            let decision = with(refusal(number), json!({"visitor": "BBBBBBBBBBBBBBBBBBBBBA"}));
            let decide = client.post(format!("{address}/_assent/shop/decisions")).header("origin", PAGE);
            let shown = client.post(format!("{address}/_assent/shop/shown")).header("origin", PAGE);
            posts.spawn(async move {
                shown.body(r#"{"notice":1,"locale":"en"}"#).send().await.unwrap();
                decide.json(&decision).send().await.unwrap().status()
            });
        }
    }
    let answers = posts.join_all().await;
    assert!(answers.iter().all(reqwest::StatusCode::is_success), "{answers:?}");
    other.stop().await;
    let by_notice = statistics(&app, By::Notice).await;
    assert_eq!(numbers(&by_notice, "1"), [120, 0, 60, 0, 0, 0]);
    app.finish().await;
}

async fn the_form_counts_as_well(engine: Engine) {
    let app = TestServer::start(engine).await;
    let get = async |cookie: &str| {
        let request =
            app.request(Method::GET, "/_assent/shop/choices?lang=en").header("host", "shop.example");
        request
            .header("user-agent", PHONE)
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap()
    };
    let page = get("").await;
    let field = |name: &str| {
        let rest = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let form = [
        ("id", field("id")),
        ("notice", "1".to_owned()),
        ("locale", "en".to_owned()),
        ("visitor", field("visitor")),
        ("method", "reject_all".to_owned()),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
    // What it redirects to is shown with the new cookie, which this client does not keep.
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let sent = client
        .post(app.url("/_assent/shop/choices"))
        .header("host", "shop.example")
        .header("origin", PAGE)
        .header("user-agent", PHONE)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(sent.send().await.unwrap().status(), StatusCode::SEE_OTHER);
    // Somebody who has answered is shown nothing that asks; under a foreign host nobody can answer.
    get(&format!("assent=1~1~{}~", "t9k2bw")).await;
    app.get("/_assent/shop/choices").await;
    assert_eq!(numbers(&statistics(&app, By::Device).await, "phone"), [1, 0, 1, 0, 0, 0]);
    assert_eq!(statistics(&app, By::Device).await.total.sums.shown, 1);
    app.finish().await;
}

async fn nothing_of_a_visitor_is_stored(engine: Engine) {
    let app = TestServer::start(engine).await;
    let agent = format!("{PHONE} marker-agent");
    let told = |request: reqwest::RequestBuilder| {
        request
            .header("user-agent", &agent)
            .header("referer", "https://shop.example/marker-path?marker-query=1")
            .header("x-forwarded-for", "203.0.113.77")
            .header("cookie", "assent_id=CCCCCCCCCCCCCCCCCCCCCA; marker-cookie=1")
    };
    let decision = with(refusal(1), json!({"visitor": "CCCCCCCCCCCCCCCCCCCCCA"}));
    told(app.request(Method::POST, "/_assent/shop/decisions"))
        .header("origin", PAGE)
        .json(&decision)
        .send()
        .await
        .unwrap();
    told(app.request(Method::POST, "/_assent/shop/shown"))
        .header("origin", PAGE)
        .body(r#"{"notice":1,"locale":"en"}"#)
        .send()
        .await
        .unwrap();
    for path in ["/_assent/shop.js", "/_assent/shop/choices", "/_assent/shop/cookies"] {
        told(app.request(Method::GET, path)).send().await.unwrap();
    }
    assert_eq!(statistics(&app, By::Device).await.total.sums.shown, 1);
    let tables = everything(&app).await;
    assert!(tables.contains("https://shop.example") && tables.contains("phone"), "the tables are read");
    for word in ["marker", "Mozilla", "203.0.113.77", "127.0.0.1", "CCCCCCCCCCCCCCCCCCCCC"] {
        assert!(!tables.contains(word), "{word} is stored");
    }
    assert!(tables.contains(&id(1)));
    app.finish().await;
}

/// Every value of every table, as text.
async fn everything(app: &TestServer) -> String {
    let mut all = String::new();
    match app.store().pool() {
        Pool::Sqlite(pool) => {
            let columns: Vec<(String, String)> = sqlx::query_as(
                "select m.name, c.name from sqlite_schema m, pragma_table_info(m.name) c where m.type = 'table'",
            )
            .fetch_all(pool)
            .await
            .unwrap();
            for (table, column) in columns {
                let mut query = sqlx::QueryBuilder::<sqlx::Sqlite>::new("select quote(\"");
                query.push(column).push("\") from \"").push(table).push("\"");
                let values: Vec<String> = query.build_query_scalar().fetch_all(pool).await.unwrap();
                all += &values.join("\n");
            }
        }
        Pool::Postgres(pool) => {
            let tables: Vec<String> = sqlx::query_scalar(
                "select table_name::text from information_schema.tables where table_schema = 'public'",
            )
            .fetch_all(pool)
            .await
            .unwrap();
            for table in tables {
                let mut query = sqlx::QueryBuilder::<sqlx::Postgres>::new("select whole::text from \"");
                query.push(table).push("\" whole");
                let values: Vec<String> = query.build_query_scalar().fetch_all(pool).await.unwrap();
                all += &values.join("\n");
            }
        }
    }
    all
}

async fn a_file_is_a_table(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, PHONE, &with(refusal(1), json!({"method": "custom", "choices": choices(true, false)})))
        .await;
    show(&app, PHONE, r#"{"notice":1,"locale":"en"}"#).await;
    show(&app, PHONE, r#"{"notice":1,"locale":"en"}"#).await;
    let csv = statistics(&app, By::Device).await.csv().unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "device,shown,accepted,refused,customised,ignored,withdrawn,signal,granted_analytics"
    );
    assert_eq!(lines[1], "phone,2,0,0,1,1,0,0,1");
    assert_eq!(lines.len(), 5, "every class of device has its row");
    app.finish().await;
}
