//! The ledger as the server keeps it: what an answer proves, what the database refuses, what an upgrade and a new key do.

use assent::export::{ExportFormat, Wanted};
use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::{Filter, NoticeRow, POSTGRES_MIGRATIONS, Pool, SQLITE_MIGRATIONS, Store};
use assent_shared::bundle::{Trust, verify};
use assent_shared::ledger::{Entry, SignedCheckpoint};
use futures_util::StreamExt;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{PgPool, SqlitePool};

use crate::harness::{Database, Engine, NOTICE, NOW, TestServer, both_engines, check_ledgers, id, refusal};

both_engines!(
    every_answer_proves_itself,
    a_retry_is_proven_under_the_newest_checkpoint,
    what_is_public_says_nothing_about_a_visitor,
    a_notice_and_a_build_are_leaves,
    the_database_itself_refuses_every_change,
    a_new_key_signs_the_handover_with_the_old_one,
    a_lost_key_stops_the_signing_and_nothing_else,
    what_was_recorded_before_there_was_a_ledger_is_sealed,
);

async fn every_answer_proves_itself(engine: Engine) {
    let app = TestServer::start(engine).await;
    let decisions: Vec<_> = (1..=300).map(refusal).collect();
    let answers = app.post_all(&decisions).await;
    let mut indexes = Vec::new();
    for (status, answer) in &answers {
        assert_eq!(*status, StatusCode::CREATED);
        indexes.push(app.proves(answer).await);
    }
    indexes.sort_unstable();
    assert_eq!(indexes, (2..302).collect::<Vec<_>>());
    app.finish().await;
}

async fn a_retry_is_proven_under_the_newest_checkpoint(engine: Engine) {
    let app = TestServer::start(engine).await;
    let (_, first) = app.post(&refusal(1)).await;
    for number in 2..=260 {
        app.post(&refusal(number)).await;
    }
    let (status, again) = app.post(&refusal(1)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&first["receipt"], &first["salt"]), (&again["receipt"], &again["salt"]));
    assert_ne!(first["proof"], again["proof"]);
    assert_eq!(app.proves(&again).await, 2);
    app.finish().await;
}

async fn what_is_public_says_nothing_about_a_visitor(engine: Engine) {
    let app = TestServer::start(engine).await;
    let (_, first) = app.post(&refusal(1)).await;
    // The same choices of the same visitor: nobody can tell.
    let (_, second) = app.post(&refusal(2)).await;
    assert_ne!(first["salt"], second["salt"]);
    let leaves = app.store().leaves(&app.shop, 1, 2, 4).await.unwrap();
    let entries: Vec<String> = leaves.iter().map(|leaf| leaf.entry().unwrap()).collect();
    assert_ne!(entries[0], entries[1]);
    for (_, receipt) in app.receipts().await {
        for entry in &entries {
            assert!(
                !entry.contains(receipt.visitor.as_str()) && !entry.contains(receipt.decision.as_str()),
                "{entry}"
            );
            assert!(matches!(serde_json::from_str(entry), Ok(Entry::Receipt { .. })), "{entry}");
        }
    }
    app.finish().await;
}

async fn a_notice_and_a_build_are_leaves(engine: Engine) {
    let app = TestServer::start(engine).await;
    assent::notices::publish(
        app.store(),
        &app.shop,
        &NOTICE.replace("Fernhill Ceramics", "Another Shop"),
        &[],
        NOW + 5,
    )
    .await
    .unwrap();
    let leaves = app.store().leaves(&app.shop, 1, 0, 9).await.unwrap();
    let entries: Vec<Entry> =
        leaves.iter().map(|leaf| serde_json::from_str(leaf.entry.as_ref().unwrap()).unwrap()).collect();
    let notice = |number: u32| app.store().notice(&app.shop, number);
    let (first, second) = (notice(1).await.unwrap().unwrap(), notice(2).await.unwrap().unwrap());
    let announced = |hash: &str, number, published_at| Entry::Notice {
        hash: hash.parse().unwrap(),
        number,
        published_at,
    };
    assert_eq!(
        entries,
        [assent::widget::entry(), announced(&first.hash, 1, NOW), announced(&second.hash, 2, NOW + 5)]
    );
    app.finish().await;
}

