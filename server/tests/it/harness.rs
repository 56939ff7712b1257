//! Owns the fixture: a server with one site, and clients shaped like the people who use it.
//! Refuses to end without [`TestServer::finish`], which checks the invariants of the whole ledger.

pub(crate) mod cluster;
pub(crate) mod forwarder;
pub(crate) mod people;
mod places;
pub(crate) mod program;
pub(crate) mod visitors;

use std::time::Duration;

use assent::Server;
use assent::clock::Clock;
use assent::config::Settings;
use assent::keys::KeyWish;
use assent::store::{Environment, Filter, NewPublication, Origin, Place, ReceiptRow, Site, Store};
use assent::{keys, notices};
use assent_shared::ledger::proof::Opening;
use assent_shared::ledger::{Checkpoint, Frontier, PublicKey, ReceiptProof, SignedCheckpoint};
use assent_shared::{Receipt, SiteId};
use futures_util::{StreamExt as _, stream};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tempfile::TempDir;

/// When every test begins: 2026-11-21T00:00:00Z.
pub(crate) const NOW: i64 = 1_795_219_200_000;
pub(crate) const PAGE: &str = "https://shop.example";
pub(crate) const NOTICE: &str = include_str!("../../../examples/demo/notice.toml");

/// How a test publishes that writes a notice's bytes by hand.
pub(crate) const BY_HAND: NewPublication<'static> = NewPublication {
    origin: Origin::File,
    published_by: "a test",
    material: "[]",
    overrides: "[]",
    note: None,
};

/// Where receipts are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// Declares each test once and runs it on both engines. Those of PostgreSQL are in a module of that name, so that
/// `--skip postgres::` leaves them out where there is none.
macro_rules! both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $(#[tokio::test] async fn $name() { super::$name($crate::harness::Engine::Sqlite).await; })* }
        mod postgres { $(#[tokio::test] async fn $name() { super::$name($crate::harness::Engine::Postgres).await; })* }
    };
}
pub(crate) use both_engines;

/// A database of a test's own.
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    postgres: Option<(String, String)>,
}

impl Database {
    #[expect(clippy::disallowed_methods, reason = "the one setting of the test suite")]
    pub(crate) async fn create(engine: Engine) -> Self {
        let folder = TempDir::new().unwrap();
        if engine == Engine::Sqlite {
            let url = format!("sqlite:{}", folder.path().join("assent.db").display());
            return Self { url, folder, postgres: None };
        }
        let server = std::env::var("ASSENT_TEST_POSTGRES_URL")
            .expect("ASSENT_TEST_POSTGRES_URL names a PostgreSQL server; without one, leave these out: -- --skip postgres::");
        let name = format!("assent_test_{:016x}", getrandom::u64().unwrap());
        let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        // The name is our own sixteen hex digits; identifiers cannot be bound.
        admin
            .execute(sqlx::QueryBuilder::<sqlx::Postgres>::new(format!("create database {name}")).build())
            .await
            .unwrap();
        Self { url: format!("{server}/{name}"), folder, postgres: Some((server, name)) }
    }

    fn engine(&self) -> Engine {
        if self.postgres.is_some() { Engine::Postgres } else { Engine::Sqlite }
    }

    pub(crate) async fn drop(self) {
        if let Some((server, name)) = self.postgres {
            let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
            let mut drop =
                sqlx::QueryBuilder::<sqlx::Postgres>::new(format!("drop database {name} with (force)"));
            admin.execute(drop.build()).await.unwrap();
        }
    }
}

/// A server with the site `shop`, its notice published, its clock in the test's hand.
pub(crate) struct TestServer {
    pub(crate) server: Option<Server>,
    pub(crate) clock: Clock,
    pub(crate) shop: SiteId,
    settings: Settings,
    database: Option<Database>,
    client: Client,
}

impl TestServer {
    pub(crate) async fn start(engine: Engine) -> Self {
        Self::start_with_key(engine, None).await
    }

