//! Owns the settings: flags over `ASSENT_…` environment over `assent.toml` over defaults; the only reader of the environment.
//! Refuses unknown names, so that a misspelt setting is an error and not a silence.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use assent_shared::ledger::witness::WitnessKey;
use figment::Figment;
use figment::providers::{Env, Format, Serialized, Toml};
use serde::{Deserialize, Serialize};

use crate::exports::Exports;
use crate::outside::Outside;
use crate::signing_keys::KeySource;
use crate::witnesses::Witness;

/// Everything that can be set, described in `docs/configuration.md`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port to listen on; 0 takes any free one.
    pub port: u16,
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    pub database_url: String,
    /// A file with that address in it, for a password that is neither in the settings nor in the environment.
    pub database_url_file: Option<PathBuf>,
    /// The file of the keys that sign the ledgers, made at the first start. Default: `assent.key` beside an SQLite database,
    /// else `data/assent.key`.
    pub signing_key_file: Option<PathBuf>,
    /// The signing keys themselves, instead of a file; the newest last.
    pub signing_key: Option<String>,
    /// The file outside the database in which the newest checkpoints are kept, to be compared at the next start. Default:
    /// `assent.checkpoints` beside the signing key.
    pub checkpoint_file: Option<PathBuf>,
    /// An address that is sent the newest checkpoints once a day, and asked for them at the start.
    pub checkpoint_url: Option<String>,
    /// Who cosigns checkpoints (C2SP tlog-witness); in the file only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub witnesses: Vec<Witness>,
    /// After how many days entries of the audit log are erased; 0 keeps them.
    pub audit_days: u32,
    /// The folder in which exports wait for whoever asked for them. Default: `exports` beside an SQLite database, else
    /// `data/exports`.
    pub export_folder: Option<PathBuf>,
    /// After how many days they are removed.
    pub export_days: u32,
    /// The address under which browsers reach this server, where a proxy stands in front; printed in the script tag.
    pub public_url: Option<String>,
    /// The proxies in front, by address or network; only these are believed about who asks.
    pub trusted_proxies: Vec<String>,
    /// The certificate of this server, where no proxy speaks TLS for it: PEM, with its chain.
    pub tls_certificate: Option<PathBuf>,
    /// Its private key, PEM.
    pub tls_key: Option<PathBuf>,
    /// Requests a second from one visitor's address, a minute's worth at once; 0 counts none.
    pub visitor_rate: u32,
    /// Requests a second for one site, ten seconds' worth at once; 0 counts none.
    pub site_rate: u32,
    /// For how many days browsers keep to https; 0 says nothing to them.
    pub hsts_days: u32,
    /// Connections at once; whoever comes then waits.
    pub max_connections: u32,
    /// Connections at once from one visitor's address; 0 counts none.
    pub connections_per_address: u32,
    /// The address and port at which the metrics are, for Prometheus; nowhere unless it is set.
    pub metrics_listen: Option<SocketAddr>,
    /// The OpenTelemetry collector that spans are sent to (OTLP over HTTP); none unless it is set.
    pub otlp_endpoint: Option<String>,
    /// One trace in so many is sent.
    pub otlp_one_in: u32,
    /// Minutes without a request after which an operator has to sign in again.
    pub session_idle_minutes: u32,
    /// Days after which an operator has to sign in again anyhow.
    pub session_days: u32,
    /// What is logged, in the syntax of `tracing`'s filters: `info`, `assent=debug,sqlx=warn`.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
}

/// How log lines are written to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            host: IpAddr::from([127, 0, 0, 1]),
            port: 8080,
            database_url: "sqlite:data/assent.db".to_owned(),
            database_url_file: None,
            signing_key_file: None,
            signing_key: None,
            checkpoint_file: None,
            checkpoint_url: None,
            witnesses: Vec::new(),
            audit_days: 365,
            export_folder: None,
            export_days: 7,
            public_url: None,
            trusted_proxies: Vec::new(),
            tls_certificate: None,
            tls_key: None,
            visitor_rate: 50,
            site_rate: 60_000,
            hsts_days: 0,
            max_connections: 12_000,
            connections_per_address: 512,
            metrics_listen: None,
            otlp_endpoint: None,
            otlp_one_in: 1,
            session_idle_minutes: 480,
            session_days: 7,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

/// The settings that can be given as flags; each overrides environment and file.
#[derive(Debug, Clone, Default, Serialize, clap::Args)]
pub struct Flags {
    /// Read this file of settings instead of ./assent.toml
    #[arg(long, global = true, value_name = "FILE")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
    /// The address to listen on [default: 127.0.0.1]
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<IpAddr>,
    /// The port to listen on [default: 8080]
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// An SQLite file or a PostgreSQL server [default: sqlite:data/assent.db]
    #[arg(long, global = true, value_name = "sqlite:PATH|postgres://…")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_url: Option<String>,
    /// How log lines are written [default: text]
    #[arg(long, global = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_format: Option<LogFormat>,
}

