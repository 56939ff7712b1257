//! The upgrade to partitions: what is there is attached as it is, and what an odd clock brought is not lost.

use super::{Raw, up_to};
use crate::backup::Operator;
use crate::harness::{Database, Engine, NOW};

const YEAR: i64 = 31_536_000_000;

mod postgres {
    use super::*;

    #[tokio::test]
    async fn what_is_there_becomes_the_first_partition() {
        let place = Database::create(Engine::Postgres).await;
        let mut raw = Raw::connect(&place.url).await;
        raw.migrate(&up_to(Engine::Postgres, 9)).await;
        raw.run(
            "insert into sites (site, name, environment, origins, created_at)
             values ('shop', 'Shop', 'production', '[\"https://shop.example\"]', 0)",
        )
        .await;
        raw.run("insert into ledgers (site, notices, leaves) values ('shop', 0, 0)").await;
        // One long ago, one of the far future, one that is erased.
        for (leaf, at, decision) in
            [(0, NOW - 20 * YEAR, "'a'"), (1, NOW + 90 * YEAR, "'b'"), (2, NOW - YEAR, "null")]
        {
            raw.run(&format!(
                "insert into receipts (site, ledger, leaf_index, decision, body, received_at, commitment)
                 select 'shop', 1, {leaf}, decision, decision, {at}, sha256('')
                 from (select cast({decision} as text) as decision) as one"
            ))
            .await;
        }
        let before = raw.texts("select cast(pg_relation_filenode('receipts') as text)").await;
        Operator::new(place.folder.path(), &place.url).says(&["site", "list"]);
        assert_eq!(
            raw.texts("select cast(pg_relation_filenode('receipts_before') as text)").await,
            before,
            "the file is the one that it was: no row was copied"
        );
        let leaves = async |raw: &mut Raw, table: &str| {
            raw.texts(&format!("select cast(leaf_index as text) from {table} order by leaf_index")).await
        };
        assert_eq!(leaves(&mut raw, "receipts_before").await, ["0", "2"]);
        assert_eq!(leaves(&mut raw, "receipts_default").await, ["1"]);
        assert_eq!(leaves(&mut raw, "decisions").await, ["0", "1"]);
        place.drop().await;
    }
}
