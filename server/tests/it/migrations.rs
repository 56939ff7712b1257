//! Owns the migrations' parity: both engines have the same files, and the same tables with the same columns.

use std::collections::BTreeSet;

use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::{POSTGRES_MIGRATIONS, Pool, SQLITE_MIGRATIONS, Store};

use crate::harness::{Database, Engine, TestServer};

#[test]
fn both_engines_have_the_same_files() {
    let names = |migrator: &sqlx::migrate::Migrator| -> Vec<String> {
        migrator.iter().map(|migration| format!("{} {}", migration.version, migration.description)).collect()
    };
    assert_eq!(names(&SQLITE_MIGRATIONS), names(&POSTGRES_MIGRATIONS));
    // All that are pending run in one transaction; one that leaves it could be half done.
    assert!(SQLITE_MIGRATIONS.iter().chain(POSTGRES_MIGRATIONS.iter()).all(|migration| !migration.no_tx));
}

type Column = (String, String, bool);

async fn columns(store: &Store) -> BTreeSet<Column> {
    match store.pool() {
        Pool::Sqlite(pool) => sqlx::query_as(
            "select m.name, c.name, c.\"notnull\" = 1 from sqlite_schema m, pragma_table_info(m.name) c
             where m.type = 'table' and m.name not like '\\_sqlx%' escape '\\'",
        )
        .fetch_all(pool)
        .await
        .unwrap()
        .into_iter()
        .collect(),
        Pool::Postgres(pool) => sqlx::query_as(
            // Partitions are their table's.
            "select table_name::text, column_name::text, is_nullable = 'NO' from information_schema.columns
             where table_schema = 'public' and table_name not like '\\_sqlx%'
             and not (select relispartition from pg_class where oid = to_regclass(table_name))",
        )
        .fetch_all(pool)
        .await
        .unwrap()
        .into_iter()
        .collect(),
    }
}

async fn indexes(store: &Store) -> BTreeSet<String> {
    let names: Vec<String> = match store.pool() {
        Pool::Sqlite(pool) => {
            sqlx::query_scalar("select name from sqlite_schema where type = 'index' and sql is not null")
                .fetch_all(pool)
                .await
                .unwrap()
        }
        Pool::Postgres(pool) => sqlx::query_scalar(
            "select indexname::text from pg_indexes where schemaname = 'public'
             and not (select relispartition from pg_class where oid = to_regclass(indexname))
             and indexname not like '%\\_pkey' and indexname not like '%\\_key'",
        )
        .fetch_all(pool)
        .await
        .unwrap(),
    };
    names.into_iter().collect()
}

mod postgres {
    use super::*;

    #[tokio::test]
    async fn both_engines_have_the_same_tables() {
        let sqlite = TestServer::start(Engine::Sqlite).await;
        let postgres = TestServer::start(Engine::Postgres).await;
        let found = columns(sqlite.store()).await;
        assert!(found.contains(&("receipts".to_owned(), "commitment".to_owned(), true)), "{found:?}");
        assert_eq!(found, columns(postgres.store()).await);
        let found = indexes(sqlite.store()).await;
        assert!(found.contains("receipts_by_visitor"), "{found:?}");
        assert_eq!(found, indexes(postgres.store()).await);
        sqlite.finish().await;
        postgres.finish().await;
    }
}

/// Opens a database to which nothing is appended.
async fn open(url: &str) -> Result<Store, String> {
    Store::open(url, Sealer::new(KeySource::Text(String::new()))).await
}

#[tokio::test]
async fn an_unusable_database_is_said_plainly() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("not-a-database");
    std::fs::write(&path, "this is a letter, not a database".repeat(100)).unwrap();
    let error = open(&format!("sqlite:{}", path.display())).await.unwrap_err();
    assert!(error.contains("cannot be opened") && error.contains("not-a-database"), "{error}");
    let error = open("mysql://somewhere/else").await.unwrap_err();
    assert!(error.contains("`mysql:` is not supported"), "{error}");
    let error = open("postgres://me:secret@127.0.0.1:1/none").await.unwrap_err();
    assert!(error.contains("127.0.0.1:1") && !error.contains("secret"), "{error}");
}

#[tokio::test]
async fn a_database_is_opened_again_as_it_was() {
    let database = Database::create(Engine::Sqlite).await;
    for _ in 0..2 {
        let store = open(&database.url).await.unwrap();
        store.readiness().await.unwrap();
        store.close().await;
    }
    assert!(database.folder.path().join("assent.db").is_file());
}