/// Runs SQL past the server, as somebody with the database's password can.
pub(crate) async fn raw(store: &Store, sql: &'static str) -> Result<u64, String> {
    match store.pool() {
        Pool::Sqlite(pool) => sqlx::query(sql).execute(pool).await.map(|done| done.rows_affected()),
        Pool::Postgres(pool) => sqlx::query(sql).execute(pool).await.map(|done| done.rows_affected()),
    }
    .map_err(|error| error.to_string())
}

async fn the_database_itself_refuses_every_change(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 1..=300 {
        app.post(&refusal(number)).await;
    }
    let mut attempts = vec![
        "update receipts set body = replace(body, 'false', 'true')",
        "update receipts set body = null, salt = null, visitor = null, decision = null, kind = null",
        "update receipts set kind = kind + 1",
        "update kinds set method = 'reject_all'",
        "delete from kinds",
        "update receipts set leaf_index = leaf_index + 1000",
        "update receipts set received_at = 0",
        "update receipts set visitor = 'v_x'",
        "delete from receipts",
        "delete from receipts where leaf_index = 3",
        "update entries set entry = '{}'",
        "delete from entries",
        "update nodes set level = 2",
        "delete from nodes",
        "update notices set body = '{}'",
        "delete from notices",
    ];
    match engine {
        Engine::Sqlite => attempts.extend([
            "insert or replace into receipts select site, ledger, leaf_index, 'x', visitor, '{}', salt, 0, commitment, kind from receipts where leaf_index = 3",
            "insert or replace into decisions select site, decision, ledger, leaf_index + 900, 0 from decisions where leaf_index = 3",
            "replace into entries select site, ledger, leaf_index, '{}', null, null from entries",
        ]),
        Engine::Postgres => attempts.extend(["truncate receipts", "truncate entries", "truncate notices", "truncate nodes"]),
    }
    for sql in attempts {
        let error = raw(app.store(), sql).await.expect_err(sql);
        assert!(error.contains("never"), "{sql}: {error}");
    }
    assert_eq!(app.receipts().await.len(), 300);
    app.finish().await;
}

async fn a_new_key_signs_the_handover_with_the_old_one(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let old = app.verifier_key().await;
    // As the command line does it, beside the running server.
    let path = app.folder().join("assent.key");
    Sealer::new(KeySource::File(path.clone())).add_key().unwrap();
    let (status, answer) = app.post(&refusal(2)).await;
    assert_eq!(
        (status, app.verifier_key().await),
        (StatusCode::CREATED, old.clone()),
        "nobody has told the server"
    );
    app.proves(&answer).await;

    app.store().sealer().load().unwrap();
    let (status, answer) = app.post(&refusal(3)).await;
    assert_eq!(status, StatusCode::CREATED);
    let new = app.verifier_key().await;
    assert_ne!(new, old);
    let index = app.proves(&answer).await;
    let leaves = app.store().leaves(&app.shop, 1, 0, 99).await.unwrap();
    let handover = &leaves[usize::try_from(index).unwrap() - 1];
    let entry: Entry = serde_json::from_str(handover.entry.as_ref().unwrap()).unwrap();
    assert_eq!(entry, Entry::Key { key: new.clone(), previous: old.clone() });
    let size = i64::try_from(leaves.len()).unwrap();
    let kept = app.store().checkpoints(&app.shop, 1, size + 1).await.unwrap();
    let signed = SignedCheckpoint::parse(kept.last().unwrap()).unwrap();
    assert!(signed.verify(&old).is_ok() && signed.verify(&new).is_ok());

    let (_, answer) = app.post(&refusal(4)).await;
    let newest = app.store().ledger(&app.shop).await.unwrap().unwrap().checkpoint.unwrap();
    assert!(SignedCheckpoint::parse(&newest).unwrap().verify(&old).is_err(), "the old key signs no more");
    app.proves(&answer).await;
    app.finish().await;
}

async fn a_lost_key_stops_the_signing_and_nothing_else(engine: Engine) {
    let app = TestServer::start(engine).await;
    app.post(&refusal(1)).await;
    let path = app.folder().join("assent.key");
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    // A first key is made where there is none; it is not the ledger's.
    app.store().sealer().load().unwrap();
    let (status, problem) = app.post(&refusal(2)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem["detail"].as_str().unwrap().contains("records nothing right now"), "{problem}");
    assert_eq!(app.get("/_assent/shop.js").await.status(), StatusCode::OK);
    assert_eq!(app.receipts().await.len(), 1);

    std::fs::write(&path, kept).unwrap();
    let (status, answer) = app.post(&refusal(2)).await;
    assert_eq!(status, StatusCode::CREATED, "the key is read again by itself");
    app.proves(&answer).await;
    app.finish().await;
}

