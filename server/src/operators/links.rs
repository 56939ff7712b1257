//! Owns the links by which operators come in: the first owner's, an invitation's, and the way back in.
//! Refuses to keep a link: it is shown once, works once, and for a day.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::access::Caller;
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::state::App;
use crate::store::{Arrival, NewLink, OperatorRow};

/// How long a link works.
const WORKS: i64 = 24 * 3_600_000;

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Makes the first owner of an installation without operators.
    First,
    /// Lets somebody in who was invited.
    Welcome,
    /// Lets somebody in again, with a new password and a new secret.
    Reset,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Welcome => "welcome",
            Self::Reset => "reset",
        }
    }
}

/// A link that works.
#[derive(Debug)]
pub struct OpenLink {
    /// The hash of its token.
    pub hash: String,
    /// What it is for.
    pub purpose: Purpose,
    /// Whom it lets in; nobody yet, where it makes the first owner.
    pub operator: Option<OperatorRow>,
}

/// What somebody who comes in has given so far, until they show that they can make codes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arriving {
    /// The link's hash.
    pub link: String,
    /// Their e-mail address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// The hash of their password.
    pub password: String,
    /// The secret of their codes.
    pub totp: String,
}

/// Makes a link and returns its address. Those before it stop working.
pub async fn make(app: &App, purpose: Purpose, operator: Option<&str>) -> Result<String> {
    let mut token = [0; 32];
    getrandom::fill(&mut token).map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    let token = BASE64URL_NOPAD.encode(&token);
    let now = app.clock.now();
    let link = NewLink { hash: &hash(&token), purpose: purpose.as_str(), operator, expires_at: now + WORKS };
    app.store.add_link(&link, now).await?;
    Ok(format!("{}/admin/welcome/{token}", app.home))
}

/// The link that makes the first owner, where there is no operator yet.
pub async fn first(app: &App) -> Result<Option<String>> {
    if app.store.operators().await?.is_empty() {
        return make(app, Purpose::First, None).await.map(Some);
    }
    Ok(None)
}

/// The link with that token, if it works.
pub async fn open(app: &App, token: &str) -> Result<Option<OpenLink>> {
    let hash = hash(token);
    let Some((purpose, operator)) = app.store.link(&hash, app.clock.now()).await? else { return Ok(None) };
    let operator = match operator {
        None if app.store.operators().await?.is_empty() => None,
        // Somebody was added on the command line since.
        None => return Ok(None),
        Some(operator) => match app.store.operator(&operator).await? {
            Some(row) if row.disabled_at.is_none() => Some(row),
            _ => return Ok(None),
        },
    };
    let purpose = match purpose.as_str() {
        "first" => Purpose::First,
        "reset" => Purpose::Reset,
        _ => Purpose::Welcome,
    };
    Ok(Some(OpenLink { hash, purpose, operator }))
}

/// Uses the link up: from now on the operator has that name, that password and that secret. Returns their id; nothing, if the
/// link does not work (any more).
pub async fn arrive(app: &App, arriving: &Arriving, step: i64) -> Result<Option<String>> {
    let now = app.clock.now();
    let Some((_, operator)) = app.store.link(&arriving.link, now).await? else { return Ok(None) };
    let operator = operator.map_or_else(super::new_id, Ok)?;
    let arrival = Arrival {
        operator: &operator,
        email: &arriving.email,
        name: &arriving.name,
        password: &arriving.password,
        totp: &arriving.totp,
        totp_step: step,
    };
    let caller = Caller::new(arriving.email.clone(), Vec::new());
    audit::record(app, &caller, Action::OperatorArrive, None, &arriving.email).await?;
    let arrived = app.store.use_link(&arriving.link, &arrival, now).await?;
    Ok(arrived.then_some(operator))
}

fn hash(token: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(token))
}
