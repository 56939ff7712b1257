//! Owns `assent verify` as it is typed: what it prints, and the status that scripts go by.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use assent_shared::bundle::sample::{Ledger, pack};
use reqwest::StatusCode;
use tempfile::TempDir;

use crate::harness::{Engine, TestServer};

/// Runs `assent verify`; returns its status, what it printed and what it complained of.
fn verify(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
    command.current_dir(folder).arg("verify").args(arguments).env_clear().stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_status_tells_proven_from_broken_from_unusable() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let ledger = Ledger::full(120);
    let files = ledger.files(None);
    fs::write(path.join("good.tar"), pack(&files)).unwrap();
    fs::write(path.join("part.tar"), pack(&ledger.files(Some(3)))).unwrap();
    fs::write(path.join("saved"), ledger.checkpoints[4].note()).unwrap();
    let key = ledger.public_keys().pop().unwrap().to_string();
    fs::write(path.join("key"), format!("{key}\n")).unwrap();
    fs::write(path.join("receipt.json"), serde_json::to_vec(&ledger.sealed(40)).unwrap()).unwrap();
    fs::write(path.join("mine.json"), serde_json::to_vec(&ledger.download(4)).unwrap()).unwrap();
    fs::write(path.join("letter.txt"), "Dear auditor").unwrap();
    let mut changed = files.clone();
    let lines = changed.iter_mut().find(|(name, _)| name == "ledger/00000.jsonl").unwrap();
    lines.1 = String::from_utf8(lines.1.clone()).unwrap().replacen("0192f3a4", "0192f3a5", 1).into();
    fs::write(path.join("changed.tar"), pack(&changed)).unwrap();
    // Settings are not read: a broken file of them is in nobody's way.
    fs::write(path.join("assent.toml"), "this is no setting").unwrap();

    for arguments in [
        &["good.tar"][..],
        &["good.tar", "--checkpoint", "saved", "--key", &key],
        &["good.tar", "--checkpoint", "good.tar", "--key", "key"],
        &["part.tar", "--checkpoint", "saved"],
        &["receipt.json", "--key", "key"],
        &["mine.json"],
    ] {
        let (status, printed, complained) = verify(path, arguments);
        assert_eq!((status, complained.as_str()), (0, ""), "{arguments:?}: {printed}");
        assert!(printed.starts_with("Proven: ") && printed.lines().count() == 1, "{printed}");
    }
    let (status, printed, _) = verify(path, &["changed.tar"]);
    assert_eq!(status, 1);
    let detail = "its bytes or its salt are not those that were recorded.";
    assert_eq!(printed, format!("Broken: leaf 2 was changed: {detail}\n"));
    let (status, printed, _) =
        verify(path, &["good.tar", "--key", &Ledger::new(9).public_keys()[0].to_string()]);
    assert_eq!((status, printed.starts_with("Broken (wrong key)")), (1, true), "{printed}");
    for (arguments, advice) in [
        (&["nowhere.tar"][..], "Give the path of a file"),
        (&["."], "it is a folder"),
        (&["letter.txt"], "give a bundle"),
        (&["saved"], "give it with --checkpoint"),
        (&["receipt.json"], "--key"),
        (&["good.tar", "--key", "nonsense"], "NAME+ID+KEY"),
        (&["good.tar", "--checkpoint", "letter.txt"], "--checkpoint"),
        (&[], "Usage"),
    ] {
        let (status, printed, complained) = verify(path, arguments);
        assert_eq!((status, printed.as_str()), (2, ""), "{arguments:?}");
        assert!(complained.contains(advice), "{complained}");
    }
}

#[tokio::test]
async fn the_page_may_ask_for_its_own_parts_and_nothing_else() {
    let app = TestServer::start(Engine::Sqlite).await;
    let page = app.get("/_assent/verify").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for rule in [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
    ] {
        assert!(policy.split("; ").any(|own| own == rule), "{rule}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline"), "{policy}");
    let html = page.text().await.unwrap();
    let script = html.split("src=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for file in [script.to_owned(), script.replace("verifier.js", "verifier.wasm")] {
        let answer = app.get(&file).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
        assert!(answer.headers()["cache-control"].to_str().unwrap().contains("immutable"), "{file}");
        // A worker goes by the policy of its own script.
        assert!(policy.starts_with(answer.headers()["content-security-policy"].to_str().unwrap()));
        assert!(answer.bytes().await.unwrap().len() > 1000, "{file}");
    }
    let other = app.get("/_assent/verifier/0000000000000000/verifier.js").await;
    assert_eq!(other.status(), StatusCode::NOT_FOUND);
    app.finish().await;
}
