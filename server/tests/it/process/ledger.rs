//! The commands around the ledger, beside a server that runs: a new key, erasing, holds, and a database brought back.

use std::fs;

use assent_shared::VisitorSecret;
use serde_json::Value;
use tempfile::TempDir;

use super::{Demo, complained, post, run, said};
use crate::harness::{refusal, with};

/// A refusal at the demo's site.
async fn refuse(demo: &Demo, number: u64) -> u16 {
    let decision = with(refusal(number), serde_json::json!({"decided_at": 1_795_219_200_000_i64}));
    post(&reqwest::Client::new(), &demo.url, &decision).await.unwrap().as_u16()
}

#[tokio::test]
async fn a_key_is_rotated_beside_a_running_server() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), "0");
    assert_eq!(refuse(&demo, 1).await, 201);
    let before = said(&run(folder.path(), &["ledger", "status"]));
    assert!(before.contains("demo\t3 leaves\tgoes on"), "{before}");

    let rotated = said(&run(folder.path(), &["key", "rotate"]));
    assert!(rotated.contains("`demo` is signed by ") && rotated.contains("signed by both keys"), "{rotated}");
    assert_eq!(refuse(&demo, 2).await, 201, "the server takes the new key by itself");
    let after = said(&run(folder.path(), &["ledger", "status"]));
    assert!(after.contains("demo\t5 leaves\tgoes on"), "{after}");
    let key = rotated.split("signed by ").nth(1).unwrap().split_whitespace().next().unwrap();
    assert!(after.contains(&format!("— {} ", key.split('+').next().unwrap())), "{after}");
    let keys = fs::read_to_string(folder.path().join("data/assent.key")).unwrap();
    assert_eq!(keys.lines().count(), 2);
    for line in keys.lines() {
        assert!(!rotated.contains(line) && !after.contains(line), "a signing key is never shown");
    }
}

#[tokio::test]
async fn a_visitor_is_erased_unless_held() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), "0");
    assert_eq!(refuse(&demo, 1).await, 201);
    let secret: VisitorSecret = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let visitor = secret.visitor_id(&"demo".parse().unwrap()).to_string();
    let of_visitor = ["--site", "demo", "--visitor", &visitor];

    let mut hold = vec!["hold", "add"];
    hold.extend(of_visitor);
    hold.extend(["--kind", "legal-hold", "--reason", "a claim", "--by", "Ada"]);
    let answer = said(&run(folder.path(), &hold));
    let id = answer.split_whitespace().rev().nth(2).unwrap().trim_matches('`').to_owned();
    let mut erase = vec!["erase"];
    erase.extend(of_visitor);
    let refused = complained(&run(folder.path(), &erase));
    assert!(refused.contains("Nothing was erased: Ada") && refused.contains("a claim"), "{refused}");
    let list = said(&run(folder.path(), &["hold", "list", "--site", "demo"]));
    assert!(list.contains(&format!("{id}\tholds\tlegal_hold\t{visitor}\tAda")), "{list}");

    assert!(said(&run(folder.path(), &["hold", "lift", "--site", "demo", &id])).starts_with("Lifted"));
    assert!(complained(&run(folder.path(), &["hold", "lift", "--site", "demo", &id])).contains("no hold"));
    let erased = said(&run(folder.path(), &erase));
    assert!(erased.starts_with("Erased 1 receipts"), "{erased}");
    assert!(said(&run(folder.path(), &erase)).contains("has no receipts of"));
    let export = said(&run(folder.path(), &["export", "--site", "demo"]));
    assert_eq!(export.lines().count(), 1, "{export}");

    assert!(
        said(&run(folder.path(), &["retention", "--site", "demo", "--days", "90"])).contains("after 90 days")
    );
    assert!(said(&run(folder.path(), &["retention", "--site", "demo", "--keep"])).contains("are kept"));
    for nonsense in [
        &["retention", "--site", "demo"][..],
        &["retention", "--site", "demo", "--days", "0"],
        &["retention", "--site", "nowhere", "--keep"],
        &["erase", "--site", "nowhere", "--visitor", &visitor],
        &["erase", "--site", "demo", "--visitor", "me"],
        &["ledger", "resume", "--site", "nowhere"],
        &["ledger", "resume", "--site", "demo"],
    ] {
        let said = complained(&run(folder.path(), nonsense));
        assert!(!said.is_empty() && !said.contains("panicked"), "{nonsense:?}: {said}");
    }
}

#[tokio::test]
async fn a_database_that_was_brought_back_is_behind() {
    let folder = TempDir::new().unwrap();
    let database = folder.path().join("data/assent.db");
    let backup = folder.path().join("backup.db");
    {
        let demo = Demo::start(folder.path(), "0");
        assert_eq!(refuse(&demo, 1).await, 201);
        demo.ends();
    }
    fs::copy(&database, &backup).unwrap();
    {
        let demo = Demo::start(folder.path(), "0");
        for number in 2..5 {
            assert_eq!(refuse(&demo, number).await, 201);
        }
        demo.ends();
    }
    for beside in ["assent.db-wal", "assent.db-shm"] {
        let _ = fs::remove_file(folder.path().join("data").join(beside));
    }
    fs::copy(&backup, &database).unwrap();

    let demo = Demo::start(folder.path(), "0");
    assert_eq!(refuse(&demo, 9).await, 503, "nothing is signed");
    let status = said(&run(folder.path(), &["ledger", "status"]));
    assert!(status.contains("demo\t3 leaves\tSTOPPED") && status.contains("6 leaves"), "{status}");
    let resumed = said(&run(folder.path(), &["ledger", "resume", "--site", "demo"]));
    assert!(resumed.contains("Ledger 1 of `demo` has ended with 3 leaves; 6 were published."), "{resumed}");
    assert_eq!(refuse(&demo, 9).await, 201, "the running server goes on by itself");
    let checkpoints = fs::read_to_string(folder.path().join("data/assent.checkpoints")).unwrap();
    let kept: Value = serde_json::from_str(&checkpoints).unwrap();
    assert!(kept["demo"].is_string());
    demo.ends();
    let status = said(&run(folder.path(), &["ledger", "status"]));
    assert!(
        status.contains("demo\t") && status.contains("goes on") && status.contains("/log/2\n"),
        "{status}"
    );
}