impl Settings {
    /// Where the keys are that sign the ledgers.
    #[must_use]
    pub fn signing_keys(&self) -> KeySource {
        if let Some(text) = &self.signing_key {
            return KeySource::Text(text.clone());
        }
        KeySource::File(
            self.signing_key_file.clone().unwrap_or_else(|| self.beside_the_database("assent.key")),
        )
    }

    /// Where the newest checkpoints are kept outside the database.
    #[must_use]
    pub fn outside(&self) -> Outside {
        let beside = || match &self.signing_key_file {
            Some(key) => key.with_file_name("assent.checkpoints"),
            None => self.beside_the_database("assent.checkpoints"),
        };
        Outside {
            file: self.checkpoint_file.clone().unwrap_or_else(beside),
            url: self.checkpoint_url.clone(),
        }
    }

    /// Exports in the background.
    #[must_use]
    pub fn exports(&self) -> Exports {
        Exports::new(self.export_folder(), self.export_days)
    }

    /// Where exports are made in the background.
    #[must_use]
    pub fn export_folder(&self) -> PathBuf {
        self.export_folder.clone().unwrap_or_else(|| self.beside_the_database("exports"))
    }

    /// Who cosigns.
    pub fn witness_keys(&self) -> Result<Vec<(String, WitnessKey)>, String> {
        self.witnesses
            .iter()
            .map(|Witness { url, key }| {
                let key = key.parse().map_err(|_| {
                    format!(
                        "Setting witnesses: the key of {url} is not a cosignature key, NAME+ID+KEY of type 4."
                    )
                })?;
                Ok((url.clone(), key))
            })
            .collect()
    }

    fn beside_the_database(&self, name: &str) -> PathBuf {
        let file = self.database_url.strip_prefix("sqlite:").map(|path| path.trim_start_matches("//"));
        let path = Path::new(file.and_then(|file| file.split('?').next()).unwrap_or("data/assent.db"));
        path.with_file_name(name)
    }

    /// The settings of a file alone.
    pub fn read(text: &str) -> Result<Self, String> {
        let settings = Figment::from(Serialized::defaults(Self::default())).merge(Toml::string(text));
        settings.extract().map_err(|error| error.into_iter().map(explain).collect::<Vec<_>>().join("\n"))
    }

    /// Reads the settings; an error names the setting, what is wrong with it, and where it was given.
    pub fn load(flags: &Flags) -> Result<Self, String> {
        let file = match &flags.config {
            Some(path) if path.is_file() => Toml::file_exact(path),
            Some(path) => return Err(format!("There is no settings file at {}.", path.display())),
            None if Path::new("assent.toml").is_file() => Toml::file_exact("assent.toml"),
            None => Toml::string(""),
        };
        let settings: Self = Figment::from(Serialized::defaults(Self::default()))
            .merge(file)
            // Names under ASSENT_TEST_ steer the test suite, not the server.
            .merge(
                Env::prefixed("ASSENT_")
                    .filter(|name| !name.as_str().to_ascii_lowercase().starts_with("test_")),
            )
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| error.into_iter().map(explain).collect::<Vec<_>>().join("\n"))?;
        settings.with_files()
    }

    /// With what the settings leave to files.
    fn with_files(mut self) -> Result<Self, String> {
        let Some(file) = &self.database_url_file else { return Ok(self) };
        if self.database_url != Self::default().database_url {
            return Err("Setting database_url_file: database_url is set too. Keep one of them.".to_owned());
        }
        let text = std::fs::read_to_string(file).map_err(|error| {
            format!("Setting database_url_file: {} cannot be read: {error}.", file.display())
        })?;
        text.trim().clone_into(&mut self.database_url);
        Ok(self)
    }
}

fn explain(error: figment::Error) -> String {
    let setting = error.path.join(".");
    let from = error.metadata.map(|metadata| format!(" (from {})", metadata.name)).unwrap_or_default();
    format!("Setting {setting}: {}{from}.", error.kind).replace("Setting : ", "Setting: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_file_is_valid_and_shows_every_setting_at_its_default() {
        let example = include_str!("../../examples/assent.toml");
        let uncommented: String = example
            .lines()
            .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let settings: Settings = Figment::new().merge(Toml::string(&uncommented)).extract().unwrap();
        let optional = Settings {
            public_url: None,
            database_url_file: None,
            metrics_listen: None,
            otlp_endpoint: None,
            export_folder: None,
            signing_key_file: None,
            signing_key: None,
            checkpoint_file: None,
            checkpoint_url: None,
            tls_certificate: None,
            tls_key: None,
            witnesses: Vec::new(),
            ..settings
        };
        assert_eq!(optional, Settings::default());
        let as_written: Settings = Figment::from(Serialized::defaults(Settings::default()))
            .merge(Toml::string(example))
            .extract()
            .unwrap();
        assert_eq!(as_written, Settings::default());
    }

    #[test]
    fn a_misspelt_setting_is_an_error_that_names_it() {
        let error = Figment::from(Serialized::defaults(Settings::default()))
            .merge(Toml::string("prot = 80"))
            .extract::<Settings>()
            .unwrap_err();
        assert!(error.to_string().contains("prot"), "{error}");
    }
}
