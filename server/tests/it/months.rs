//! Months: partitions made ahead, odd clocks, and what becomes of a month of which nothing is left to read.

mod ahead;

use assent::retention::erase_what_is_due;
use assent::store::{Filter, HoldRow, LeafRow, Place, Pool};
use assent_shared::SiteId;
use assent_shared::bundle::{Failure, Trust, What, verify};
use reqwest::{Method, StatusCode};

use crate::harness::{Engine, NOTICE, NOW, TestServer, both_engines, id, refusal, with};

both_engines!(
    a_month_is_folded_up_when_nothing_of_it_is_left,
    what_is_folded_up_is_still_proven,
    a_folded_leaf_that_was_changed_is_found,
    the_database_itself_keeps_what_is_folded_and_who_decided,
    two_servers_fold_at_once,
    a_row_without_a_partition_is_folded_too,
);

const DAY: i64 = 86_400_000;
/// November is over since ten days.
const DECEMBER: i64 = NOW + 20 * DAY;

async fn decide(app: &TestServer, numbers: std::ops::Range<u64>) {
    let decisions: Vec<_> = numbers.map(refusal).collect();
    assert!(app.post_all(&decisions).await.iter().all(|(status, _)| *status == StatusCode::CREATED));
}

/// A second site, whose notice is published.
async fn another_site(app: &TestServer) -> SiteId {
    let other: SiteId = "other".parse().unwrap();
    app.add_site(&other).await;
    assent::notices::publish(app.store(), &other, NOTICE, &[], NOW).await.unwrap();
    other
}

async fn decide_at(app: &TestServer, site: &SiteId, number: u64) {
    let answer = app
        .request(Method::POST, &format!("/_assent/{site}/decisions"))
        .header("origin", format!("https://{site}.example"))
        .json(&refusal(number))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
}

/// Lets the whole site's receipts be erased by now.
async fn erase_all(app: &TestServer, site: &SiteId) -> u64 {
    app.store().set_retention(site, Some(1)).await.unwrap();
    erase_what_is_due(app.store(), DECEMBER).await.unwrap()
}

async fn count(app: &TestServer, sql: &'static str) -> i64 {
    match app.store().pool() {
        Pool::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
        Pool::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
    }
}

async fn rows(app: &TestServer) -> i64 {
    count(app, "select count(*) from receipts").await
}

fn shown(leaves: &[LeafRow]) -> Vec<(i64, Option<String>)> {
    leaves.iter().map(|leaf| (leaf.leaf_index, leaf.entry())).collect()
}

async fn bundle(app: &TestServer, query: &str) -> Vec<u8> {
    let key = app.operator_key(None).await;
    let answer = app.get_with_key(&key, &format!("/api/v1/sites/shop/export?format=bundle{query}")).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.bytes().await.unwrap().to_vec()
}

async fn a_month_is_folded_up_when_nothing_of_it_is_left(engine: Engine) {
    let app = TestServer::start(engine).await;
    let other = another_site(&app).await;
    decide(&app, 0..20).await;
    decide_at(&app, &other, 100).await;
    assert_eq!(erase_all(&app, &app.shop).await, 20);
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 0, "the other site has a receipt of that month");

    let hold = HoldRow {
        hold_id: "h".to_owned(),
        visitor: None,
        kind: "legal_hold".to_owned(),
        reason: "a court asks".to_owned(),
        made_by: "Ada".to_owned(),
        made_at: NOW,
        lifted_at: None,
    };
    app.store().add_hold(&other, &hold).await.unwrap();
    assert_eq!(erase_all(&app, &other).await, 0);
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 0, "what is held is still there");
    assert_eq!(rows(&app).await, 21);

    app.store().lift_hold(&other, &hold.hold_id, NOW).await.unwrap();
    assert_eq!(erase_all(&app, &other).await, 1);
    assert_eq!(app.store().fold(NOW).await.unwrap(), 0, "the month is not over");
    let before = app.store().leaves(&app.shop, 1, 0, i64::MAX).await.unwrap();
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 21);
    assert_eq!(rows(&app).await, 0);
    assert_eq!(count(&app, "select count(*) from decisions").await, 0);
    let gone = app.store().partitions().await.unwrap();
    assert!(gone.iter().all(|row| row.name != "receipts_2026_11"), "{gone:?}");
    assert_eq!(
        shown(&app.store().leaves(&app.shop, 1, 0, i64::MAX).await.unwrap()),
        shown(&before),
        "each leaf is what it was"
    );
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 0, "once");
    assert!(app.store().has_receipts(&other).await.unwrap(), "it had some, which binds its environment");
    app.finish().await;
}

