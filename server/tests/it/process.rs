//! Owns the binary as an operator runs it: started, interrupted, killed, and asked on the command line.

mod crowd;
mod examples;
mod ledger;
mod left_behind;
mod lint;
mod operators;
mod traces;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{id, refusal, with};

pub(crate) fn assent(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
    command.current_dir(folder).args(arguments).env_clear().stdin(Stdio::null());
    command
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    assent(folder, arguments).output().unwrap()
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn complained(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The demo, listening; killed when the test ends.
struct Demo {
    child: Child,
    printed: String,
    url: String,
}

impl Demo {
    fn start(folder: &Path, port: &str) -> Self {
        Self::start_with(folder, port, |_| ())
    }

    fn start_with(folder: &Path, port: &str, change: impl FnOnce(&mut Command)) -> Self {
        let mut command = assent(folder, &["demo", "--port", port]);
        command.stderr(Stdio::null());
        change(&mut command);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        // The last line that is printed at a start names the key, or says that it was shown.
        while !printed.contains("Operator key") {
            assert!(lines.read_line(&mut printed).unwrap() > 0, "it ended after: {printed}");
        }
        if !printed.contains("was shown") {
            lines.read_line(&mut printed).unwrap();
            lines.read_line(&mut printed).unwrap();
        }
        let url = printed
            .split("Page")
            .nth(1)
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .trim_end_matches('/')
            .to_owned();
        Self { child, printed, url }
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Demo {
    /// Ends it as a supervisor does, and waits.
    fn ends(mut self) {
        self.signal("-TERM");
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn post(client: &reqwest::Client, url: &str, decision: &Value) -> reqwest::Result<StatusCode> {
    let request = client.post(format!("{url}/_assent/demo/decisions")).header("origin", url).json(decision);
    Ok(request.send().await?.status())
}

/// Posts from sixteen visitors at once until the server is gone; returns how many were acknowledged.
async fn load(url: String) -> usize {
    let next = Arc::new(AtomicU64::new(0));
    let visitors = (0..16).map(|_| {
        let (url, next) = (url.clone(), next.clone());
        tokio::spawn(async move {
            let client = reqwest::Client::new();
            let mut acknowledged = 0;
            loop {
                match post(&client, &url, &refusal(next.fetch_add(1, Ordering::SeqCst))).await {
                    Ok(StatusCode::CREATED) => acknowledged += 1,
                    Ok(other) => panic!("{other}"),
                    Err(_) => return acknowledged,
                }
            }
        })
    });
    futures_util::future::join_all(visitors).await.into_iter().map(Result::unwrap).sum()
}

fn exported(folder: &Path) -> usize {
    let output = run(folder, &["export", "--site", "demo", "--format", "jsonl"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    said(&output).lines().count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    for _ in 0..3 {
        let folder = TempDir::new().unwrap();
        let mut demo = Demo::start(folder.path(), "0");
        let receiving = tokio::spawn(load(demo.url.clone()));
        // The kill comes in the middle of the load: once a good number is stored.
        while exported(folder.path()) < 50 {
            tokio::task::yield_now().await;
        }
        demo.signal("-KILL");
        demo.child.wait().unwrap();
        let acknowledged = receiving.await.unwrap();
        let stored = exported(folder.path());
        assert!(acknowledged > 0 && stored >= acknowledged, "{acknowledged} acknowledged, {stored} stored");
        drop(Demo::start(folder.path(), "0"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_answers_what_is_under_way() {
    for signal in ["-INT", "-TERM"] {
        let folder = TempDir::new().unwrap();
        let mut demo = Demo::start(folder.path(), "0");
        let receiving = tokio::spawn(load(demo.url.clone()));
        while exported(folder.path()) < 50 {
            tokio::task::yield_now().await;
        }
        demo.signal(signal);
        assert!(demo.child.wait().unwrap().success(), "a clean end has status 0");
        let acknowledged = receiving.await.unwrap();
        assert_eq!(
            exported(folder.path()),
            acknowledged,
            "every receipt that was stored was also acknowledged"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demo_shows_its_key_once() {
    let folder = TempDir::new().unwrap();
    let first = Demo::start(folder.path(), "0");
    let page = reqwest::get(format!("{}/", first.url)).await.unwrap().text().await.unwrap();
    assert!(page.contains("/_assent/demo.js"));
    let key = first.printed.split_whitespace().find(|word| word.starts_with("assent_")).unwrap().to_owned();
    drop(first);
    let second = Demo::start(folder.path(), "0");
    assert!(
        !second.printed.contains(&key) && second.printed.contains("was shown at the first start"),
        "{}",
        second.printed
    );
    let client = reqwest::Client::new();
    assert_eq!(
        post(&client, &second.url, &refusal(1)).await.unwrap(),
        StatusCode::CREATED,
        "the new port is one of its origins"
    );
    let export =
        client.get(format!("{}/api/v1/sites/demo/export", second.url)).bearer_auth(key).send().await.unwrap();
    assert_eq!(export.text().await.unwrap().lines().count(), 2);
}

#[test]
fn a_taken_port_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = TempDir::new().unwrap();
    for command in ["serve", "demo"] {
        let complaint = complained(&run(folder.path(), &[command, "--port", &port.to_string()]));
        assert!(complaint.contains(&format!("Port {port} is taken by another program.")), "{complaint}");
        assert!(complaint.contains("--port"), "{complaint}");
    }
}

#[test]
fn settings_come_from_flags_then_environment_then_file() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("assent.toml"), format!("port = {port}\n")).unwrap();
    let complaint = complained(&run(folder.path(), &["serve"]));
    assert!(complaint.contains(&format!("Port {port} is taken")), "the file counts: {complaint}");
    std::fs::write(folder.path().join("assent.toml"), "port = 1\n").unwrap();
    let complaint =
        complained(&assent(folder.path(), &["serve"]).env("ASSENT_PORT", &port).output().unwrap());
    assert!(complaint.contains(&format!("Port {port} is taken")), "the environment counts more: {complaint}");
    let complaint = complained(
        &assent(folder.path(), &["serve", "--port", &port]).env("ASSENT_PORT", "2").output().unwrap(),
    );
    assert!(complaint.contains(&format!("Port {port} is taken")), "the flag counts most: {complaint}");

    let complaint = complained(&assent(folder.path(), &["serve"]).env("ASSENT_PROT", "80").output().unwrap());
    assert!(complaint.contains("prot"), "a misspelt setting is named: {complaint}");
    let complaint =
        complained(&assent(folder.path(), &["serve"]).env("ASSENT_PORT", "http").output().unwrap());
    assert!(complaint.contains("Setting port") && complaint.contains("ASSENT_"), "{complaint}");
    let complaint = complained(&run(folder.path(), &["serve", "--config", "nowhere.toml"]));
    assert!(complaint.contains("There is no settings file at nowhere.toml"), "{complaint}");
}

#[test]
fn an_operator_sets_up_a_site_on_the_command_line() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let added =
        run(folder, &["site", "add", "shop", "--origin", "https://Shop.example/", "--name", "My shop"]);
    assert!(said(&added).starts_with("Added."), "{added:?}");
    assert_eq!(said(&run(folder, &["site", "list"])), "shop\tproduction\thttps://shop.example\tMy shop\n");
    assert!(
        complained(&run(folder, &["site", "add", "shop", "--origin", "https://a.example"]))
            .contains("There is a site `shop` already")
    );
    assert!(
        complained(&run(folder, &["site", "add", "widget", "--origin", "https://a.example"]))
            .contains("choose another id")
    );
    assert!(
        complained(&run(folder, &["site", "add", "b", "--origin", "shop.example"]))
            .contains("write scheme and host")
    );
    assert!(
        complained(&run(folder, &["site", "add", "b", "--origin", "https://shop.example/path"]))
            .contains("without a path")
    );

    let sharing = ["site", "add", "all", "--origin", "https://www.shop.co.uk", "--share-subdomains"];
    assert!(said(&run(folder, &sharing)).starts_with("Added."));
    let listed = "all\tproduction\thttps://www.shop.co.uk\tall\tshares subdomains\n";
    assert!(said(&run(folder, &["site", "list"])).starts_with(listed));
    for origin in ["https://github.io", "http://127.0.0.1:8080", "http://localhost"] {
        let add =
            ["site", "add", "b", "--origin", "https://b.example", "--origin", origin, "--share-subdomains"];
        let complaint = complained(&run(folder, &add));
        assert!(complaint.contains(&format!("{origin} has no subdomains to share with")), "{complaint}");
    }

    std::fs::write(folder.join("notice.toml"), crate::harness::NOTICE).unwrap();
    assert!(
        complained(&run(folder, &["notice", "publish", "--site", "nosuch", "notice.toml"]))
            .contains("There is no site `nosuch`")
    );
    assert_eq!(
        said(&run(folder, &["notice", "publish", "--site", "shop", "notice.toml"])),
        "Published as notice 1 of `shop`.\n"
    );
    assert!(
        said(&run(folder, &["notice", "publish", "--site", "shop", "notice.toml"]))
            .starts_with("Nothing to publish")
    );
    let again = run(folder, &["notice", "publish", "--site", "shop", "--material", "video", "notice.toml"]);
    assert_eq!(said(&again), "Published as notice 2 of `shop`.\n");

    let key = said(&run(folder, &["key", "create", "--site", "shop", "--label", "accounting"]));
    let key_id = key.split('_').nth(1).unwrap();
    assert_eq!(
        said(&run(folder, &["key", "list"])),
        format!("{key_id}\tworks\tshop\taccounting\tread_receipts export_receipts\n")
    );
    assert!(said(&run(folder, &["key", "revoke", key_id])).starts_with("Revoked."));
    assert!(complained(&run(folder, &["key", "revoke", key_id])).contains("no working key"));
    let database = std::fs::read(folder.join("data/assent.db")).unwrap();
    let secret = key.trim().as_bytes();
    assert!(!database.windows(secret.len()).any(|window| window == secret), "the key itself is not stored");

    assert!(said(&run(folder, &["export", "--site", "shop"])).starts_with("leaf_index,received_at,"));
    assert!(complained(&run(folder, &["export", "--site", "nosuch"])).contains("There is no site `nosuch`"));
    assert!(
        complained(&run(folder, &["export", "--site", "shop", "--from", "soon"]))
            .contains("`soon` is no time")
    );
    let unwritable =
        complained(&run(folder, &["export", "--site", "shop", "--output", "no/such/folder.csv"]));
    assert!(unwritable.contains("cannot be written"), "{unwritable}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_receipt_is_printed_in_every_view() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let demo = Demo::start(folder, "0");
    let granted = json!({"choices": {"analytics": true, "video": true}, "method": "accept_all"});
    let status = post(&reqwest::Client::new(), &demo.url, &with(refusal(1), granted)).await.unwrap();
    assert_eq!(status, StatusCode::CREATED);
    let decision = id(1);
    let print = |view: &str| run(folder, &["receipt", "--site", "demo", &decision, "--view", view]);
    let stored = said(&run(folder, &["receipt", "--site", "demo", &decision]));
    assert_eq!(said(&print("receipt")), stored);
    let read: assent_shared::Receipt = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.canonical_json(), stored.trim_end());
    let dpv = serde_json::from_str(&said(&print("dpv"))).unwrap();
    assert_eq!(assent_shared::views::dpv::read(&dpv), Ok(read));
    let kantara: Value = serde_json::from_str(&said(&print("kantara"))).unwrap();
    assert_eq!(kantara["version"], "KI-CR-v1.1.0");

    // The form works where the server stands under the site's own host, which the settings say.
    let own = ["receipt", "--site", "demo", &decision, "--view", "dpv"];
    let output = assent(folder, &own).env("ASSENT_PUBLIC_URL", &demo.url).output().unwrap();
    let view: Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(
        view["dpv:hasRecordOfActivity"][0]["dpv:hasConsentControl"][0]["dpv:isExercisedAt"],
        format!("{}/_assent/demo/choices", demo.url)
    );

    let none = id(2);
    assert_eq!(
        complained(&run(folder, &["receipt", "--site", "demo", &none])),
        format!("The site `demo` has no receipt of the decision {none}.\n")
    );
    assert!(complained(&print("xml")).contains("possible values: receipt, dpv, kantara"));
}

#[test]
fn log_lines_are_json_when_asked() {
    let folder = TempDir::new().unwrap();
    let mut child = assent(folder.path(), &["serve", "--port", "0", "--log-format", "json"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // Where a process may open few files, it says so first.
    loop {
        let mut line = String::new();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it listened");
        let said: Value = serde_json::from_str(&line).unwrap();
        if said["message"] == "listening" {
            break;
        }
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert!(rest.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{rest}");
}
