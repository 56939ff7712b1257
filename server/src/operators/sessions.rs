//! Owns operators' sessions: the cookie's rules, where tower-sessions keeps them, what they remember, and how they end.
//! Refuses to store a session's id, an IP address or a full user agent.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::OffsetDateTime;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error as StoreError, Result as StoreResult};
use tower_sessions::{Session, SessionManagerLayer, SessionStore};

use super::links::Arriving;
use crate::clock::Clock;
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::{SessionRow, Store};

/// How long somebody may take on the way in.
const ON_THE_WAY: i64 = 20 * 60_000;
/// A session's last use is noted at most this often.
const NOTED_EVERY: i64 = 60_000;
/// Between two looks at what has ended.
const FORGOTTEN_EVERY: Duration = Duration::from_hours(1);
/// Under what name a session remembers.
const STANDING: &str = "standing";

/// How long sessions last, and what their cookie is like.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Milliseconds without a request after which a session ends.
    pub idle: i64,
    /// Milliseconds after which it ends anyhow.
    pub longest: i64,
    /// Whether operators come by https.
    pub secure: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(&Settings::default())
    }
}

impl Rules {
    /// As the settings have it.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        Self {
            idle: i64::from(settings.session_idle_minutes) * 60_000,
            longest: i64::from(settings.session_days) * 86_400_000,
            secure: match &settings.public_url {
                Some(url) => url.starts_with("https://"),
                None => settings.tls_certificate.is_some(),
            },
        }
    }

    /// The cookie's name: one that browsers bind to this very host, where they can (RFC 6265bis §4.1.3.2).
    #[must_use]
    pub fn cookie(self) -> &'static str {
        if self.secure { "__Host-assent_session" } else { "assent_session" }
    }
}

/// What a session knows of who has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Somebody who came in by a link, and has still to show that they can make codes.
    Arriving(Box<Arriving>),
    /// The password was right, the code is missing; so many were wrong.
    AtTheCode(String, u8),
    /// An operator; a new secret of theirs, while they change it.
    SignedIn(String, Option<String>),
}

/// What `session` knows, if anything.
pub async fn standing(session: &Session) -> Result<Option<Standing>> {
    session.get(STANDING).await.map_err(|error| broken(&error))
}

/// Has `session` know something else of the same person.
pub async fn remember(session: &Session, standing: &Standing) -> Result<()> {
    session.insert(STANDING, standing).await.map_err(|error| broken(&error))
}

/// Begins a session with an id that nobody has seen yet (RFC 6265bis §8.4), on the device that sent `headers`.
pub async fn begin(session: &Session, headers: &HeaderMap, standing: &Standing) -> Result<()> {
    session.cycle_id().await.map_err(|error| broken(&error))?;
    session.insert("device", device(headers)).await.map_err(|error| broken(&error))?;
    remember(session, standing).await
}

/// Ends `session`.
pub async fn end(session: &Session) -> Result<()> {
    session.flush().await.map_err(|error| broken(&error))
}

/// The hash by which a session is stored.
#[must_use]
pub fn hash(id: Id) -> String {
    HEXLOWER.encode(&Sha256::digest(id.0.to_le_bytes()))
}

fn broken(error: &dyn fmt::Display) -> Error {
    Error::Internal(format!("session: {error}"))
}

/// Forgets the sessions that have ended by themselves and the links whose day is over, once an hour until the server ends.
pub(crate) async fn forget(app: App) {
    let mut ticks = tokio::time::interval(FORGOTTEN_EVERY);
    loop {
        ticks.tick().await;
        let now = app.clock.now();
        let sessions = app.store.forget_sessions(now, now - app.session_rules.idle).await;
        if let Err(error) = sessions.and(app.store.forget_links(now).await) {
            tracing::warn!(%error, "ended sessions could not be forgotten; it is tried again in an hour");
        }
    }
}