    async fn start_with_key(engine: Engine, key: Option<&std::path::Path>) -> Self {
        let database = Database::create(engine).await;
        if let Some(key) = key {
            std::fs::copy(key, database.folder.path().join("assent.key")).unwrap();
        }
        let clock = Clock::manual(NOW);
        let settings = Self::settings_of(&database);
        let server = Server::start_with(settings.clone(), clock.clone(), false).await.unwrap();
        let shop: SiteId = "shop".parse().unwrap();
        let site = Site {
            id: shop.clone(),
            name: "Shop".to_owned(),
            environment: Environment::Production,
            origins: vec![PAGE.to_owned()],
            share_subdomains: false,
        };
        assert!(server.store().add_site(&site, NOW).await.unwrap());
        notices::publish(server.store(), &shop, NOTICE, &[], NOW).await.unwrap();
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Self { server: Some(server), clock, shop, settings, database: Some(database), client }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn store(&self) -> &Store {
        self.server().store()
    }

    /// Ends the server, does something while it is down, and starts it again on the same database.
    pub(crate) async fn restart(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.server.take().unwrap().stop().await;
        meanwhile(self);
        let started = Server::start_with(self.settings.clone(), self.clock.clone(), false).await;
        self.server = Some(started.unwrap());
    }

    /// Ends the server and starts it again on the same database, with other settings.
    pub(crate) async fn change_settings(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.restart(|_| ()).await;
    }

    /// Starts the server anew, on an empty database, with the key of another one.
    pub(crate) async fn replace_key(&mut self, key: &std::path::Path) {
        let fresh = Self::start_with_key(self.database.as_ref().unwrap().engine(), Some(key)).await;
        std::mem::replace(self, fresh).finish().await;
    }

    /// Another site, without a notice.
    pub(crate) async fn add_site(&self, id: &SiteId) {
        let site = Site {
            id: id.clone(),
            name: id.to_string(),
            environment: Environment::Production,
            origins: vec![format!("https://{id}.example")],
            share_subdomains: false,
        };
        assert!(self.store().add_site(&site, NOW).await.unwrap());
    }

    /// A second server on the same database, with the same key and clock.
    pub(crate) async fn another_server(&self) -> Server {
        self.another_server_by(self.clock.clone()).await
    }

    /// A second server whose clock is another one.
    pub(crate) async fn another_server_by(&self, clock: Clock) -> Server {
        Server::start_with(self.settings.clone(), clock, false).await.unwrap()
    }

    /// Where the test's files are.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.database.as_ref().unwrap().folder.path()
    }

    pub(crate) fn database_url(&self) -> &str {
        &self.database.as_ref().unwrap().url
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server().address())
    }

    /// Anybody at all.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// A browser on one of the shop's pages.
    pub(crate) async fn post(&self, decision: &Value) -> (StatusCode, Value) {
        self.post_from(PAGE, decision.to_string().into_bytes(), "application/json").await
    }

    /// Many browsers, as many at once as leave room for other tests' files: a machine may allow a process 1,024.
    /// The answers come in the order of the decisions.
    pub(crate) async fn post_all(&self, decisions: &[Value]) -> Vec<(StatusCode, Value)> {
        stream::iter(decisions).map(|decision| self.post(decision)).buffered(128).collect().await
    }

    pub(crate) async fn post_from(
        &self,
        origin: &str,
        body: Vec<u8>,
        content_type: &str,
    ) -> (StatusCode, Value) {
        let response = self
            .request(Method::POST, "/_assent/shop/decisions")
            .header("origin", origin)
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
            .unwrap();
        (response.status(), response.json().await.unwrap_or_default())
    }

    /// The site's verifier key.
    pub(crate) async fn verifier_key(&self) -> PublicKey {
        let ledger = self.store().ledger(&self.shop).await.unwrap().unwrap();
        ledger.signing_key.unwrap().parse().unwrap()
    }

    /// Checks an answer as its visitor can: by nothing but the answer and the site's key. Returns the leaf's index.
    pub(crate) async fn proves(&self, answer: &Value) -> u64 {
        let mut proof = ReceiptProof::parse(answer["proof"].as_str().unwrap()).unwrap();
        // The order of the keys is the canonical one.
        let receipt: Receipt = serde_json::from_value(answer["receipt"].clone()).unwrap();
        let receipt = RawValue::from_string(receipt.canonical_json()).unwrap();
        proof.opening =
            Some(Opening { receipt, salt: serde_json::from_value(answer["salt"].clone()).unwrap() });
        proof.verify(&self.verifier_key().await).expect("the receipt is in the ledger");
        proof.index
    }

    /// An operator's program with a new key, for one site or for all.
    pub(crate) async fn operator_key(&self, site: Option<&SiteId>) -> String {
        let wish = KeyWish::for_receipts("test", site.cloned());
        keys::create(self.store(), &wish, "test", NOW).await.unwrap().key
    }

    pub(crate) async fn get_with_key(&self, key: &str, path: &str) -> Response {
        self.request(Method::GET, path).bearer_auth(key).send().await.unwrap()
    }

    /// Every receipt of the shop, in the order of the ledger.
    pub(crate) async fn receipts(&self) -> Vec<(ReceiptRow, Receipt)> {
        let mut rows =
            self.store().receipts(&self.shop, &Filter::default(), Place::START, 1_000_000).await.unwrap();
        rows.sort_by_key(|row| row.leaf_index);
        rows.into_iter().map(|row| (row.clone(), serde_json::from_str(&row.body).unwrap())).collect()
    }

    /// Checks what must hold whatever the test did, and ends the server.
    pub(crate) async fn finish(self) {
        check_ledgers(self.store()).await;
        crate::audit::check_log(self.store(), self.clock.now()).await;
        for (row, receipt) in &self.receipts().await {
            assert_eq!(row.body, receipt.canonical_json(), "the stored bytes are not canonical");
            assert_eq!(row.received_at, receipt.received_at);
            assert_eq!(receipt.site, self.shop);
            let notice = self.store().notice(&self.shop, receipt.notice.number).await.unwrap().unwrap();
            assert_eq!(notice.hash, receipt.notice.hash);
            assert_eq!(notice.hash, assent_shared::Notice::hash(&notice.body));
        }
        self.finish_unchecked().await;
    }

    /// Ends the server where a test has made up receipts that no server has taken.
    pub(crate) async fn finish_unchecked(mut self) {
        self.server.take().unwrap().stop().await;
        self.database.take().unwrap().drop().await;
    }
}

