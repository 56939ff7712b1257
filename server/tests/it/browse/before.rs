//! Owns the test of the migration that gives kinds to receipts of before.

use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::{Filter, KindFilter, Order, POSTGRES_MIGRATIONS, SQLITE_MIGRATIONS, Store};
use assent_shared::{Method, SiteId};
use serde_json::json;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{PgPool, SqlitePool};

use crate::harness::{Database, Engine, NOW, both_engines, id};

both_engines!(receipts_of_before_get_their_kinds);

/// A receipt's bytes as an earlier version stored them.
fn body(number: u64, method: &str, analytics: bool) -> String {
    let receipt = json!({
        "choices": {"video": false, "analytics": analytics}, "clock_off": false, "decided_at": 5, "decision": id(number),
        "gpc": false, "layer": 1, "locale": "en", "method": method, "origin": "https://shop.example",
        "notice": {"hash": "0".repeat(64), "number": 1 + number / 3}, "received_at": NOW, "replaces": null, "site": "shop",
        "valid_until": NOW, "version": 1, "visitor": format!("v_{}", "A".repeat(22)), "widget": "0".repeat(16),
    });
    serde_json::from_value::<assent_shared::Receipt>(receipt).unwrap().canonical_json()
}

async fn receipts_of_before_get_their_kinds(engine: Engine) {
    let database = Database::create(engine).await;
    let stored = [(0, "reject_all", false), (1, "custom", true), (2, "custom", true), (3, "custom", true)];
    macro_rules! fill {
        ($pool:ident, $migrations:expr) => {{
            let before: Vec<_> = $migrations.iter().filter(|migration| migration.version <= 3).cloned().collect();
            Migrator { migrations: before.into(), ..Migrator::DEFAULT }.run(&$pool).await.unwrap();
            for sql in [
                "insert into sites (site, name, environment, origins, created_at)
                 values ('shop', 'Shop', 'production', '[\"https://shop.example\"]', 0)",
                "insert into ledgers (site, notices, leaves) values ('shop', 0, 0)",
            ] {
                sqlx::query(sql).execute(&$pool).await.unwrap();
            }
            let insert = "insert into receipts (site, ledger, leaf_index, decision, visitor, body, salt, received_at, commitment)
                          values ('shop', 1, $1, $2, $3, $4, $5, $6, $5)";
            for (number, method, analytics) in stored {
                let at = i64::try_from(number).unwrap();
                sqlx::query(insert)
                    .bind(at)
                    .bind(id(number))
                    .bind("v")
                    .bind(body(number, method, analytics))
                    .bind(vec![0_u8; 32])
                    .bind(NOW + at)
                    .execute(&$pool)
                    .await
                    .unwrap();
            }
            // One that was erased: it never gets a kind.
            sqlx::query(insert)
                .bind(9_i64)
                .bind(None::<String>)
                .bind(None::<String>)
                .bind(None::<String>)
                .bind(vec![0_u8; 32])
                .bind(NOW)
                .execute(&$pool)
                .await
                .unwrap();
            $pool.close().await;
        }};
    }
    if engine == Engine::Sqlite {
        let options: SqliteConnectOptions = database.url.parse().unwrap();
        let pool = SqlitePool::connect_with(options.create_if_missing(true)).await.unwrap();
        fill!(pool, SQLITE_MIGRATIONS);
    } else {
        let pool = PgPool::connect(&database.url).await.unwrap();
        fill!(pool, POSTGRES_MIGRATIONS);
    }
    let sealer = Sealer::new(KeySource::File(database.folder.path().join("assent.key")));
    let store = Store::open(&database.url, sealer).await.unwrap();
    let shop: SiteId = "shop".parse().unwrap();
    let kinds = store.kinds(&shop).await.unwrap();
    let parts: Vec<(i64, &str, &str)> =
        kinds.iter().map(|kind| (kind.notice, kind.method.as_str(), kind.choices.as_str())).collect();
    let granted = r#"{"analytics":true,"video":false}"#;
    let denied = r#"{"analytics":false,"video":false}"#;
    assert_eq!(parts, [(1, "custom", granted), (1, "reject_all", denied), (2, "custom", granted)]);
    for (kind, expected) in [
        (KindFilter { method: Some(Method::Custom), ..KindFilter::default() }, vec![3, 2, 1]),
        (KindFilter { notice: Some(1), ..KindFilter::default() }, vec![2, 1, 0]),
        (KindFilter { denied: ["analytics".parse().unwrap()].into(), ..KindFilter::default() }, vec![0]),
        (KindFilter::default(), vec![3, 2, 1, 0]),
    ] {
        let filter = Filter { kind, ..Filter::default() };
        let mut reader = store.reader(&shop, &filter, Order::NewestFirst, None).await.unwrap();
        let found: Vec<i64> = reader.next(10).await.unwrap().iter().map(|row| row.leaf_index).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    store.close().await;
    database.drop().await;
}
