//! Several servers on one database: none leads, none waits for another's end, and whoever dies leaves nothing half.

use assent::clock::Clock;
use assent::store::{Filter, Place};
use reqwest::StatusCode;

use crate::harness::program::Installation;
use crate::harness::visitors::Visitors;
use crate::harness::{Engine, NOW, PAGE, TestServer, refusal};

const MINUTE: i64 = 60_000;

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn one_of_two_is_killed_in_the_middle() {
        let installation = Installation::create(Engine::Postgres).await;
        let mut first = installation.start(&[]);
        let second = installation.start(&[]);
        let some = Visitors::start(8, first.address);
        let others = Visitors::start_with(8, second.address, 1_000_000);
        for round in 0..3 {
            some.until_acknowledged(20).await;
            others.until_acknowledged(20).await;
            first.signal("-KILL");
            first.wait();
            // As a proxy leads them while one server is away.
            some.move_to(second.address);
            some.until_acknowledged(20).await;
            others.until_acknowledged(20).await;
            first = installation.start(&[]);
            some.move_to(first.address);
            assert!(second.log().iter().all(|line| !line.contains(r#""level":"ERROR""#)), "round {round}");
        }
        let mut acknowledged = some.finish().await;
        acknowledged.extend(others.finish().await);
        first.ends();
        second.ends();
        installation.check(&acknowledged).await;
        installation.remove().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn their_clocks_may_differ_by_minutes() {
        let app = TestServer::start(Engine::Postgres).await;
        let late = app.another_server_by(Clock::manual(NOW - 7 * MINUTE)).await;
        let early = app.another_server_by(Clock::manual(NOW + 7 * MINUTE)).await;
        let servers = [app.server().address(), late.address(), early.address()];
        let client = reqwest::Client::new();
        for number in 0..30 {
            let address = servers[usize::try_from(number).unwrap() % servers.len()];
            let decide =
                client.post(format!("http://{address}/_assent/shop/decisions")).header("origin", PAGE);
            let answer = decide.json(&refusal(number)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::CREATED, "{number}");
        }
        let receipts = app.store().receipts(&app.shop, &Filter::default(), Place::START, 100).await.unwrap();
        let mut places: Vec<i64> = receipts.iter().map(|row| row.leaf_index).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 30, "each has a place of its own, whoever took it");
        assert!(
            receipts.is_sorted_by_key(|row| row.received_at),
            "each keeps the time of the server that took it"
        );
        assert_eq!(receipts[29].received_at - receipts[0].received_at, 14 * MINUTE);
        late.stop().await;
        early.stop().await;
        app.finish().await;
    }
}
