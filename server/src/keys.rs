//! Owns operator keys: making one, the hash by which it is known afterwards, what it may do and until when.
//! Refuses to keep a key: it is shown once; and to let a key do what its maker may not.

mod api;

use assent_shared::SiteId;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::access::{Caller, Permission, Role};
use crate::audit::{self, Action};
use crate::error::{Error, Result};
use crate::operators::known_site;
use crate::state::App;
use crate::store::{KeyRow, NewKey, Store};

pub use api::routes;

/// Signs of the longest label.
const LONGEST_LABEL: usize = 100;

/// A key that somebody wants.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyWish {
    /// What it is for.
    pub label: String,
    /// The only site it opens; none for all, those to come included.
    #[serde(default)]
    pub site: Option<SiteId>,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// When it stops working by itself, milliseconds since 1970.
    #[serde(default)]
    pub expires_at: Option<i64>,
}

impl KeyWish {
    /// A key that reads and exports receipts, without an end.
    #[must_use]
    pub fn for_receipts(label: &str, site: Option<SiteId>) -> Self {
        let scopes = Role::Auditor.permissions().to_vec();
        Self { label: label.to_owned(), site, scopes, expires_at: None }
    }
}

/// A key that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedKey {
    /// The public half, by which it is revoked.
    pub key_id: String,
    /// The whole key; nobody can show it again.
    pub key: String,
}

/// A key, without the key itself.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct KeyView {
    /// The public half, by which it is revoked.
    pub key_id: String,
    /// What it is for.
    pub label: String,
    /// The only site it opens; none for all.
    pub site: Option<SiteId>,
    /// What it may do.
    pub scopes: Vec<Permission>,
    /// Whether it opens anything now.
    pub works: bool,
    /// Who made it; unknown of the oldest.
    pub made_by: Option<String>,
    /// Milliseconds since 1970.
    pub created_at: i64,
    /// When it stops working by itself, milliseconds since 1970.
    pub expires_at: Option<i64>,
    /// Milliseconds since 1970, give or take a minute.
    pub last_used_at: Option<i64>,
    /// When it was made to stop working, milliseconds since 1970.
    pub revoked_at: Option<i64>,
}

/// Stores a new key of 256 random bits, whatever it may do.
pub async fn create(store: &Store, wish: &KeyWish, made_by: &str, now: i64) -> Result<CreatedKey> {
    let mut id = [0; 6];
    let mut secret = [0; 32];
    getrandom::fill(&mut id)
        .and_then(|()| getrandom::fill(&mut secret))
        .map_err(|error| Error::Internal(format!("no random numbers: {error}")))?;
    let key_id = HEXLOWER.encode(&id);
    let key = format!("assent_{key_id}_{}", BASE64URL_NOPAD.encode(&secret));
    let new = NewKey {
        key_id: &key_id,
        hash: &hash(&key),
        label: &wish.label,
        site: wish.site.as_ref(),
        scopes: &wish.scopes,
        expires_at: wish.expires_at,
        made_by,
    };
    store.add_key(&new, now).await?;
    Ok(CreatedKey { key_id, key })
}

/// Makes a key that may no more than its maker.
pub async fn make(app: &App, caller: &Caller, mut wish: KeyWish) -> Result<CreatedKey> {
    let reach = wish.site.as_ref();
    require(caller, Permission::ManageKeys, reach)?;
    wish.label = wish.label.trim().to_owned();
    if wish.label.is_empty()
        || wish.label.chars().count() > LONGEST_LABEL
        || wish.label.contains(char::is_control)
    {
        return Err(Error::invalid("label", "Say what the key is for, in at most 100 characters."));
    }
    if let Some(site) = reach {
        known_site(app, site).await?;
        if wish.scopes.contains(&Permission::ManageOperators) {
            return Err(Error::invalid(
                "scopes",
                "Operators belong to no single site; `manage_operators` needs a key for all.",
            ));
        }
    }
    if wish.scopes.is_empty() {
        return Err(Error::invalid("scopes", "Choose at least one thing that the key may do."));
    }
    wish.scopes.sort_unstable();
    wish.scopes.dedup();
    for scope in &wish.scopes {
        require(caller, *scope, reach)?;
    }
    let now = app.clock.now();
    if wish.expires_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("expires_at", "This is over already. Choose a later day, or none."));
    }
    let scopes: Vec<&str> = wish.scopes.iter().map(|scope| scope.as_str()).collect();
    let about = format!("{}: {}", wish.label, scopes.join(", "));
    audit::record(app, caller, Action::KeyMake, wish.site.as_ref(), about).await?;
    create(&app.store, &wish, &caller.name, now).await
}

/// The keys that the caller may manage, oldest first.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<KeyView>> {
    if !caller.may_somewhere(Permission::ManageKeys) {
        return Err(Error::Forbidden(Permission::ManageKeys));
    }
    let now = app.clock.now();
    let rows = app.store.keys().await?;
    Ok(rows.into_iter().filter(|row| may_manage(caller, row)).map(|row| view(row, now)).collect())
}

/// One of the keys that the caller may manage.
pub async fn get(app: &App, caller: &Caller, key_id: &str) -> Result<KeyView> {
    let row = app.store.key(key_id).await?.filter(|row| may_manage(caller, row)).ok_or(Error::NotFound)?;
    Ok(view(row, app.clock.now()))
}

/// Makes a key stop working, at once and for ever.
pub async fn revoke(app: &App, caller: &Caller, key_id: &str) -> Result<()> {
    let key = get(app, caller, key_id).await?;
    if key.revoked_at.is_some() {
        return Ok(());
    }
    let about = format!("{key_id} ({})", key.label);
    audit::record(app, caller, Action::KeyRevoke, key.site.as_ref(), about).await?;
    app.store.revoke_key(key_id, app.clock.now()).await?;
    Ok(())
}

fn view(row: KeyRow, now: i64) -> KeyView {
    KeyView {
        works: row.works(now),
        key_id: row.key_id,
        label: row.label,
        site: row.site.0,
        scopes: row.scopes.0,
        made_by: row.made_by,
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        revoked_at: row.revoked_at,
    }
}

fn may_manage(caller: &Caller, row: &KeyRow) -> bool {
    match &row.site.0 {
        Some(site) => caller.may(Permission::ManageKeys, site),
        None => caller.may_everywhere(Permission::ManageKeys),
    }
}

fn require(caller: &Caller, permission: Permission, reach: Option<&SiteId>) -> Result<()> {
    match reach {
        Some(site) => caller.require(permission, site),
        None => caller.require_everywhere(permission),
    }
}

/// The hash under which a key is stored. A plain SHA-256 suffices: 256 random bits cannot be guessed, so nothing is gained
/// by making the guess slow.
#[must_use]
pub fn hash(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key))
}
