//! Owns what a busy process leaves behind: the files in its folders, and the lines in its log.
//! Refuses any file that is not said to be kept, and any word of a request in the log.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use reqwest::Method;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Demo, assent, post};
use crate::harness::refusal;

/// Every file below a folder.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().display().to_string());
            }
        }
    }
    found
}

/// What somebody sends who wants to write into a log, a terminal or a line of JSON.
const ODD: &str = "INJECTED%0aINJECTED%0d%0a%1b%5b31mINJECTED\u{1b}[2J\"INJECTED";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_behind_but_what_is_kept() {
    for format in ["text", "json"] {
        let (folder, temporary) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = assent(folder.path(), &["demo", "--port", "0", "--log-format", format]);
        command.env("TMPDIR", temporary.path()).env("ASSENT_LOG", "trace").stderr(Stdio::from(log));
        let demo = Demo::of(command);
        let client = reqwest::Client::new();
        for number in 0..50 {
            assert!(post(&client, &demo.url, &refusal(number)).await.unwrap().is_success());
        }
        let key =
            demo.printed.split_whitespace().find(|word| word.starts_with("assent_")).unwrap().to_owned();
        for path in
            ["export", "export?format=jsonl", "export?format=bundle", "receipts", "affected?from=2020-01-01"]
        {
            let asked = client.get(format!("{}/api/v1/sites/demo/{path}", demo.url)).bearer_auth(&key);
            asked.send().await.unwrap().bytes().await.unwrap();
        }
        for path in [
            "/",
            "/_assent/demo.js",
            "/_assent/demo/choices",
            "/_assent/demo/me",
            "/admin/login",
            &format!("/{ODD}?{ODD}=1"),
        ] {
            for method in [Method::GET, Method::POST, Method::from_bytes(b"INJECTED").unwrap()] {
                let mut asked = client
                    .request(method, format!("{}{path}", demo.url))
                    .body(format!("INJECTED\nINJECTED {ODD}"));
                for header in [
                    "referer",
                    "user-agent",
                    "cookie",
                    "origin",
                    "accept-language",
                    "x-request-id",
                    "content-type",
                    "x-forwarded-for",
                    "forwarded",
                    "authorization",
                    "sec-gpc",
                ] {
                    asked = asked.header(header, "INJECTED %0a%1b[31m");
                }
                asked.send().await.unwrap().bytes().await.unwrap();
            }
        }
        let address = demo.url.strip_prefix("http://").unwrap();
        for raw in [
            "GET /\u{1b}[31mINJECTED HTTP/1.1\r\n\r\n",
            "INJECTED\u{1b} / HTTP/1.1\r\nHost: INJECTED\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nX-Request-Id: INJECTED\u{1b}\r\nConnection: close\r\n\r\n",
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(raw.as_bytes()).await.unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
        demo.ends();

        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        let own: Vec<_> = log.lines().filter(|line| line.contains("assent::")).collect();
        assert!(own.len() > 50, "there is a log: {log}");
        for line in log.lines() {
            assert!(!line.contains("INJECTED"), "{line}");
            assert!(!line.contains('\u{1b}'), "{line:?}");
            assert!(
                !line.contains("127.0.0.1") || !line.contains("assent::") || line.contains("listening"),
                "no address: {line}"
            );
            if format == "json" {
                serde_json::from_str::<serde_json::Value>(line).expect(line);
            }
        }
        assert!(!log.contains("AAAAAAAAAAAAAAAAAAAAAA") && !log.contains(&key), "no secret");
        assert_eq!(files(temporary.path()), BTreeSet::new());
        let kept = ["data/assent.checkpoints", "data/assent.db", "data/assent.key", "log"];
        let mut left = files(folder.path());
        left.retain(|file| !["data/assent.db-wal", "data/assent.db-shm"].contains(&file.as_str()));
        assert_eq!(left, kept.map(str::to_owned).into());
    }
}