/// A database as the versions before the ledger left it: one site, one notice, `receipts`.
async fn database_of_before(database: &Database, notice: &NoticeRow, receipts: &[String]) {
    macro_rules! fill {
        ($pool:ident, $migrations:expr) => {{
            let migrations: Vec<_> = $migrations.iter().take(2).cloned().collect();
            Migrator { migrations: migrations.into(), ..Migrator::DEFAULT }.run(&$pool).await.unwrap();
            for sql in [
                "insert into sites (site, name, environment, origins, created_at)
                 values ('shop', 'Shop', 'production', '[\"https://shop.example\"]', 0)",
                "insert into ledgers (site, notices, leaves) values ('shop', 1, 3)",
            ] {
                sqlx::query(sql).execute(&$pool).await.unwrap();
            }
            sqlx::query(
                "insert into notices (site, number, hash, body, published_at) values ('shop', 1, $1, $2, 5)",
            )
            .bind(&notice.hash)
            .bind(&notice.body)
            .execute(&$pool)
            .await
            .unwrap();
            for (at, body) in (0_i64..).zip(receipts) {
                let sql = "insert into receipts (site, leaf_index, decision, visitor, received_at, body)
                           values ('shop', $1, $2, 'v', $3, $4)";
                let decision = id(at.unsigned_abs() + 1);
                sqlx::query(sql).bind(at).bind(decision).bind(NOW).bind(body).execute(&$pool).await.unwrap();
            }
            $pool.close().await;
        }};
    }
    if database.url.starts_with("sqlite:") {
        let options: SqliteConnectOptions = database.url.parse().unwrap();
        let pool = SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
        fill!(pool, SQLITE_MIGRATIONS);
    } else {
        let pool = PgPool::connect(&database.url).await.unwrap();
        fill!(pool, POSTGRES_MIGRATIONS);
    }
}

async fn what_was_recorded_before_there_was_a_ledger_is_sealed(engine: Engine) {
    let app = TestServer::start(engine).await;
    let notice = app.store().notice(&app.shop, 1).await.unwrap().unwrap();
    let waiting: Vec<String> = (1..=3)
        .map(|number| {
            let receipt = json!({
                "choices": {"analytics": false}, "clock_off": false, "decided_at": 5, "decision": id(number),
                "gpc": false, "layer": 1, "locale": "en", "method": "reject_all", "origin": "https://shop.example",
                "notice": {"hash": notice.hash, "number": 1}, "received_at": NOW, "replaces": null, "site": "shop",
                "valid_until": NOW, "version": 1, "visitor": format!("v_{}", "A".repeat(22)), "widget": "0".repeat(16),
            });
            serde_json::from_value::<assent_shared::Receipt>(receipt).unwrap().canonical_json()
        })
        .collect();
    let database = Database::create(engine).await;
    database_of_before(&database, &notice, &waiting).await;
    for _ in 0..2 {
        let sealer = Sealer::new(KeySource::File(app.folder().join("assent.key")));
        let store = Store::open(&database.url, sealer).await.unwrap();
        check_ledgers(&store).await;
        let leaves = store.leaves(&app.shop, 1, 0, 99).await.unwrap();
        let bodies: Vec<&str> = leaves.iter().filter_map(|leaf| leaf.body.as_deref()).collect();
        assert_eq!(bodies, waiting, "each once, in their order, byte for byte");
        let wanted = Wanted {
            site: app.shop.clone(),
            format: ExportFormat::Bundle,
            ledger: None,
            filter: Filter::default(),
        };
        let chunks: Vec<Vec<u8>> =
            wanted.begin(&store, NOW).await.unwrap().map(Result::unwrap).collect().await;
        let report = verify(&chunks.concat()[..], &Trust::default()).unwrap();
        assert_eq!((report.counts.receipts, report.counts.builds), (3, 2));
        store.close().await;
    }
    database.drop().await;
    app.finish().await;
}
