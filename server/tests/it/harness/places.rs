//! Owns databases beside a test's own: a server on one that is there, a twin of one, and what a server leaves behind.
//! Refuses to look into them.

use std::net::Ipv4Addr;

use assent::Server;
use assent::config::Settings;
use sqlx::{Connection, Executor};
use tempfile::TempDir;

use super::{Database, TestServer};

impl Database {
    /// Another database with the same rows and the same signing keys, while nobody has this one open.
    pub(crate) async fn twin(&self) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::copy(self.folder.path().join("assent.key"), folder.path().join("assent.key")).unwrap();
        let Some((server, name)) = &self.postgres else {
            let file = folder.path().join("assent.db");
            std::fs::copy(self.folder.path().join("assent.db"), &file).unwrap();
            return Self { url: format!("sqlite:{}", file.display()), folder, postgres: None };
        };
        let twin = format!("assent_test_{:016x}", getrandom::u64().unwrap());
        let mut admin = sqlx::PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
        let text = format!("create database {twin} template {name}");
        admin.execute(sqlx::QueryBuilder::<sqlx::Postgres>::new(text).build()).await.unwrap();
        Self { url: format!("{server}/{twin}"), folder, postgres: Some((server.clone(), twin)) }
    }
}

impl TestServer {
    /// A server on a database that has the shop already, with whatever else is in its folder, at the other's time.
    pub(crate) async fn on(database: Database, other: &Self) -> Self {
        let settings = Self::settings_of(&database);
        let clock = other.clock.clone();
        let server = Server::start_with(settings.clone(), clock.clone(), false).await.unwrap();
        let (shop, client) = (other.shop.clone(), other.client.clone());
        Self { server: Some(server), clock, shop, settings, database: Some(database), client }
    }

    /// What a test's server is started with.
    pub(crate) fn settings_of(database: &Database) -> Settings {
        Settings {
            port: 0,
            host: Ipv4Addr::LOCALHOST.into(),
            database_url: database.url.clone(),
            signing_key_file: Some(database.folder.path().join("assent.key")),
            export_folder: Some(database.folder.path().join("exports")),
            ..Settings::default()
        }
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Ends the server, and hands over what it leaves behind.
    pub(crate) async fn leave(mut self) -> Database {
        self.server.take().unwrap().stop().await;
        self.database.take().unwrap()
    }
}
