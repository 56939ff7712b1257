//! Owns the way back in: operators from the command line, and the link that a start prints.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use tempfile::TempDir;

use super::{assent, complained, run, said};

#[test]
fn operators_are_looked_after_on_the_command_line() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let site = ["site", "add", "shop", "--origin", "https://shop.example"];
    assert!(run(folder, &site).status.success());
    let added = run(folder, &["operator", "add", "Ann@example.org", "--role", "owner"]);
    let link = said(&added);
    assert!(link.starts_with("http://127.0.0.1:8080/admin/welcome/"), "{link}");
    assert!(String::from_utf8_lossy(&added.stderr).contains("Send this link to ann@example.org."));
    let ben =
        ["operator", "add", "ben@example.org", "--role", "editor", "--role", "auditor", "--site", "shop"];
    assert!(run(folder, &ben).status.success());
    assert_eq!(
        said(&run(folder, &["operator", "list"])),
        "ann@example.org\tinvited\towner of all sites\t\nben@example.org\tinvited\teditor of shop, auditor of shop\t\n"
    );
    for (arguments, complaint) in [
        (
            &["add", "ann@example.org", "--role", "viewer"][..],
            "There is an operator ann@example.org already.",
        ),
        (&["add", "cas", "--role", "viewer"], "Write an e-mail address"),
        (&["add", "cas@example.org", "--role", "owner", "--site", "shop"], "An owner owns all sites."),
        (&["add", "cas@example.org", "--role", "viewer", "--site", "nosuch"], "There is no site `nosuch`."),
        (&["reset", "cas@example.org"], "There is no operator `cas@example.org`."),
    ] {
        let all: Vec<&str> = std::iter::once("operator").chain(arguments.iter().copied()).collect();
        let said = complained(&run(folder, &all));
        assert!(said.contains(complaint), "{said}");
    }
    let changed = run(folder, &["operator", "role", "ben@example.org", "--role", "viewer"]);
    assert_eq!(said(&changed), "ben@example.org is viewer of all sites now.\n");
    assert_ne!(said(&run(folder, &["operator", "reset", "ann@example.org"])), link, "a new link each time");
    assert!(said(&run(folder, &["operator", "disable", "ben@example.org"])).contains("is kept out now"));
    assert!(
        complained(&run(folder, &["operator", "reset", "ben@example.org"])).contains("let them in first")
    );
    assert!(said(&run(folder, &["operator", "enable", "ben@example.org"])).contains("can sign in again"));
    assert_eq!(said(&run(folder, &["operator", "sessions", "ann@example.org"])), "");
    assert_eq!(said(&run(folder, &["operator", "end-sessions", "ann@example.org"])), "Sessions ended: 0.\n");
    let token = link.trim().rsplit('/').next().unwrap().as_bytes();
    let database = std::fs::read(folder.join("data/assent.db")).unwrap();
    assert!(!database.windows(token.len()).any(|window| window == token), "the link itself is not stored");
}

#[test]
fn a_start_prints_a_link_until_somebody_can_sign_in() {
    let folder = TempDir::new().unwrap();
    let mut links = Vec::new();
    for _ in 0..2 {
        let mut command = assent(folder.path(), &["serve", "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let link = lines.map(Result::unwrap).find(|line| line.contains("/admin/welcome/"));
        links.push(link.expect("a link is printed"));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_ne!(links[0].rsplit('/').next(), links[1].rsplit('/').next(), "each start makes another");
}

#[test]
fn keys_are_made_with_scopes_and_an_end() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let make =
        ["key", "create", "--label", "counts", "--scope", "read_statistics", "--expires", "2099-01-31"];
    let key = said(&run(folder, &make));
    let id = key.split('_').nth(1).unwrap();
    let expected = format!("{id}\tworks\tall sites\tcounts\tread_statistics\n");
    assert_eq!(said(&run(folder, &["key", "list"])), expected);
    let over = ["key", "create", "--scope", "read_audit", "--expires", "2020-01-01"];
    assert!(complained(&run(folder, &over)).contains("over already"));
    assert!(complained(&run(folder, &["key", "create", "--scope", "fly"])).contains("fly"));
}
