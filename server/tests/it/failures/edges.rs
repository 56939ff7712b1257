//! A ledger whose right edge rots where no engine sees it: nothing is signed on it, it is named, and the operator can go on.

use assent::store::Store;
use reqwest::StatusCode;

use crate::backup::Operator;
use crate::harness::{Engine, TestServer, both_engines, check_ledgers, refusal};
use crate::ledger::raw;

both_engines!(
    a_tree_that_was_not_signed_is_not_grown,
    an_audit_log_that_was_not_signed_is_not_written,
    each_change_of_an_edge_is_seen_at_the_start
);

// Commands go by the machine's clock and these servers by the tests', so the audit log has entries of two times at the end: whatever
// runs commands checks the ledgers by itself.

/// Other bytes where the tree goes on; the row is as well formed as before.
async fn rot(store: &Store, engine: Engine, audit: bool) {
    let sql = match (engine, audit) {
        (Engine::Sqlite, false) => "update ledgers set frontier = zeroblob(length(frontier))",
        (Engine::Sqlite, true) => "update audit_ledgers set frontier = zeroblob(length(frontier))",
        (Engine::Postgres, false) => {
            "update ledgers set frontier = decode(repeat('00', length(frontier)), 'hex')"
        }
        (Engine::Postgres, true) => {
            "update audit_ledgers set frontier = decode(repeat('00', length(frontier)), 'hex')"
        }
    };
    assert_eq!(raw(store, sql).await, Ok(1));
}

async fn a_tree_that_was_not_signed_is_not_grown(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    for number in 0..5 {
        assert_eq!(app.post(&refusal(number)).await.0, StatusCode::CREATED);
    }
    let signed = app.store().ledger(&app.shop).await.unwrap().unwrap().checkpoint;
    rot(app.store(), engine, false).await;
    for number in 5..8 {
        assert_eq!(app.post(&refusal(number)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
    let present = async |app: &TestServer| app.store().ledger(&app.shop).await.unwrap().unwrap().checkpoint;
    assert_eq!(present(&app).await, signed, "nothing was signed");
    let ready = app.get("/readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    let line = ready.text().await.unwrap();
    assert_eq!(line, "not ready: nothing is signed for `shop`; `assent ledger status` says why\n");
    // A start sees it before anybody decides.
    app.restart(|_| ()).await;
    assert_eq!(app.get("/readyz").await.text().await.unwrap(), line);
    assert_eq!(app.post(&refusal(5)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let (folder, url) = (app.folder().to_owned(), app.database_url().to_owned());
    let operator = Operator::new(&folder, &url);
    let status = operator.says(&["ledger", "status"]);
    assert!(
        status.contains("shop\t7 leaves\tSTOPPED") && status.contains("not as it was signed"),
        "{status}"
    );
    assert!(status.contains("`assent ledger resume --site shop`"), "{status}");
    let doctor = crate::process::said(&operator.command(&["doctor"]).output().unwrap());
    assert!(doctor.contains("not as it was signed"), "{doctor}");
    operator.says(&["ledger", "resume", "--site", "shop"]);
    let (status, answer) = app.post(&refusal(5)).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    app.proves(&answer).await;
    check_ledgers(app.store()).await;
    let verified = operator.says(&["ledger", "verify"]);
    assert!(verified.contains("shop\tledger 1\t7 leaves\t5 receipts\t0 erased\tas signed"), "{verified}");
    app.finish_unchecked().await;
}

async fn an_audit_log_that_was_not_signed_is_not_written(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    let (folder, url) = (app.folder().to_owned(), app.database_url().to_owned());
    let operator = Operator::new(&folder, &url);
    operator.says(&["retention", "--site", "shop", "--days", "30"]);
    let signed = app.store().audit_ledger().await.unwrap().unwrap().checkpoint;
    rot(app.store(), engine, true).await;
    let refused = operator.complains(&["retention", "--site", "shop", "--days", "40"]);
    assert!(refused.contains("the audit log is not as it was signed last"), "{refused}");
    assert!(refused.contains("assent audit resume"), "{refused}");
    assert_eq!(app.store().audit_ledger().await.unwrap().unwrap().checkpoint, signed, "nothing was signed");
    operator.says(&["audit", "resume"]);
    app.restart(|_| ()).await;
    operator.says(&["retention", "--site", "shop", "--days", "40"]);
    check_ledgers(app.store()).await;
    app.finish_unchecked().await;
}

async fn each_change_of_an_edge_is_seen_at_the_start(engine: Engine) {
    let mut app = TestServer::start(engine).await;
    for number in 0..4 {
        app.post(&refusal(number)).await;
    }
    let spoilt = [
        ("update ledgers set leaves = leaves - 1", "update ledgers set leaves = leaves + 1"),
        (
            "update ledgers set checkpoint = replace(checkpoint, 'shop', 'shep')",
            "update ledgers set checkpoint = replace(checkpoint, 'shep', 'shop')",
        ),
    ];
    for (spoil, mend) in spoilt {
        assert_eq!(raw(app.store(), spoil).await, Ok(1));
        app.restart(|_| ()).await;
        assert_eq!(app.get("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE, "{spoil}");
        assert_eq!(app.post(&refusal(9)).await.0, StatusCode::SERVICE_UNAVAILABLE, "{spoil}");
        let kept = std::fs::read_to_string(app.folder().join("assent.checkpoints")).unwrap();
        assert!(kept.contains("shop.example") && !kept.contains("shep"), "what was published stays: {kept}");
        assert_eq!(raw(app.store(), mend).await, Ok(1));
        app.restart(|_| ()).await;
        assert_eq!(app.get("/readyz").await.status(), StatusCode::OK, "{mend}");
    }
    assert_eq!(app.post(&refusal(9)).await.0, StatusCode::CREATED);
    app.finish().await;
}