/// Such as `Firefox on Linux`: enough to tell one's own devices apart.
#[must_use]
pub fn device(headers: &HeaderMap) -> String {
    let agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let find = |names: &[(&'static str, &'static str)], otherwise| {
        names.iter().find(|(sign, _)| agent.contains(sign)).map_or(otherwise, |(_, name)| *name)
    };
    // Each names those before it as well, so the order decides.
    let browser = find(
        &[
            ("Edg", "Edge"),
            ("OPR/", "Opera"),
            ("Firefox/", "Firefox"),
            ("FxiOS/", "Firefox"),
            ("Chrome/", "Chrome"),
            ("CriOS/", "Chrome"),
            ("Safari/", "Safari"),
        ],
        "a browser",
    );
    let system = find(
        &[
            ("Android", "Android"),
            ("iPhone", "iOS"),
            ("iPad", "iPadOS"),
            ("Windows", "Windows"),
            ("Mac OS X", "macOS"),
            ("CrOS", "ChromeOS"),
            ("Linux", "Linux"),
        ],
        "some device",
    );
    format!("{browser} on {system}")
}

/// Gives handlers the session of the cookie that came.
#[must_use]
pub fn layer(app: &App) -> SessionManagerLayer<Sessions> {
    let sessions = Sessions { store: app.store.clone(), clock: app.clock.clone(), rules: app.session_rules };
    // Without an age the cookie goes with the browser; the store ends sessions that are left behind.
    SessionManagerLayer::new(sessions)
        .with_name(app.session_rules.cookie())
        .with_secure(app.session_rules.secure)
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_path("/")
}

/// Where tower-sessions keeps sessions: our own tables, by our own clock.
#[derive(Debug, Clone)]
pub struct Sessions {
    store: Store,
    clock: Clock,
    rules: Rules,
}

fn written(record: &Record) -> StoreResult<(Option<String>, String, String)> {
    let standing = record.data.get(STANDING).cloned().and_then(|value| serde_json::from_value(value).ok());
    let operator = match standing {
        Some(Standing::SignedIn(operator, _)) => Some(operator),
        _ => None,
    };
    let device = record.data.get("device").and_then(|device| device.as_str()).unwrap_or_default().to_owned();
    let data = serde_json::to_string(&record.data).map_err(|error| StoreError::Encode(error.to_string()))?;
    Ok((operator, device, data))
}

fn failed(error: &sqlx::Error) -> StoreError {
    StoreError::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> StoreResult<()> {
        let (operator, device, data) = written(record)?;
        let now = self.clock.now();
        let lasts = if operator.is_some() { self.rules.longest } else { ON_THE_WAY };
        let row = SessionRow {
            hash: hash(record.id),
            operator,
            device,
            data,
            created_at: now,
            seen_at: now,
            expires_at: now + lasts,
        };
        match self.store.add_session(&row).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Backend("two sessions of one id".to_owned())),
            Err(error) => Err(failed(&error)),
        }
    }

    async fn save(&self, record: &Record) -> StoreResult<()> {
        let (_, _, data) = written(record)?;
        self.store.save_session(&hash(record.id), &data).await.map_err(|error| failed(&error))
    }

    async fn load(&self, id: &Id) -> StoreResult<Option<Record>> {
        let now = self.clock.now();
        let found = self.store.session(&hash(*id), now, now - self.rules.idle).await;
        let Some(row) = found.map_err(|error| failed(&error))? else { return Ok(None) };
        if now - row.seen_at >= NOTED_EVERY {
            self.store.see_session(&row.hash, now).await.map_err(|error| failed(&error))?;
        }
        let data = serde_json::from_str(&row.data).map_err(|error| StoreError::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(row.expires_at / 1000)
            .map_err(|error| StoreError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> StoreResult<()> {
        self.store.end_session(&hash(*id)).await.map_err(|error| failed(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_apart_and_no_more() {
        let told = |agent: &str| device(&HeaderMap::from_iter([(USER_AGENT, agent.parse().unwrap())]));
        assert_eq!(
            told("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
            "Firefox on Linux"
        );
        assert_eq!(
            told(
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0"
            ),
            "Edge on Windows"
        );
        assert_eq!(
            told(
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari on iOS"
        );
        assert_eq!(told("curl/8.5.0"), "a browser on some device");
    }
}
