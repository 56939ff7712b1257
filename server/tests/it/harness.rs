//! Owns the fixture: a server with one site, and clients shaped like the people who use it.
//! Refuses to end without [`TestServer::finish`], which checks the invariants of the whole ledger.

use std::net::Ipv4Addr;
use std::time::Duration;

use assent::Server;
use assent::clock::Clock;
use assent::config::Settings;
use assent::store::{Environment, Filter, Place, ReceiptRow, Site, Store};
use assent::{keys, notices};
use assent_shared::{Receipt, SiteId};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use sqlx::{Connection, Executor};
use tempfile::TempDir;

/// When every test begins: 2026-11-21T00:00:00Z.
pub(crate) const NOW: i64 = 1_795_219_200_000;
pub(crate) const PAGE: &str = "https://shop.example";
pub(crate) const NOTICE: &str = include_str!("../../../examples/demo/notice.toml");

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

    async fn drop(self) {
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
    database: Option<Database>,
    client: Client,
}

impl TestServer {
    pub(crate) async fn start(engine: Engine) -> Self {
        let database = Database::create(engine).await;
        let clock = Clock::manual(NOW);
        let settings = Settings {
            port: 0,
            host: Ipv4Addr::LOCALHOST.into(),
            database_url: database.url.clone(),
            ..Settings::default()
        };
        let server = Server::start_with(settings, clock.clone(), false).await.unwrap();
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
        Self { server: Some(server), clock, shop, database: Some(database), client }
    }

    pub(crate) fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    pub(crate) fn store(&self) -> &Store {
        self.server().store()
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

    /// An operator's program with a new key, for one site or for all.
    pub(crate) async fn operator_key(&self, site: Option<&SiteId>) -> String {
        keys::create(self.store(), "test", site, NOW).await.unwrap().key
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
    pub(crate) async fn finish(mut self) {
        for (index, (row, receipt)) in self.receipts().await.iter().enumerate() {
            assert_eq!(row.leaf_index, i64::try_from(index).unwrap(), "the ledger has a gap");
            assert_eq!(row.body, receipt.canonical_json(), "the stored bytes are not canonical");
            assert_eq!(row.received_at, receipt.received_at);
            assert_eq!(receipt.site, self.shop);
            let notice = self.store().notice(&self.shop, receipt.notice.number).await.unwrap().unwrap();
            assert_eq!(notice.hash, receipt.notice.hash);
            assert_eq!(notice.hash, assent_shared::Notice::hash(&notice.body));
        }
        self.server.take().unwrap().stop().await;
        self.database.take().unwrap().drop().await;
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
