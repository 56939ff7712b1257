//! The network between server and PostgreSQL: cut between a commit and its answer, and switched to another server.

mod postgres {
    use std::net::ToSocketAddrs;

    use crate::harness::cluster::Cluster;
    use crate::harness::forwarder::Forwarder;
    use crate::harness::program::Installation;
    use crate::harness::visitors::Visitors;
    use crate::harness::{Database, Engine};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_commit_whose_answer_is_lost_is_neither_new_nor_doubled() {
        let database = Database::create(Engine::Postgres).await;
        let options: sqlx::postgres::PgConnectOptions = database.url.parse().unwrap();
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let target = place.to_socket_addrs().unwrap().next().unwrap();
        let forwarder = Forwarder::to(target).await;
        let through = database.url.replace(&place, &format!("127.0.0.1:{}", forwarder.port));
        let installation = Installation::on(&through).await;
        let program = installation.start(&[]);
        let visitors = Visitors::start(8, program.address);
        visitors.until_acknowledged(10).await;
        for _ in 0..5 {
            let before = (forwarder.swallowed(), visitors.repeated());
            forwarder.swallow_answers_of_commits(1);
            visitors.until_acknowledged(20).await;
            assert_eq!(forwarder.swallowed(), before.0 + 1, "one commit's answer was cut off");
        }
        assert!(visitors.repeated() > 0, "what was committed is found again, not recorded anew");
        assert!(visitors.turned_away() > 0, "nobody was told that it is recorded");
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
        database.drop().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_promoted_replica_has_everything_that_was_acknowledged() {
        let mut primary =
            Cluster::create("wal_level = replica\nmax_wal_senders = 4\nsynchronous_commit = on\n");
        primary.start();
        primary.run("create database assent").await;
        let forwarder = Forwarder::to(primary.address()).await;
        let url = primary.url("assent").replace(&primary.port.to_string(), &forwarder.port.to_string());
        let installation = Installation::on(&url).await;
        primary.stop("-INT");
        let mut replica = Cluster::follow(&primary, "second");
        // From now on a commit is acknowledged only when the replica has it.
        primary.set("synchronous_standby_names = 'second'\n");
        primary.start();
        replica.start();

        let program = installation.start(&[]);
        let visitors = Visitors::start(8, program.address);
        visitors.until_acknowledged(50).await;
        let in_step =
            primary.number("select count(*) from pg_stat_replication where sync_state = 'sync'").await;
        assert_eq!(in_step, 1, "the replica is a synchronous one");
        // Its machine is gone, in the middle of the load.
        primary.stop("-QUIT");
        visitors.until_turned_away(1).await;
        program.until_ready_says("the database").await;
        replica.run("select pg_promote()").await;
        forwarder.lead_to(replica.address());
        visitors.until_acknowledged(50).await;
        program.until_ready_says("ready\n").await;
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_replica_that_lacks_what_was_published_is_not_signed_on() {
        let mut primary = Cluster::create("wal_level = replica\nmax_wal_senders = 4\n");
        primary.start();
        primary.run("create database assent").await;
        let forwarder = Forwarder::to(primary.address()).await;
        let url = primary.url("assent").replace(&primary.port.to_string(), &forwarder.port.to_string());
        let installation = Installation::on(&url).await;
        primary.stop("-INT");
        // It never hears of what comes.
        let mut replica = Cluster::follow(&primary, "second");
        replica.set("primary_conninfo = ''\n");
        primary.start();

        let program = installation.start(&[]);
        let visitors = Visitors::start(4, program.address);
        visitors.until_acknowledged(20).await;
        let kept = installation.folder.path().join("assent.checkpoints");
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
        let written = || std::fs::read_to_string(&kept).unwrap_or_default();
        let before = written();
        while written() == before {
            ticks.tick().await;
        }
        primary.stop("-QUIT");
        replica.start();
        replica.run("select pg_promote()").await;
        forwarder.lead_to(replica.address());
        program.until_ready_says("not ready: nothing is signed for `shop`").await;
        let acknowledged = visitors.acknowledged();
        visitors.until_turned_away(20).await;
        assert_eq!(visitors.acknowledged(), acknowledged, "nothing is signed that would be a fork");
        let refused = program.log().iter().filter(|line| line.contains("nothing is signed until")).count();
        assert!((1..=3).contains(&refused), "a line or two, not one a request: {}", program.log().join("\n"));
        program.ends();
    }
}
