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

/// What a load came to.
pub(crate) struct Load {
    seconds: f64,
    /// How long each acknowledged decision took, in microseconds, the shortest first.
    latencies: Vec<u32>,
}

impl Load {
    /// Decisions that were acknowledged.
    pub(crate) fn acknowledged(&self) -> usize {
        self.latencies.len()
    }

    /// Of them, a second.
    #[expect(clippy::cast_precision_loss, reason = "figures for people, rounded anyway")]
    pub(crate) fn rate(&self) -> f64 {
        self.acknowledged() as f64 / self.seconds
    }

    /// Milliseconds that `hundredths` of a hundred did not take longer than.
    pub(crate) fn percentile(&self, hundredths: usize) -> f64 {
        let place = (self.latencies.len() * hundredths / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(place).map_or(f64::NAN, |micros| f64::from(*micros) / 1000.0)
    }
}

/// Keeps `connections` busy for `time` with decisions that are numbered from `first` on.
pub(crate) async fn post_for(
    address: SocketAddr,
    connections: usize,
    time: Duration,
    first: u64,
) -> Result<Load> {
    let next = Arc::new(AtomicU64::new(first));
    let started = Instant::now();
    let browsers: Vec<_> =
        (0..connections).map(|_| tokio::spawn(browser(address, next.clone(), started + time))).collect();
    let mut latencies = Vec::new();
    for browser in browsers {
        latencies.extend(browser.await??);
    }
    let seconds = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    Ok(Load { seconds, latencies })
}

async fn browser(address: SocketAddr, next: Arc<AtomicU64>, until: Instant) -> Result<Vec<u32>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let body = decision(next.fetch_add(1, Ordering::Relaxed));
        let request = format!(
            "POST /_assent/{SITE}/decisions HTTP/1.1\r\nhost: assent.example\r\norigin: {ORIGIN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let begun = Instant::now();
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
        latencies.push(u32::try_from(begun.elapsed().as_micros()).unwrap_or(u32::MAX));
    }
    Ok(latencies)
}

/// The length of the answer at the start of `bytes`, once it is all there.
fn whole_answer(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end])?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).context("no length")?;
    let whole = end + 4 + length.parse::<usize>()?;
    Ok((bytes.len() >= whole).then_some(whole))
}
