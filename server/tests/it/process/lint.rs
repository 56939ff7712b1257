//! Owns linting as CI runs it: an exit status, three formats, and neither database nor settings; and the catalogue beside it.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use super::{assent, complained, run, said};

const DEMO: &str = include_str!("../../../../examples/demo/notice.toml");

#[test]
fn the_status_says_whether_a_notice_would_be_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("good.toml", DEMO);
    write("warned.toml", &DEMO.replace("privacy_policy = ", "# "));
    write("bad.toml", &DEMO.replace("[texts.en]\n", "[texts.en]\nreject = \"No, I hate discounts\"\n"));
    write("broken.toml", "default_locale = ");
    // A setting that cannot be: lint must not read it.
    write("assent.toml", "nonsense = true");

    let lint = |arguments: &[&str]| run(folder.path(), &[&["notice", "lint"], arguments].concat());
    for (arguments, status, says) in [
        (&["good.toml"][..], 0, "good.toml: nothing to refuse."),
        (&["warned.toml"], 0, "warned.toml: 0 refused, 1 warning."),
        (&["--strict", "warned.toml"], 1, "warning: privacy_maze at privacy_policy"),
        (&["good.toml", "bad.toml"], 1, "refused: emotional_steering at texts.en.reject"),
        (&["broken.toml"], 1, "broken.toml: broken"),
        (&["nosuch.toml"], 1, "cannot be read"),
        (&["--format", "github", "bad.toml"], 1, "::error file=bad.toml,line="),
    ] {
        let output = lint(arguments);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", said(&output));
        assert!(said(&output).contains(says), "{arguments:?}: {}", said(&output));
    }
    let report: Value = serde_json::from_str(&said(&lint(&["--format", "json", "bad.toml"]))).unwrap();
    assert_eq!(report[0]["file"], "bad.toml");
    let rules: Vec<_> = report[0]["findings"].as_array().unwrap().iter().map(|own| &own["rule"]).collect();
    assert_eq!(rules, ["emotional_steering", "look_over_there"]);

    let reason = "Agreed with the authority, letter of 2026-11-02";
    let passed = lint(&[
        "--override",
        &format!("emotional_steering@texts.en.reject={reason}"),
        "--override",
        &format!("look_over_there={reason}"),
        "bad.toml",
    ]);
    assert_eq!(said(&passed), "bad.toml: nothing to refuse, 2 overridden.\n");
}

#[test]
fn a_notice_comes_by_standard_input_too() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = assent(folder.path(), &["notice", "lint", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(DEMO.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(said(&output), "standard input: nothing to refuse.\n");
}

#[test]
fn the_catalogue_needs_no_database() {
    let folder = tempfile::tempdir().unwrap();
    assert!(
        said(&run(folder.path(), &["services", "list"]))
            .contains("google_analytics\tGoogle Analytics 4\tanalytics")
    );
    assert!(said(&run(folder.path(), &["services", "show", "matomo"])).contains("_pk_id*"));
    assert!(said(&run(folder.path(), &["services", "snippet", "matomo"])).contains("[[purposes.cookies]]"));
    let unknown = complained(&run(folder.path(), &["services", "show", "nosuch"]));
    assert_eq!(unknown, "There is no service `nosuch`. `assent services list` shows them.\n");
    assert!(!folder.path().join("data").exists());
}
