//! Owns what the settings say of where data is, in words that may be shown.
//! Refuses what is secret in them: a password in the database's address, the signing keys.

use serde::Serialize;
use utoipa::ToSchema;

use crate::config::{LogFormat, Settings};

/// Where this installation keeps things.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Installation {
    /// `SQLite` or `PostgreSQL`.
    pub engine: String,
    /// The database's file, or its host, port and name.
    pub database: String,
    /// Where the keys are that sign the ledgers; never the keys.
    pub signing_keys: String,
    /// The file outside the database with the newest checkpoints.
    pub checkpoint_file: String,
    /// Who is sent them once a day.
    pub checkpoint_url: Option<String>,
    /// Who cosigns them.
    pub witnesses: Vec<String>,
    /// After how many days entries of the audit log are erased; 0 keeps them.
    pub audit_days: u32,
    /// Where exports are made in the background.
    pub export_folder: String,
    /// After how many days they are removed.
    pub export_days: u32,
    /// Minutes without a request after which an operator's session ends.
    pub session_idle_minutes: u32,
    /// Days after which it ends anyhow.
    pub session_days: u32,
    /// The address under which browsers reach the server.
    pub public_url: Option<String>,
    /// What is logged, as a filter.
    pub log: String,
    /// `text` or `json`, on standard error.
    pub log_format: String,
}

impl Installation {
    /// What the settings say.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let (engine, database) = place(&settings.database_url);
        let signing_keys = match settings.signing_keys() {
            crate::signing_keys::KeySource::File(path) => format!("the file {}", path.display()),
            crate::signing_keys::KeySource::Text(_) => "the setting signing_key".to_owned(),
        };
        let log_format = match settings.log_format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        Self {
            engine: engine.to_owned(),
            database,
            signing_keys,
            checkpoint_file: settings.outside().file.display().to_string(),
            checkpoint_url: settings.checkpoint_url.as_deref().map(without_secrets),
            witnesses: settings.witnesses.iter().map(|witness| without_secrets(&witness.url)).collect(),
            audit_days: settings.audit_days,
            export_folder: settings.export_folder().display().to_string(),
            export_days: settings.export_days,
            session_idle_minutes: settings.session_idle_minutes,
            session_days: settings.session_days,
            public_url: settings.public_url.clone(),
            log: settings.log.clone(),
            log_format: log_format.to_owned(),
        }
    }
}

/// The engine and where its data is.
fn place(database_url: &str) -> (&'static str, String) {
    if let Some(path) = database_url.strip_prefix("sqlite:") {
        let path = path.trim_start_matches("//");
        return ("SQLite", format!("the file {}", path.split('?').next().unwrap_or(path)));
    }
    let Ok(url) = url::Url::parse(database_url) else {
        return ("PostgreSQL", "a server".to_owned());
    };
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("localhost");
    let name = url.path().trim_start_matches('/');
    ("PostgreSQL", format!("{host}:{}, database {name}", url.port().unwrap_or(5432)))
}

/// An address without a name, a password or a query, any of which may let somebody in.
fn without_secrets(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(url) => format!("{}{}", url.origin().ascii_serialization(), url.path()),
        Err(_) => "an address that cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_told() {
        let settings = Settings {
            database_url: "postgres://assent:hunter2@db.example:6543/consent?password=hunter2".to_owned(),
            signing_key: Some("assent-signing-key-1:hunter2".to_owned()),
            checkpoint_url: Some("https://user:hunter2@auditor.example/assent?token=hunter2".to_owned()),
            ..Settings::default()
        };
        let told = Installation::of(&settings);
        assert!(!format!("{told:?}").contains("hunter2"), "{told:?}");
        assert_eq!(told.database, "db.example:6543, database consent");
        assert_eq!(told.checkpoint_url.as_deref(), Some("https://auditor.example/assent"));
        let file = Settings { database_url: "sqlite:data/x.db?mode=rwc".to_owned(), ..Settings::default() };
        assert_eq!(Installation::of(&file).database, "the file data/x.db");
    }
}
