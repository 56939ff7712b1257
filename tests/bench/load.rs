//! Owns the load: many browsers that post decisions over kept connections and count what is acknowledged.
//! Refuses to be clever: it writes a request, reads the answer, and writes the next, so that it costs little beside the
//! server on the same machine.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::process::{ORIGIN, SITE};

/// A million decisions could not repeat one of these ids.
pub(crate) fn decision(number: u64) -> String {
    let visitor = data_encoding::BASE64URL_NOPAD.encode(&u128::from(number).to_be_bytes());
    format!(
        r#"{{"id":"0192f3a4-5b6c-7d8e-9f01-{number:012x}","visitor":"{visitor}","notice":1,"locale":"en","choices":{{"analytics":true,"video":false}},"method":"custom","layer":2,"gpc":false,"decided_at":1795219200000,"replaces":null}}"#
    )
}

/// Keeps `connections` busy for `time`; returns acknowledged decisions a second.
pub(crate) async fn post_for(address: SocketAddr, connections: usize, time: Duration) -> Result<f64> {
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let browsers: Vec<_> =
        (0..connections).map(|_| tokio::spawn(browser(address, next.clone(), started + time))).collect();
    let mut acknowledged = 0;
    for browser in browsers {
        acknowledged += browser.await??;
    }
    Ok(f64::from(acknowledged) / started.elapsed().as_secs_f64())
}

async fn browser(address: SocketAddr, next: Arc<AtomicU64>, until: Instant) -> Result<u32> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut acknowledged = 0;
    while Instant::now() < until {
        let body = decision(next.fetch_add(1, Ordering::Relaxed));
        let request = format!(
            "POST /_assent/{SITE}/decisions HTTP/1.1\r\nhost: assent.example\r\norigin: {ORIGIN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut read = 0;
        loop {
            let more = stream.read(&mut buffer[read..]).await?;
            ensure!(more > 0, "the server closed the connection");
            read += more;
            if let Some(length) = whole_answer(&buffer[..read])? {
                ensure!(length == read, "more than one answer");
                break;
            }
        }
        ensure!(buffer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&buffer[..read]));
        acknowledged += 1;
    }
    Ok(acknowledged)
}

/// The length of the answer at the start of `bytes`, once it is all there.
fn whole_answer(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
    let whole = end + 4 + length.parse::<usize>()?;
    Ok((bytes.len() >= whole).then_some(whole))
}
