//! Owns ten thousand who connect and say nothing, in front of a server of its own process.
//! Refuses to hold up a visitor for them.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Demo, post};
use crate::harness::refusal;

/// Files that this process needs for everything else; other tests run in it at the same time.
const OWN: u64 = 700;

/// As many connections as this process may have, ten thousand at most.
fn room() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    files.saturating_sub(OWN).clamp(100, 10_000)
}

fn memory(process: u32) -> String {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_says_nothing_holds_up_nobody() {
    let folder = TempDir::new().unwrap();
    let demo = Demo::start(folder.path(), "0");
    let address = demo.url.strip_prefix("http://").unwrap().to_owned();
    let client = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    // The visitor's own connection is there first: where the process may open few files, the crowd takes every place.
    assert_eq!(post(&client, &demo.url, &refusal(0)).await.unwrap(), StatusCode::CREATED);
    let before = memory(demo.child.id());
    let (wanted, begun) = (room(), Instant::now());
    let mut crowd = Vec::new();
    for number in 0..wanted {
        let Ok(mut stream) = TcpStream::connect(&address).await else { break };
        // Some have begun to speak.
        if number % 3 == 0 && stream.write_all(b"GET /healthz HT").await.is_err() {
            break;
        }
        crowd.push(stream);
        if begun.elapsed() > Duration::from_secs(8) {
            break;
        }
    }
    let connected = begun.elapsed();
    let mut slowest = Duration::ZERO;
    for number in 1..=20 {
        let begun = Instant::now();
        assert_eq!(post(&client, &demo.url, &refusal(number)).await.unwrap(), StatusCode::CREATED);
        slowest = slowest.max(begun.elapsed());
    }
    println!(
        "{} of {wanted} idle connections within {connected:?}; the slowest of twenty decisions took {slowest:?}; before: {before}, with them: {}",
        crowd.len(),
        memory(demo.child.id())
    );
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    assert!(crowd.len() >= 100, "{}", crowd.len());
    // They were let in, and are heard when they speak.
    let mut first = crowd.swap_remove(1);
    first.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut said = String::new();
    first.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    drop(crowd);
    demo.ends();
}
