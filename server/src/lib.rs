//! Owns the server: from settings to a listening socket, and back to a clean end.
//! Refuses to be anything but one process with one database.

pub mod access;
mod adapters;
pub mod admin;
pub mod affected;
mod answers;
pub mod api;
mod around;
pub mod audit;
pub mod backup;
pub mod catalog;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crash;
pub mod data;
pub mod decisions;
pub mod demo;
pub mod doctor;
pub mod domain;
pub mod drafts;
pub mod error;
pub mod export;
pub mod exports;
pub mod extract;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzzing;
mod headers;
pub mod keys;
pub mod limits;
mod listen;
pub mod locales;
pub mod log;
mod manners;
pub mod me;
pub mod metrics;
pub mod notices;
pub mod numbers;
pub mod operators;
pub mod outside;
pub mod pages;
mod patience;
pub mod probes;
pub mod proxies;
pub mod publish;
pub mod publishing;
pub mod receipts;
pub mod recheck;
pub mod recorder;
pub mod retention;
pub mod router;
pub mod sealer;
pub mod serve_file;
pub mod signing_keys;
pub mod sites;
pub mod state;
pub mod statistics;
pub mod store;
pub mod tag;
mod tls;
mod traces;
pub mod verify;
pub mod versions;
pub mod widget;
pub mod witnesses;

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Clock;
use crate::config::Settings;
use crate::listen::Door;
use crate::outside::Outside;
use crate::proxies::Proxies;
use crate::sealer::Sealer;
use crate::state::App;
use crate::store::Store;
use crate::tls::Tls;

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    app: App,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    /// What is done beside serving; ended with the server.
    chores: JoinSet<()>,
    outside: Outside,
    /// Where the metrics are, if somewhere.
    metrics: Option<SocketAddr>,
}

impl Server {
    /// Opens the database, binds the port and serves, by the machine's clock.
    pub async fn start(settings: Settings) -> Result<Self, String> {
        Self::start_with(settings, Clock::default(), false).await
    }

    /// As [`Server::start`], by `clock`, and with the demo page at `/` if it is wanted.
    pub async fn start_with(settings: Settings, clock: Clock, with_demo_page: bool) -> Result<Self, String> {
        let sealer = Sealer::new(settings.signing_keys());
        Self::start_sealing(settings, clock, with_demo_page, sealer).await
    }

    /// As [`Server::start_with`], sealing with `sealer`.
    pub async fn start_sealing(
        settings: Settings,
        clock: Clock,
        with_demo_page: bool,
        sealer: Sealer,
    ) -> Result<Self, String> {
        Self::start_showing(settings, clock, with_demo_page.then(demo::Pages::default), sealer).await
    }

    /// With the demo's page and those of examples.
    pub async fn start_demo(settings: Settings, pages: demo::Pages) -> Result<Self, String> {
        let sealer = Sealer::new(settings.signing_keys());
        Self::start_showing(settings, Clock::default(), Some(pages), sealer).await
    }

    async fn start_showing(
        settings: Settings,
        clock: Clock,
        demo: Option<demo::Pages>,
        sealer: Sealer,
    ) -> Result<Self, String> {
        // The port first: a second start by mistake should say so, and not wait for the first one's database.
        let wanted = SocketAddr::new(settings.host, settings.port);
        let listener = TcpListener::bind(wanted).await.map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => format!(
                "Port {} is taken by another program. Stop that one, or choose another port: --port {}.",
                settings.port,
                settings.port.checked_add(1).unwrap_or(8080)
            ),
            ErrorKind::PermissionDenied => {
                format!("Port {} may not be opened by this user. Choose one above 1023.", settings.port)
            }
            _ => format!("{wanted} cannot be listened on: {error}."),
        })?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let tls = Tls::of(&settings)?;
        let proxies = Proxies::new(&settings.trusted_proxies)?;
        let metrics = match settings.metrics_listen {
            Some(wanted) => Some(metrics::Listener::bind(wanted).await?),
            None => None,
        };
        sealer.load()?;
        let store = Store::open(&settings.database_url, sealer).await?;
        store.look().await?;
        let outside = settings.outside();
        outside.compare(&store).await?;
        store.compare_after_outages(&outside);
        let witnesses = settings.witness_keys()?;
        witnesses::compare(&witnesses, &store).await;
        retention::make_room(&store, clock.now()).await;
        let app = App::new(store, clock, &settings).at(address).behind(proxies);
        let (stop, stopped) = oneshot::channel();
        let door = Door {
            router: router::router(app.clone(), demo.as_ref()),
            proxies: app.proxies.clone(),
            tls: tls.clone(),
            room: (listen::room(settings.max_connections), settings.connections_per_address as usize),
        };
        let serving = tokio::spawn(listen::serve(listener, door, stopped));
        let mut chores = JoinSet::new();
        chores.spawn(publishing::run(app.clone()));
        chores.spawn(retention::run(app.clone(), settings.audit_days));
        chores.spawn(app.tally.clone().run(app.store.clone(), app.clock.clone()));
        chores.spawn(operators::sessions::forget(app.clone()));
        chores.spawn(exports::run(app.clone()));
        chores.spawn(outside.clone().run(app.store.clone(), app.clock.clone()));
        if let Some(tls) = tls {
            chores.spawn(tls.watch());
        }
        if !witnesses.is_empty() {
            chores.spawn(witnesses::run(witnesses, app.store.clone(), app.clock.clone()));
        }
        let metrics_address = metrics.as_ref().map(metrics::Listener::address);
        if let Some(listener) = metrics {
            chores.spawn(listener.run(app.clone()));
        }
        tracing::info!(%address, "listening");
        Ok(Self { address, app, stop, serving, chores, outside, metrics: metrics_address })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its metrics are, if the settings say so.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Its database.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.app.store
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.app.clock
    }

    /// What its handlers reach.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Takes no new requests, answers those under way, records what waits, and closes the database.
    pub async fn stop(mut self) {
        let _ = self.stop.send(());
        let _ = self.serving.await;
        self.app.recorder.finish().await;
        if let Err(error) = self.app.tally.write_all(&self.app.store).await {
            tracing::warn!(%error, "the newest displays could not be counted");
        }
        self.chores.shutdown().await;
        if let Err(error) = self.app.exports.release(&self.app.store).await {
            tracing::warn!(%error, "an export under way begins again only after a while");
        }
        if let Err(error) = self.outside.keep_all(&self.app.store).await {
            tracing::warn!(error, "the newest checkpoints could not be kept outside the database");
        }
        self.app.store.close().await;
        tracing::info!("stopped");
    }
}
