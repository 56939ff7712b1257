//! A moment of PostgreSQL's past, by its own archive: the earlier receipt is there, the later one is not, and no fork begins.

mod postgres {
    use std::fs;

    use assent::Server;
    use assent::clock::Clock;
    use reqwest::StatusCode;
    use serde_json::json;
    use sqlx::{Connection, Executor};

    use crate::backup::Operator;
    use crate::harness::cluster::Cluster;
    use crate::harness::{NOW, id, refusal, with};

    const DATABASE: &str = "consent";

    /// Posts a decision to a server that an operator runs.
    async fn post(server: &Server, number: u64) -> StatusCode {
        let decision = with(refusal(number), json!({"decided_at": NOW}));
        let request =
            reqwest::Client::new().post(format!("http://{}/_assent/shop/decisions", server.address()));
        request.header("origin", "https://shop.example").json(&decision).send().await.unwrap().status()
    }

    fn settings(operator_folder: &std::path::Path, url: &str) -> assent::config::Settings {
        assent::config::Settings {
            port: 0,
            database_url: url.to_owned(),
            signing_key_file: Some(operator_folder.join("assent.key")),
            export_folder: Some(operator_folder.join("exports")),
            ..Default::default()
        }
    }

    #[tokio::test]
    async fn a_moment_between_two_receipts_is_brought_back() {
        let mut first = Cluster::create("wal_level = replica\narchive_mode = on\n");
        let archive = first.folder.join("archive");
        Cluster::make_folder(&archive);
        let archive = archive.display().to_string();
        first.set(&format!("archive_command = 'test ! -f {archive}/%f && cp %p {archive}/%f'\n"));
        first.start();
        let mut admin = sqlx::PgConnection::connect(&first.url("postgres")).await.unwrap();
        admin.execute("create database consent").await.unwrap();
        let folder = tempfile::TempDir::new().unwrap();
        let url = first.url(DATABASE);
        let operator = Operator::new(folder.path(), &url);
        operator.says(&["site", "add", "shop", "--origin", "https://shop.example"]);
        fs::write(folder.path().join("notice.toml"), crate::harness::NOTICE).unwrap();
        operator.says(&["notice", "publish", "--site", "shop", "notice.toml"]);
        let mut owner = sqlx::PgConnection::connect(&url).await.unwrap();
        owner
            .execute("create role reader login; grant select on all tables in schema public to reader")
            .await
            .unwrap();
        owner.close().await.unwrap();
        let reader = Operator::new(folder.path(), &url.replace("postgres@", "reader@"));
        let doctor = crate::process::said(&reader.command(&["doctor"]).output().unwrap());
        assert!(doctor.contains("It takes none: this user may not insert receipts."), "{doctor}");
        let mut second = Cluster::base_copy_of(&first);

        let clock = Clock::manual(NOW);
        let server = Server::start_with(settings(folder.path(), &url), clock.clone(), false).await.unwrap();
        assert_eq!(post(&server, 1).await, StatusCode::CREATED);
        // The moment: a name in PostgreSQL's log, where people mostly give a time.
        admin.execute("select pg_create_restore_point('between')").await.unwrap();
        assert_eq!(post(&server, 2).await, StatusCode::CREATED);
        server.stop().await;
        // What is full is archived by itself; the rest is, now.
        admin.execute("select pg_switch_wal()").await.unwrap();
        admin.close().await.unwrap();
        // It archives the rest while it ends; its folder stays.
        first.stop("-INT");

        second.set(&format!(
            "archive_mode = off\nrestore_command = 'cp {archive}/%f %p'\nrecovery_target_name = 'between'\nrecovery_target_action = 'promote'\n"
        ));
        second.start();
        let url = second.url(DATABASE);
        let operator = Operator::new(folder.path(), &url);
        wait_until_it_writes(&url).await;
        let verified = operator.says(&["ledger", "verify"]);
        assert!(verified.contains("shop\tledger 1\t3 leaves\t1 receipts\t0 erased\tas signed"), "{verified}");
        let status = operator.says(&["ledger", "status"]);
        assert!(
            status.contains("shop\t3 leaves\tSTOPPED") && status.contains("published with 4 leaves"),
            "{status}"
        );
        assert!(status.contains("assent ledger resume --site shop"), "{status}");

        let server = Server::start_with(settings(folder.path(), &url), clock, false).await.unwrap();
        let shop = "shop".parse().unwrap();
        let stored = async |number| server.store().sealed(&shop, &id(number)).await.unwrap().is_some();
        assert!(stored(1).await && !stored(2).await);
        assert_eq!(post(&server, 3).await, StatusCode::SERVICE_UNAVAILABLE, "nothing is signed");
        operator.says(&["ledger", "resume", "--site", "shop"]);
        assert_eq!(post(&server, 3).await, StatusCode::CREATED, "a new ledger, linked to the one that ended");
        server.stop().await;
        let verified = operator.says(&["ledger", "verify"]);
        assert!(verified.contains("shop\tledger 2\t"), "{verified}");
    }

    /// Whoever connects while the cluster is still promoting can only read.
    async fn wait_until_it_writes(url: &str) {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        let waiting = async {
            while sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(&mut connection).await.unwrap() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_mins(1), waiting).await.expect("the recovery ends");
    }
}
