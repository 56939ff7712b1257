//! Owns `GET /metrics`, at an address of its own.
//! Refuses to stand on the port that browsers reach: there a proxy in front makes everybody look like this machine, and one line
//! too many in its settings would show the numbers to the world.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use tokio::net::TcpListener;

use super::gather::{Gathered, Kept};
use super::write;
use crate::error::{Error, Result};
use crate::state::App;

/// What the answer is: OpenMetrics, the standardised form of Prometheus's text format.
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The address, listened on but not answered at yet.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Listens at `wanted`.
    pub async fn bind(wanted: SocketAddr) -> std::result::Result<Self, String> {
        let bound = async {
            let listener = TcpListener::bind(wanted).await?;
            let address = listener.local_addr()?;
            Ok(Self { listener, address })
        };
        bound.await.map_err(|error: std::io::Error| {
            format!("Setting metrics_listen: {wanted} cannot be listened on: {error}.")
        })
    }

    /// Where it is.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until it is dropped.
    pub async fn run(self, app: App) {
        let router = Router::new().route("/metrics", get(get_metrics)).with_state((app, Kept::default()));
        let router = router.fallback(async || Error::NotFound);
        if let Err(error) = axum::serve(self.listener, router).await {
            tracing::error!(%error, "nobody can ask for the metrics any more");
        }
    }
}

async fn get_metrics(
    State((app, kept)): State<(App, Kept)>,
) -> Result<([(HeaderName, &'static str); 1], String)> {
    let text = write::text(Gathered::now(&app, &kept).await)
        .map_err(|error| Error::Internal(format!("metrics cannot be written: {error}")))?;
    Ok(([(CONTENT_TYPE, MEDIA_TYPE)], text))
}
