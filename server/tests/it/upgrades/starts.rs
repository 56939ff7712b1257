//! Starts that migrate: several at once, one that fails in the middle, and one with an older program.

use std::process::Stdio;

use assent::store::SQLITE_MIGRATIONS;

use super::{Raw, up_to};
use crate::backup::Operator;
use crate::harness::{Database, Engine, both_engines};

both_engines!(
    many_programs_start_at_once_on_an_empty_database,
    a_newer_database_is_refused_by_every_command,
    a_migration_that_fails_leaves_everything_as_it_was,
    another_builds_migration_is_refused,
);

async fn many_programs_start_at_once_on_an_empty_database(engine: Engine) {
    let place = Database::create(engine).await;
    let operator = Operator::new(place.folder.path(), &place.url);
    let start = |number: usize| {
        let (site, origin) = (format!("site{number}"), format!("https://site{number}.example"));
        let mut command = operator.command(&["site", "add", &site, "--origin", &origin]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<_> = (0..6).map(start).collect();
    for child in started {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(operator.says(&["site", "list"]).lines().count(), 6);
    let mut raw = Raw::connect(&place.url).await;
    let applied =
        raw.texts("select cast(version as text) as name from _sqlx_migrations order by version").await;
    let every: Vec<String> =
        SQLITE_MIGRATIONS.iter().map(|migration| migration.version.to_string()).collect();
    assert_eq!(applied, every, "each migration was run once");
    place.drop().await;
}

async fn a_newer_database_is_refused_by_every_command(engine: Engine) {
    let place = Database::create(engine).await;
    let operator = Operator::new(place.folder.path(), &place.url);
    operator.says(&["site", "add", "shop", "--origin", "https://shop.example"]);
    let mut raw = Raw::connect(&place.url).await;
    raw.run(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         select 999, 'of tomorrow', success, checksum, 0 from _sqlx_migrations where version = 1",
    )
    .await;
    let copy = place.folder.path().join("copy").display().to_string();
    for command in [
        &["serve", "--port", "0"][..],
        &["site", "list"],
        &["ledger", "status"],
        &["audit", "list"],
        &["export", "--site", "shop"],
        &["backup", &copy],
        &["statistics", "--site", "shop"],
    ] {
        let said = operator.complains(command);
        assert!(said.contains("was written by a newer Assent: its schema is 999"), "{command:?}: {said}");
        assert!(said.contains("Start the newer program, or restore a copy"), "{command:?}: {said}");
    }
    let doctor = operator.command(&["doctor"]).output().unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        !doctor.status.success() && said.contains("WRONG  schema: This database was written by a newer"),
        "{said}"
    );
    place.drop().await;
}

async fn a_migration_that_fails_leaves_everything_as_it_was(engine: Engine) {
    let place = Database::create(engine).await;
    let mut raw = Raw::connect(&place.url).await;
    raw.migrate(&up_to(engine, 6)).await;
    // Somebody's own table has the name that the eighth migration needs; the seventh would succeed.
    raw.run("create table audit_ledgers (mine text)").await;
    raw.run("insert into audit_ledgers (mine) values ('a row')").await;
    let operator = Operator::new(place.folder.path(), &place.url);
    for _ in 0..2 {
        let said = operator.complains(&["site", "list"]);
        assert!(said.contains("migration 0008_audit failed") && said.contains("audit_ledgers"), "{said}");
        assert!(said.contains("Nothing was changed, the database is as it was"), "{said}");
        let applied = raw.texts("select cast(max(version) as text) from _sqlx_migrations").await;
        assert_eq!(applied, ["6"]);
        let schema = if engine == Engine::Sqlite { "main" } else { "public" };
        assert!(!raw.tables(schema).await.contains(&"counts".to_owned()), "the seventh is taken back, too");
        assert_eq!(raw.texts("select mine from audit_ledgers").await, ["a row"]);
    }
    // Whoever puts it right goes on.
    raw.run("drop table audit_ledgers").await;
    assert_eq!(operator.says(&["site", "list"]), "");
    place.drop().await;
}

async fn another_builds_migration_is_refused(engine: Engine) {
    let place = Database::create(engine).await;
    let operator = Operator::new(place.folder.path(), &place.url);
    operator.says(&["site", "list"]);
    let mut raw = Raw::connect(&place.url).await;
    raw.run("update _sqlx_migrations set checksum = (select checksum from _sqlx_migrations where version = 1) where version = 2").await;
    let said = operator.complains(&["site", "list"]);
    assert!(said.contains("migration 0002_share_subdomains of this database is not the one"), "{said}");
    place.drop().await;
}
