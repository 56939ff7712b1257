//! Owns what every handler can reach.
//! Refuses to hold anything of a single request.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Settings;
use crate::exports::Exports;
use crate::me::Limits;
use crate::recorder::Recorder;
use crate::statistics::tally::Tally;
use crate::store::Store;

/// One context for all handlers; cloning it is cheap.
#[derive(Debug, Clone)]
pub struct App {
    /// The database.
    pub store: Store,
    /// Sites, notices and tags from memory.
    pub catalog: Catalog,
    /// The way by which decisions become receipts.
    pub recorder: Recorder,
    /// What is counted in memory until it is written.
    pub tally: Tally,
    /// How often visitors may ask for their own records.
    pub limits: Limits,
    /// Exports in the background.
    pub exports: Exports,
    /// The time.
    pub clock: Clock,
    /// The address under which browsers reach the server, where the settings say it.
    pub public_url: Option<Arc<str>>,
}

impl App {
    /// What handlers reach, over an open database.
    #[must_use]
    pub fn new(store: Store, clock: Clock, settings: &Settings) -> Self {
        Self {
            catalog: Catalog::new(store.clone()),
            recorder: Recorder::start(store.clone(), clock.clone()),
            tally: Tally::default(),
            limits: Limits::default(),
            exports: settings.exports(),
            store,
            clock,
            public_url: settings.public_url.clone().map(Into::into),
        }
    }
}
