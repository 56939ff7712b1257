//! Owns the test of receipts on the command line: listing, one in every view, who was affected, exports with filters.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Engine, TestServer, both_engines, id, refusal, with};

both_engines!(receipts_are_listed_shown_and_exported);

async fn receipts_are_listed_shown_and_exported(engine: Engine) {
    let app = TestServer::start(engine).await;
    for number in 0..3 {
        app.post(&refusal(number)).await;
    }
    app.post(&with(refusal(3), json!({"choices": {"analytics": true, "video": false}, "method": "custom"})))
        .await;
    let assent = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
        command.current_dir(app.folder()).args(arguments).env_clear().stdin(Stdio::null());
        command.env("ASSENT_DATABASE_URL", app.database_url());
        command.env("ASSENT_SIGNING_KEY_FILE", app.folder().join("assent.key"));
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let (status, listed, said) =
        assent(&["receipt", "list", "--site", "shop", "--limit", "2", "--denied", "analytics"]);
    assert_eq!(status, 0, "{said}");
    let decisions: Vec<&str> = listed.lines().map(|line| line.split('\t').nth(1).unwrap()).collect();
    assert_eq!(decisions, [id(2), id(1)]);
    let after = said.trim().strip_prefix("There are more: --after ").unwrap();
    let (_, rest, said) =
        assent(&["receipt", "list", "--site", "shop", "--denied", "analytics", "--after", after]);
    assert!(rest.lines().count() == 1 && rest.contains(&id(0)) && said.is_empty(), "{rest}{said}");
    let (_, granted, _) = assent(&["receipt", "list", "--site", "shop", "--method", "custom"]);
    assert!(granted.ends_with("\tcustom\tnotice 1\t+analytics\t-video\n"), "{granted}");
    let (status, one, _) = assent(&["receipt", "--site", "shop", "--view", "kantara", &id(3)]);
    assert!(status == 0 && one.contains("consentReceiptID"), "{one}");
    let (status, told, _) = assent(&["affected", "--site", "shop", "--notice", "1", "--format", "jsonl"]);
    assert_eq!((status, told.lines().count()), (0, 1));
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["decisions"], 4);
    let (_, array, _) = assent(&["export", "--site", "shop", "--format", "json", "--method", "reject_all"]);
    assert_eq!(serde_json::from_str::<Value>(&array).unwrap().as_array().unwrap().len(), 3);
    let (_, sql, _) = assent(&["export", "--site", "shop", "--format", "sql"]);
    assert!(sql.starts_with("-- Receipts as SQL") && sql.ends_with("commit;\n"), "{sql}");
    for (wrong, complaint) in [
        (&["receipt", "list", "--site", "nosuch"][..], "no site `nosuch`"),
        (&["receipt", "--site", "shop", &id(9)], "no receipt of the decision"),
        (&["receipt", "list", "--site", "shop", "--method", "hope"], "no method"),
        (&["affected", "--site", "shop", "--from", "soon"], "`soon` is no time"),
        (&["export", "--site", "shop", "--format", "bundle", "--notice", "1"], "by time and visitor only"),
    ] {
        let (status, printed, said) = assent(wrong);
        assert!(status != 0 && printed.is_empty() && said.contains(complaint), "{wrong:?}: {said}");
    }
    // The commands went by the machine's clock.
    app.clock.advance(3_650 * 86_400_000);
    app.finish().await;
}
