//! Owns what every handler and every command can reach.
//! Refuses to hold anything of a single request.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::http::HeaderValue;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Settings;
use crate::data::Installation;
use crate::exports::Exports;
use crate::headers;
use crate::limits::{self, Limits, Visits};
use crate::metrics::Metrics;
use crate::operators::password::Passwords;
use crate::operators::sessions::Rules;
use crate::proxies::Proxies;
use crate::recorder::Recorder;
use crate::statistics::tally::Tally;
use crate::store::Store;

/// One context for all handlers. Every layer of every request has a clone of it, so that a clone is one counter.
#[derive(Debug, Clone)]
pub struct App(Arc<Context>);

impl Deref for App {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.0
    }
}

/// What handlers and commands reach.
#[derive(Debug, Clone)]
pub struct Context {
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
    /// How much visitors may ask.
    pub visits: Visits,
    /// How often operators may try to sign in.
    pub logins: Limits,
    /// The same for who may be a stranger.
    pub strangers: Limits,
    /// How often keys may be sent that are none.
    pub guesses: Limits,
    /// For how long browsers keep to https, where the settings say it.
    pub hsts: Option<HeaderValue>,
    /// Who is believed about where requests come from.
    pub proxies: Proxies,
    /// What makes and compares the hashes of operators' passwords.
    pub passwords: Passwords,
    /// How long operators' sessions last, and what their cookie is like.
    pub session_rules: Rules,
    /// Exports in the background.
    pub exports: Exports,
    /// What is counted for whoever keeps the machine.
    pub metrics: Metrics,
    /// The time.
    pub clock: Clock,
    /// The address under which browsers reach the server, where the settings say it.
    pub public_url: Option<Arc<str>>,
    /// The same, or else where it listens: what an operator's link begins with.
    pub home: Arc<str>,
    /// What the settings say of where data is.
    pub installation: Arc<Installation>,
}

impl App {
    /// What handlers reach, over an open database.
    #[must_use]
    pub fn new(store: Store, clock: Clock, settings: &Settings) -> Self {
        let public_url: Option<Arc<str>> =
            settings.public_url.as_ref().map(|url| url.trim_end_matches('/').into());
        let metrics = Metrics::default();
        let context = Context {
            catalog: Catalog::new(store.clone()),
            recorder: Recorder::start(store.clone(), clock.clone(), metrics.clone()),
            tally: Tally::default(),
            limits: Limits::new(limits::OWN_RECORDS),
            exports: settings.exports(),
            visits: Visits::new(settings.visitor_rate, settings.site_rate),
            logins: Limits::new(limits::LOGINS),
            strangers: Limits::new(limits::STRANGERS),
            guesses: Limits::new(limits::GUESSES),
            hsts: headers::hsts(settings.hsts_days),
            proxies: Proxies::default(),
            passwords: Passwords::default(),
            session_rules: Rules::new(settings),
            store,
            metrics,
            clock,
            home: public_url.clone().unwrap_or_default(),
            public_url,
            installation: Arc::new(Installation::of(settings)),
        };
        Self(Arc::new(context)).at(SocketAddr::new(settings.host, settings.port))
    }

    /// The same where the server listens at `address`.
    #[must_use]
    pub fn at(mut self, address: SocketAddr) -> Self {
        if self.public_url.is_none() {
            // Nobody can open 0.0.0.0; whoever reads the link at the start sits in front of the machine.
            let host = if address.ip().is_unspecified() { [127, 0, 0, 1].into() } else { address.ip() };
            let scheme = if self.session_rules.secure { "https" } else { "http" };
            let home = format!("{scheme}://{}", SocketAddr::new(host, address.port()));
            Arc::make_mut(&mut self.0).home = home.into();
        }
        self
    }

    /// The same behind these proxies.
    #[must_use]
    pub fn behind(mut self, proxies: Proxies) -> Self {
        Arc::make_mut(&mut self.0).proxies = proxies;
        self
    }
}