async fn what_is_folded_up_is_still_proven(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..300).await;
    app.clock.advance(20 * DAY);
    decide(&app, 400..410).await;
    assert_eq!(erase_all(&app, &app.shop).await, 300);
    let proof = async |number| {
        let sealed = app.store().sealed(&app.shop, &id(number)).await.unwrap().unwrap();
        (sealed.body, sealed.proof.to_string())
    };
    let tile = async || app.get("/_assent/shop/log/tile/0/000").await.bytes().await.unwrap();
    let (proof_before, tile_before) = (proof(405).await, tile().await);
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 300);
    assert_eq!(rows(&app).await, 10);
    assert_eq!((proof(405).await, tile().await), (proof_before, tile_before), "nobody sees a difference");

    let report = verify(&bundle(&app, "").await[..], &Trust::default()).unwrap();
    assert_eq!((report.counts.receipts, report.counts.erased), (10, 300));
    // A part of it too: of November everything is erased, of December nothing.
    for (query, receipts, erased) in [("&to=2026-12-01", 0, 300), ("&from=2026-12-01", 10, 0)] {
        let report = verify(&bundle(&app, query).await[..], &Trust::default()).unwrap();
        assert_eq!((report.counts.receipts, report.counts.erased), (receipts, erased), "{query}");
    }
    let checked = assent::recheck::every_ledger(app.store()).await.unwrap();
    let of_shop = checked.iter().find(|ledger| ledger.site == "shop").unwrap();
    assert_eq!((of_shop.receipts, of_shop.erased), (310, 300));

    // The ledger goes on, and knows a decision of before.
    let again = app.post(&with(refusal(405), serde_json::json!({}))).await;
    assert_eq!(again.0, StatusCode::OK);
    decide(&app, 500..501).await;
    app.finish().await;
}

async fn a_folded_leaf_that_was_changed_is_found(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..10).await;
    erase_all(&app, &app.shop).await;
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 10);
    assert!(assent::recheck::every_ledger(app.store()).await.is_ok());
    let (unlock, change) = match engine {
        Engine::Sqlite => (
            "drop trigger folded_stay",
            "update folded set commitments = cast(substr(commitments, 33) || substr(commitments, 1, 32) as blob)",
        ),
        Engine::Postgres => (
            "alter table folded disable trigger user",
            "update folded set commitments = sha256(commitments) || substring(commitments from 33)",
        ),
    };
    for sql in [unlock, change] {
        crate::ledger::raw(app.store(), sql).await.unwrap();
    }
    let found = assent::recheck::every_ledger(app.store()).await.unwrap_err();
    assert!(found.contains("does not fit the leaves that are stored"), "{found}");
    match verify(&bundle(&app, "").await[..], &Trust::default()) {
        Err(Failure::Broken(broken)) => assert_eq!(broken.what, What::Changed, "{broken}"),
        other => panic!("{other:?}"),
    }
    app.finish_unchecked().await;
}

async fn the_database_itself_keeps_what_is_folded_and_who_decided(engine: Engine) {
    let app = TestServer::start(engine).await;
    decide(&app, 0..3).await;
    for sql in ["delete from decisions", "update decisions set leaf_index = leaf_index + 900"] {
        let error = crate::ledger::raw(app.store(), sql).await.expect_err(sql);
        assert!(error.contains("never"), "{sql}: {error}");
    }
    erase_all(&app, &app.shop).await;
    let error = crate::ledger::raw(app.store(), "delete from receipts").await.unwrap_err();
    assert!(error.contains("never deleted"), "blank, and not folded up yet: {error}");
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 3);
    let mut attempts = vec!["delete from folded", "update folded set first_leaf = first_leaf + 1"];
    match engine {
        Engine::Sqlite => attempts
            .push("replace into folded select site, ledger, first_leaf, zeroblob(32), 0, 0 from folded"),
        Engine::Postgres => {
            attempts.extend(["truncate folded", "truncate decisions", "truncate receipts_default"]);
        }
    }
    for sql in attempts {
        let error = crate::ledger::raw(app.store(), sql).await.expect_err(sql);
        assert!(error.contains("never"), "{sql}: {error}");
    }
    let half = match engine {
        Engine::Sqlite => "insert into folded select site, ledger, 90, zeroblob(31), 0, 0 from folded",
        Engine::Postgres => {
            "insert into folded select site, ledger, 90, substring(commitments from 2), 0, 0 from folded"
        }
    };
    let error = crate::ledger::raw(app.store(), half).await.unwrap_err();
    assert!(error.to_lowercase().contains("check constraint"), "a commitment is whole: {error}");
    app.finish().await;
}

async fn two_servers_fold_at_once(engine: Engine) {
    let app = TestServer::start(engine).await;
    let second = app.another_server().await;
    decide(&app, 0..40).await;
    erase_all(&app, &app.shop).await;
    let (one, two) = tokio::join!(app.store().fold(DECEMBER), second.store().fold(DECEMBER));
    assert_eq!(one.unwrap() + two.unwrap(), 40, "each leaf once");
    assert_eq!(rows(&app).await, 0);
    second.stop().await;
    app.finish().await;
}

/// On PostgreSQL what an odd clock brought is in no month's partition; on SQLite nothing is.
async fn a_row_without_a_partition_is_folded_too(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.clock.advance(-400 * DAY);
    decide(&app, 0..5).await;
    app.clock.advance(400 * DAY);
    decide(&app, 5..8).await;
    let receipts = app.store().receipts(&app.shop, &Filter::default(), Place::START, 100).await.unwrap();
    assert_eq!(receipts.len(), 8);
    app.store().set_retention(&app.shop, Some(100)).await.unwrap();
    assert_eq!(erase_what_is_due(app.store(), DECEMBER).await.unwrap(), 5);
    assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 5);
    assert_eq!(rows(&app).await, 3);
    app.finish().await;
}
