//! Owns the server under test: Assent with a temporary folder, the shop and the demo's site, and what it has stored.
//! Refuses to see the browser; that is `visitor.rs`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, anyhow};
use assent::Server;
use assent::access::{Caller, Role};
use assent::clock::day_of;
use assent::config::{LogFormat, Settings};
use assent::demo::examples::Example;
use assent::keys::{self, KeyWish};
use assent::notices::{Published, publish};
use assent::operators;
use assent::retention::erase_what_is_due;
use assent::sites::tag::{self, Pin};
use assent::statistics;
use assent::store::{By, Environment, Filter, Place, RoleOn, Site as Registered};
use assent_shared::{Receipt, SiteId};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::deadline::eventually;
use crate::stage::{FAMILY, SHOP};

/// The notice that the shop starts with.
pub const NOTICE: &str = include_str!("../scenarios/notice.toml");

/// A server with a site. It can go down and come back with what it had stored.
#[derive(Debug)]
pub struct Site {
    settings: Settings,
    server: Mutex<Option<Server>>,
    /// The examples' sites.
    opened: std::sync::Mutex<Vec<String>>,
    /// Receipts were erased because time passed.
    aged: AtomicBool,
    _folder: TempDir,
}

impl Site {
    /// Starts a server on a free port whose sites take decisions from pages of `origins`.
    pub async fn start(origins: Vec<String>) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("assent-site-").tempdir()?;
        let settings = Settings {
            port: 0,
            database_url: format!("sqlite:{}", folder.path().join("assent.db").display()),
            log: "warn".to_owned(),
            log_format: LogFormat::Text,
            ..Settings::default()
        };
        let site = Self {
            settings,
            server: Mutex::default(),
            opened: std::sync::Mutex::default(),
            aged: AtomicBool::default(),
            _folder: folder,
        };
        site.come_up().await?;
        let registered = Registered {
            id: SHOP.parse()?,
            name: "The shop".to_owned(),
            environment: Environment::Development,
            origins,
            share_subdomains: false,
        };
        if let Some(server) = &*site.server.lock().await {
            let store = server.store();
            store.add_site(&registered, server.clock().now()).await?;
            let prepared = assent::demo::prepare(store, server.clock(), &registered.origins).await;
            prepared.map_err(|error| anyhow!(error))?;
        }
        site.publish(NOTICE, &[]).await?;
        Ok(site)
    }

    /// Registers another site, whose subdomains share the visitor's choices, with the same notice.
    pub async fn open_family(&self, origins: Vec<String>) {
        let server = self.server.lock().await;
        let server = server.as_ref().expect("the server is up");
        let id: SiteId = FAMILY.parse().expect("an id");
        let family = Registered {
            id: id.clone(),
            name: "The family".to_owned(),
            environment: Environment::Development,
            origins,
            share_subdomains: true,
        };
        let now = server.clock().now();
        assert!(server.store().add_site(&family, now).await.expect("a site is added"));
        publish(server.store(), &id, NOTICE, &[], now).await.expect("its notice is published");
    }

    /// Opens an example as the demo does: its sites, with pages at `origin_of` each, and its notice.
    ///
    /// # Panics
    /// When the example cannot be read or registered.
    pub async fn open_example(&self, name: &str, origin_of: impl Fn(&SiteId) -> String) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        let example = Example::read(&folder).expect("the example can be read");
        let server = self.server.lock().await;
        let server = server.as_ref().expect("the server is up");
        let prepared =
            example.prepare(server.store(), server.clock().now(), |site| vec![origin_of(site)]).await;
        prepared.expect("the example is registered");
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.extend(example.sites().map(ToString::to_string));
    }

    /// The examples' sites that were opened.
    pub fn opened(&self) -> Vec<String> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Does what retention does once so many days have passed; says how many receipts are gone.
    pub async fn days_pass(&self, days: i64) -> u64 {
        let server = self.server.lock().await;
        let server = server.as_ref().expect("the server is up");
        let then = server.clock().now() + days * 86_400_000;
        let erased = erase_what_is_due(server.store(), then).await.expect("retention can be carried out");
        self.aged.fetch_or(erased > 0, Ordering::SeqCst);
        erased
    }

    /// Whether receipts were erased by retention.
    pub fn has_aged(&self) -> bool {
        self.aged.load(Ordering::SeqCst)
    }

    /// A key for a site's operator.
    pub async fn key(&self, site: &str) -> String {
        let server = self.server.lock().await;
        let server = server.as_ref().expect("the server is up");
        let id = site.parse().expect("a site's id");
        let wish = KeyWish::for_receipts("made for a scenario", Some(id));
        let made = keys::create(server.store(), &wish, "the scenario", server.clock().now()).await;
        made.expect("a key is made").key
    }

    /// The shop has pages at this origin, too.
    pub async fn allow(&self, origin: &str) {
        let server = self.server.lock().await;
        let store = server.as_ref().expect("the server is up").store();
        let shop = SHOP.parse().expect("an id");
        let mut origins = store.site(&shop).await.expect("the store answers").expect("the shop").origins;
        origins.push(origin.to_owned());
        store.set_origins(&shop, &origins).await.expect("origins are stored");
    }

    /// Where the server listens; it must be up.
    pub async fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.server.lock().await.as_ref().context("the server is down")?.address())
    }

    /// Invites an owner; says where the server is, and the link by which they come in.
    pub async fn invites(&self, email: &str) -> (String, String) {
        let server = self.server.lock().await;
        let server = server.as_ref().expect("the server is up");
        let roles = vec![RoleOn { role: Role::Owner, site: None }];
        let invited = operators::invite(server.app(), &Caller::command_line(), email, roles).await;
        (format!("http://{}", server.address()), invited.expect("an owner can be invited").1)
    }

    /// Ends the server.
    pub async fn go_down(&self) {
        if let Some(server) = self.server.lock().await.take() {
            server.stop().await;
        }
    }

    /// Starts the server on what it had stored before, on some free port.
    pub async fn come_up(&self) -> anyhow::Result<()> {
        let server = Server::start(self.settings.clone())
            .await
            .map_err(|error| anyhow!("the server does not start: {error}"))?;
        *self.server.lock().await = Some(server);
        Ok(())
    }

    /// Publishes a notice as the operator does; the purposes in `material` are asked again. Returns once the server
    /// serves it, and says its number.
    pub async fn publish(&self, notice: &str, material: &[&str]) -> anyhow::Result<u32> {
        self.publish_at(SHOP, notice, material).await
    }

    /// Publishes a notice of any site.
    pub async fn publish_at(&self, site: &str, notice: &str, material: &[&str]) -> anyhow::Result<u32> {
        let material = material.iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>()?;
        let published = {
            let server = self.server.lock().await;
            let server = server.as_ref().context("the server is down")?;
            publish(server.store(), &site.parse()?, notice, &material, server.clock().now())
                .await
                .map_err(|error| anyhow!(error))?
        };
        let Published::Number(number) = published else {
            return Err(anyhow!("the notice says nothing new"));
        };
        // The server learns of it within a second, as it would of one published by another process.
        let tag = format!("http://{}/_assent/{site}.js", self.address().await?);
        let sign = format!("\"number\":{number}");
        eventually("the new notice is served", || async {
            let tag = reqwest::get(&tag).await.ok()?.text().await.ok()?;
            tag.contains(&sign).then_some(())
        })
        .await;
        Ok(number)
    }

    /// Every receipt of the shop, in the order of its ledger.
    pub async fn receipts(&self) -> Vec<Receipt> {
        self.receipts_at(SHOP).await
    }

    /// Every receipt of a site. Each parses, is canonical, and stands at its place in the ledger.
    pub async fn receipts_at(&self, site: &str) -> Vec<Receipt> {
        let server = self.server.lock().await;
        let store = server.as_ref().expect("the server is up").store();
        let site: SiteId = site.parse().expect("a site's id");
        let rows = store
            .receipts(&site, &Filter::default(), Place::START, i64::from(u16::MAX))
            .await
            .expect("receipts can be read");
        rows.iter()
            .map(|row| {
                let receipt: Receipt = serde_json::from_str(&row.body).expect("a stored receipt parses");
                assert_eq!(receipt.canonical_json(), row.body, "a receipt is stored in its canonical form");
                receipt
            })
            .collect()
    }

    /// How often the shop's notices were shown so far, as its statistics say.
    pub async fn displays(&self) -> i64 {
        let server = self.server.lock().await;
        let app = server.as_ref().expect("the server is up").app();
        let (shop, today) = (SHOP.parse().expect("an id"), day_of(app.clock.now()));
        let caller = Caller::command_line();
        let statistics = statistics::read(app, &caller, &shop, today - 1..=today, By::Notice).await;
        statistics.expect("statistics can be read").total.sums.shown
    }

    /// Waits until the shop's notices were shown `count` times.
    pub async fn was_shown(&self, count: i64) {
        eventually(&format!("{count} displays are counted"), || async {
            let displays = self.displays().await;
            assert!(displays <= count, "{displays} displays in place of {count}");
            (displays == count).then_some(())
        })
        .await;
    }

    /// Pins the shop's tag as it is now; `base` is where the page gets it from.
    pub async fn pin(&self, base: &str) -> Pin {
        let server = self.server.lock().await;
        let app = server.as_ref().expect("the server is up").app();
        let (shop, english) = (SHOP.parse().expect("an id"), "en".parse().expect("a language"));
        let pinned = tag::pin(app, &Caller::command_line(), &shop, &english, base).await;
        pinned.expect("the tag can be pinned").0
    }

    /// Erases every receipt of the shop, as its retention would when they are old enough.
    pub async fn erase_everybody(&self) {
        let server = self.server.lock().await;
        let server = server.as_ref().expect("the server is up");
        let shop = SHOP.parse().expect("an id");
        let now = server.clock().now();
        server.store().erase_before(&shop, i64::MAX, now).await.expect("receipts can be erased");
    }

    /// Waits until the shop has `count` receipts, and returns them.
    pub async fn has_receipts(&self, count: usize) -> Vec<Receipt> {
        self.has_receipts_at(SHOP, count).await
    }

    /// Waits until a site has `count` receipts, and returns them.
    pub async fn has_receipts_at(&self, site: &str, count: usize) -> Vec<Receipt> {
        eventually(&format!("{count} receipts are stored"), || async {
            let receipts = self.receipts_at(site).await;
            assert!(receipts.len() <= count, "more than {count} receipts: {receipts:#?}");
            (receipts.len() == count).then_some(receipts)
        })
        .await
    }

    /// Waits until the shop has one receipt, and returns it.
    pub async fn has_one_receipt(&self) -> Receipt {
        self.has_receipts(1).await.remove(0)
    }
}
