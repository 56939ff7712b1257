//! Owns the tests of patience: real HTTP over a pipe, by a clock that is moved on whenever everybody waits.
//! Refuses the network; `tests/it/hostile` has that.

use std::time::Duration;

use axum::extract::Request;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::*;

/// What the other end of a pipe of `size` bytes talks to.
fn connect(size: usize) -> (DuplexStream, watch::Sender<Stage>, JoinHandle<()>) {
    let (ours, theirs) = duplex(size);
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/long", get(async || vec![b'x'; 1 << 20]))
        .route("/slow", get(async || sleep(Duration::from_mins(5)).await))
        .route(
            "/body",
            post(async |request: Request| {
                let read = axum::body::to_bytes(request.into_body(), usize::MAX).await;
                read.map_or("too slow".to_owned(), |bytes| bytes.len().to_string())
            }),
        );
    let arrival = Arrival { peer: [127, 0, 0, 1].into(), encrypted: false };
    let (stage, ending) = watch::channel(Stage::Serving);
    (theirs, stage, tokio::spawn(talk(ours, arrival, router, ending)))
}

/// Sends a byte a second until the other side has had enough, and says after how many seconds that was.
async fn drip(pipe: DuplexStream, bytes: impl Iterator<Item = u8>) -> (u64, String) {
    let (mut reader, mut writer) = tokio::io::split(pipe);
    let begun = Instant::now();
    let dripping = async {
        for byte in bytes {
            if writer.write_all(&[byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    };
    let mut said = String::new();
    let ended = async {
        let _ = reader.read_to_string(&mut said).await;
        begun.elapsed().as_secs()
    };
    let ((), seconds) = tokio::join!(dripping, ended);
    (seconds, said)
}

#[tokio::test(start_paused = true)]
async fn a_head_of_a_byte_a_second_is_cut() {
    let (pipe, _stage, serving) = connect(1024);
    let head = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ".iter().copied().chain(std::iter::repeat_n(b'a', 100));
    let (seconds, said) = drip(pipe, head).await;
    assert!((10..=11).contains(&seconds) && said.is_empty(), "{seconds} {said}");
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_body_of_a_byte_a_second_is_cut_and_told() {
    let (pipe, _stage, serving) = connect(1024);
    let mut pipe = pipe;
    pipe.write_all(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n").await.unwrap();
    let (seconds, said) = drip(pipe, std::iter::repeat_n(b'a', 1000)).await;
    assert!((15..=16).contains(&seconds), "{seconds}");
    assert!(said.ends_with("too slow"), "{said}");
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_long_body_may_take_its_time() {
    let (mut pipe, _stage, serving) = connect(1024);
    pipe.write_all(b"POST /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n")
        .await
        .unwrap();
    for _ in 0..100 {
        pipe.write_all(&[b'a'; 10_000]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    let mut said = String::new();
    pipe.read_to_string(&mut said).await.unwrap();
    assert!(said.ends_with("1000000"), "{said}");
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_reads_nothing_is_cut() {
    let (mut pipe, _stage, serving) = connect(1024);
    pipe.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    serving.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_gets_it_all() {
    let (mut pipe, _stage, serving) = connect(8 * 1024);
    pipe.write_all(b"GET /long HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut bytes = 0;
    let mut buffer = [0; 8 * 1024];
    while let read @ 1.. = pipe.read(&mut buffer).await.unwrap() {
        bytes += read;
        sleep(Duration::from_secs(5)).await;
    }
    assert!(bytes > 1 << 20, "{bytes}");
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_a_while_and_an_answer_for_as_long_as_it_takes() {
    let (mut pipe, _stage, serving) = connect(8 * 1024);
    let mut buffer = [0; 8 * 1024];
    for idle in [0, 60, 70, 74] {
        sleep(Duration::from_secs(idle)).await;
        pipe.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let read = pipe.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].ends_with(b"hello"), "after {idle} s");
    }
    pipe.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let read = pipe.read(&mut buffer).await.unwrap();
    assert!(buffer[..read].starts_with(b"HTTP/1.1 200"), "our own slowness is nobody's fault");
    let begun = Instant::now();
    serving.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 75);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_says_anything_ends() {
    let (pipe, _stage, serving) = connect(1024);
    let begun = Instant::now();
    serving.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 75);
    drop(pipe);
}

#[tokio::test(start_paused = true)]
async fn the_end_waits_for_answers_and_not_for_the_idle() {
    let (_idle, stage, serving) = connect(1024);
    stage.send_replace(Stage::Ending);
    serving.await.unwrap();

    let (mut pipe, stage, serving) = connect(1024);
    pipe.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    stage.send_replace(Stage::Ending);
    let mut said = String::new();
    pipe.read_to_string(&mut said).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 200") && said.contains("connection: close"), "{said}");
    serving.await.unwrap();

    let (mut pipe, stage, serving) = connect(1024);
    pipe.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    sleep(Duration::from_secs(1)).await;
    stage.send_replace(Stage::Over);
    serving.await.unwrap();
}
