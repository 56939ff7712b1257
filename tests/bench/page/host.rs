//! Owns the web host of the measured pages: each in its variants, the peers' files, and Assent behind `/_assent/`.
//! Refuses to keep a connection: every request comes over a fresh one, as on a first visit.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result};
use assent::serve_file::Precompressed;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::variant::Variant;

const CACHE: &str = "public, max-age=300";

/// Where peers' files are asked for.
const PEERS: &str = "/peers/";

#[derive(Debug)]
pub(super) struct Host {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    files: HashMap<String, Precompressed>,
    upstream: watch::Sender<Option<SocketAddr>>,
    wasm_is_held: watch::Sender<bool>,
    client: reqwest::Client,
}

impl Host {
    /// Serves every variant's page and what its peer needs.
    pub(super) async fn start() -> Result<Self> {
        let mut files = HashMap::new();
        for variant in Variant::ALL {
            let page = Precompressed::new("text/html; charset=utf-8", variant.page()?.into_bytes());
            files.insert(variant.path().to_owned(), page);
            let again = Precompressed::new("text/html; charset=utf-8", variant.page_again()?.into_bytes());
            files.insert(variant.again(), again);
            for (name, bytes) in variant.files()? {
                let kind = if name.ends_with("css") { "text/css" } else { "text/javascript" };
                files.insert(format!("{PEERS}{name}"), Precompressed::new(kind, bytes));
            }
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            files,
            upstream: watch::Sender::default(),
            wasm_is_held: watch::Sender::default(),
            client: reqwest::Client::new(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Ok(Self { address, shared, task })
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where `/_assent/` is forwarded.
    pub(super) fn set_upstream(&self, upstream: SocketAddr) {
        self.shared.upstream.send_replace(Some(upstream));
    }

    /// From now on the wasm waits; or no longer.
    pub(super) fn hold_wasm(&self, hold: bool) {
        self.shared.wasm_is_held.send_replace(hold);
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// As a reverse proxy does it: with the `Host` and the encodings that the browser named.
    async fn forward(&self, request: Request) -> Result<Response> {
        let upstream = (*self.upstream.borrow()).context("nothing to forward to")?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let url = format!("http://{upstream}{path}");
        let (parts, body) = request.into_parts();
        let body: Bytes = to_bytes(body, usize::MAX).await?;
        let answer = self.client.request(parts.method, url).headers(parts.headers).body(body).send().await?;
        let status = answer.status();
        let mut headers = answer.headers().clone();
        // This host frames the body anew.
        headers.remove("transfer-encoding");
        Ok((status, headers, answer.bytes().await?).into_response())
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path();
    if path.ends_with("/widget.wasm") {
        // Only an error when the host is gone, and then nobody waits.
        let _ = shared.wasm_is_held.subscribe().wait_for(|held| !held).await;
    }
    let mut response = if path.starts_with("/_assent/") {
        shared.forward(request).await.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
    } else if let Some(file) = shared.files.get(path) {
        file.respond(request.headers(), CACHE, "accept-encoding")
    } else {
        StatusCode::NOT_FOUND.into_response()
    };
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