/// Recomputes every site's ledger from what is stored, as somebody would who does not trust the server.
pub(crate) async fn check_ledgers(store: &Store) {
    for site in store.sites().await.unwrap() {
        let ledger = store.ledger(&site.id).await.unwrap().unwrap();
        if ledger.leaves == 0 {
            continue;
        }
        let leaves = store.leaves(&site.id, ledger.ledger, 0, i64::MAX).await.unwrap();
        let mut frontier = Frontier::default();
        let mut nodes = Vec::new();
        for (index, leaf) in leaves.iter().enumerate() {
            assert_eq!(leaf.leaf_index, i64::try_from(index).unwrap(), "the ledger has a gap");
            if let (Some(commitment), Some(body)) = (&leaf.commitment, &leaf.body) {
                assert_eq!(
                    commitment,
                    &leaf.salt().unwrap().commit_receipt(body).0,
                    "a receipt is not its commitment"
                );
            }
            frontier.append(leaf.hash().unwrap(), |node, hash| {
                if node.level > 0 && node.level % 8 == 0 {
                    nodes.push((node.level / 8, node.index, hash));
                }
            });
        }
        for (level, place, hash) in nodes {
            let stored = store.tile_hashes(&site.id, ledger.ledger, level, place, place + 1).await.unwrap();
            assert_eq!(stored, Some(vec![hash]), "the tree's inner nodes are stored");
        }
        let key = ledger.signing_key.as_ref().unwrap().parse().unwrap();
        let checkpoint = SignedCheckpoint::parse(ledger.checkpoint.as_ref().unwrap()).unwrap();
        let expected =
            Checkpoint { origin: ledger.origin.clone(), size: leaves.len() as u64, root: frontier.root() };
        assert_eq!(checkpoint.verify(&key), Ok(&expected), "the newest checkpoint covers every leaf");
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        let forgotten = self.server.is_some() && !std::thread::panicking();
        assert!(!forgotten, "end the test with .finish().await, which checks the ledger");
    }
}

/// A decision's id that ends in `number`.
pub(crate) fn id(number: u64) -> String {
    format!("0192f3a4-5b6c-7d8e-9f01-{number:012x}")
}

/// A refusal of everything, to be changed by the test.
pub(crate) fn refusal(number: u64) -> Value {
    json!({
        "id": id(number), "visitor": "AAAAAAAAAAAAAAAAAAAAAA", "notice": 1, "locale": "en",
        "choices": {"analytics": false, "video": false}, "method": "reject_all", "layer": 1, "gpc": false,
        "decided_at": NOW, "replaces": null,
    })
}

/// `value` with some of its fields replaced.
pub(crate) fn with(mut value: Value, changes: Value) -> Value {
    let Value::Object(changes) = changes else { panic!("changes are an object") };
    for (key, change) in changes {
        value[key] = change;
    }
    value
}
