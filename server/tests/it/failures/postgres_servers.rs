//! A PostgreSQL server that is stopped, ended at once, frozen, full, or ends connections under load.

mod postgres {
    use crate::harness::cluster::Cluster;
    use crate::harness::program::Installation;
    use crate::harness::visitors::Visitors;

    /// Lines of the server's log with this message.
    fn lines(log: &[String], message: &str) -> usize {
        log.iter().filter(|line| line.contains(message)).count()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_goes_away_is_waited_for() {
        let mut cluster = Cluster::create("");
        cluster.start();
        cluster.run("create database assent").await;
        let installation = Installation::on(&cluster.url("assent")).await;
        let mut program = installation.start(&[]);
        program.until_ready_says("ready\n").await;
        let visitors = Visitors::start(8, program.address);
        for (outage, how) in ["-INT", "-QUIT"].into_iter().enumerate() {
            visitors.until_acknowledged(20).await;
            cluster.stop(how);
            program.until_ready_says("not ready: the database does not answer").await;
            visitors.until_turned_away(20).await;
            // Banners go on appearing.
            assert_eq!(program.probe("/_assent/shop.js").await.0, 200);
            cluster.start();
            visitors.until_acknowledged(20).await;
            program.until_ready_says("ready\n").await;
            let log = program.log();
            let begun = lines(&log, "nothing is recorded until");
            // An error that was on its way may come after all is well; there is never one line a request.
            assert!((outage + 1..=2 * outage + 2).contains(&begun), "{}", log.join("\n"));
            program.until_logged("the database does its work again", begun).await;
        }
        assert!(program.lives());
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_server_that_hangs_does_not_hang_ours() {
        let mut cluster = Cluster::create("");
        cluster.start();
        cluster.run("create database assent").await;
        let installation = Installation::on(&cluster.url("assent")).await;
        let program = installation.start(&[]);
        let visitors = Visitors::start(8, program.address);
        visitors.until_acknowledged(20).await;
        cluster.freeze("-STOP");
        program.until_ready_says("not ready: the database does not answer").await;
        visitors.until_turned_away(20).await;
        cluster.freeze("-CONT");
        visitors.until_acknowledged(20).await;
        program.until_ready_says("ready\n").await;
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn connections_that_are_cut_lose_and_double_nothing() {
        let mut cluster = Cluster::create("");
        cluster.start();
        cluster.run("create database assent").await;
        let installation = Installation::on(&cluster.url("assent")).await;
        let program = installation.start(&[]);
        let visitors = Visitors::start(16, program.address);
        for _ in 0..10 {
            // More than were under way at the last cut, so that there is a connection again.
            visitors.until_acknowledged(20).await;
            let cut =
                "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = 'assent'";
            assert!(cluster.number(cut).await > 0, "there was a connection to cut");
        }
        visitors.until_acknowledged(20).await;
        let acknowledged = visitors.finish().await;
        program.ends();
        installation.check(&acknowledged).await;
    }

    /// Needs the right to mount, so that the disk is really full.
    mod mounted {
        use crate::failures::sqlite_files::Room;
        use crate::harness::cluster::Cluster;
        use crate::harness::program::Installation;
        use crate::harness::visitors::Visitors;

        #[tokio::test(flavor = "multi_thread")]
        async fn a_full_disk_ends_when_there_is_room() {
            let mut cluster = Cluster::create("autovacuum = off\n");
            let room = Room::make(&cluster.folder.join("room"), 24);
            let tables = room.path().join("tables");
            Cluster::make_folder(&tables);
            cluster.start();
            cluster.create_on("assent", &tables).await;
            let installation = Installation::on(&cluster.url("assent")).await;
            let mut program = installation.start(&[]);
            let visitors = Visitors::start(8, program.address);
            visitors.until_acknowledged(20).await;
            room.fill();
            program.until_ready_says("not ready: the database's disk is full").await;
            visitors.until_turned_away(20).await;
            assert!(program.lives());
            room.empty();
            visitors.until_acknowledged(20).await;
            program.until_ready_says("ready\n").await;
            let acknowledged = visitors.finish().await;
            program.ends();
            installation.check(&acknowledged).await;
        }
    }
}
