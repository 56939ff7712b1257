//! Owns what a hostile world sends: bytes as no browser writes them, and what is answered to each.
//! Refuses to be content with an answer: afterwards the server lives, nothing was stored, and the ledger verifies.

mod bodies;
mod floods;
mod headers;
mod paths;
mod scripts;
mod shapes;
mod tls;

use std::time::Duration;

use reqwest::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::TestServer;

/// Longer than anything here takes; whoever is not answered by then fails the test.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the server says to these bytes until it ends the connection.
async fn say(server: &TestServer, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(server.server().address()).await.unwrap();
    // The server may have heard enough before the end of it.
    let _ = stream.write_all(bytes.as_ref()).await;
    let mut said = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut said)).await;
    assert!(read.is_ok(), "the connection is still open: {}", String::from_utf8_lossy(&said));
    String::from_utf8_lossy(&said).into_owned()
}

/// The statuses of all the answers in what was said.
fn statuses(said: &str) -> Vec<u16> {
    said.split("HTTP/1.1 ").skip(1).map(|answer| answer[..3].parse().unwrap()).collect()
}

/// A well-formed request that ends the connection; sent after an odd one, it tells whether that left something behind.
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: after\r\nConnection: close\r\n\r\n";

/// The server lives and has nothing of what was tried.
async fn unharmed(server: TestServer) {
    assert_eq!(server.get("/healthz").await.status(), StatusCode::OK);
    assert_eq!(server.get("/readyz").await.status(), StatusCode::OK);
    assert!(server.receipts().await.is_empty(), "nothing was stored");
    server.finish().await;
}
