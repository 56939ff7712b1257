//! PostgreSQL's partitions: made before they are needed, by any number of servers, and none is needed for a receipt to be kept.

use assent::store::{Pool, Store};

use super::{DAY, DECEMBER, count, decide, erase_all, rows};
use crate::harness::{Engine, NOW, TestServer};

async fn names(store: &Store) -> Vec<String> {
    store.partitions().await.unwrap().into_iter().map(|row| row.name).collect()
}

mod postgres {
    use super::*;

    #[tokio::test]
    async fn partitions_are_made_ahead_while_receipts_are_recorded() {
        let app = TestServer::start(Engine::Postgres).await;
        let first = names(app.store()).await;
        assert_eq!(first, ["receipts_2026_11", "receipts_2026_12", "receipts_2027_01"]);
        let second = app.another_server().await;
        assert_eq!(names(app.store()).await, first, "they are there already");

        let later = NOW + 100 * DAY;
        let (one, two, ()) = tokio::join!(
            app.store().make_partitions(later),
            second.store().make_partitions(later),
            decide(&app, 0..60)
        );
        assert_eq!(one.unwrap() + two.unwrap(), 3, "each once, whoever made it");
        assert_eq!(
            names(app.store()).await[3..],
            ["receipts_2027_03", "receipts_2027_04", "receipts_2027_05"],
            "a month that was slept through has none, and needs none"
        );
        second.stop().await;
        app.finish().await;
    }

    #[tokio::test]
    async fn a_receipt_of_an_odd_clock_is_kept_and_finds_its_place() {
        let app = TestServer::start(Engine::Postgres).await;
        decide(&app, 0..3).await;
        app.clock.advance(150 * DAY);
        decide(&app, 3..5).await;
        let default = "select count(*) from receipts_default";
        assert_eq!(count(&app, default).await, 2);
        assert_eq!(app.store().make_partitions(NOW + 150 * DAY).await.unwrap(), 3);
        assert_eq!(count(&app, default).await, 0, "they are where they belong");
        assert_eq!(count(&app, "select count(*) from receipts_2027_04").await, 2);
        assert_eq!(rows(&app).await, 5);
        // What let them go is closed again.
        app.clock.advance(300 * DAY);
        decide(&app, 5..6).await;
        for sql in
            ["delete from receipts_default", "truncate receipts_2027_04", "delete from receipts_2027_04"]
        {
            let error = crate::ledger::raw(app.store(), sql).await.expect_err(sql);
            assert!(error.contains("never deleted"), "{sql}: {error}");
        }
        app.finish().await;
    }

    #[tokio::test]
    async fn folding_gives_way_to_whoever_reads() {
        let app = TestServer::start(Engine::Postgres).await;
        decide(&app, 0..5).await;
        erase_all(&app, &app.shop).await;
        let Pool::Postgres(pool) = app.store().pool() else { panic!("this is PostgreSQL") };
        let mut reading = pool.begin().await.unwrap();
        sqlx::query("select count(*) from receipts").execute(&mut *reading).await.unwrap();
        let gave_up = app.store().fold(DECEMBER).await.unwrap_err();
        assert!(gave_up.to_string().contains("lock timeout"), "{gave_up}");
        assert_eq!((rows(&app).await, count(&app, "select count(*) from folded").await), (5, 0));
        decide(&app, 5..6).await;
        reading.commit().await.unwrap();
        assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 0, "one has come since");
        assert_eq!(erase_all(&app, &app.shop).await, 1);
        assert_eq!(app.store().fold(DECEMBER).await.unwrap(), 6);
        app.finish().await;
    }
}
