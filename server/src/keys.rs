//! Owns operator keys: making one, and the hash by which it is known afterwards.
//! Refuses to keep a key: it is shown once.

use assent_shared::SiteId;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use sha2::{Digest, Sha256};

use crate::store::{NewKey, Store};

/// A key that was just made.
#[derive(Debug)]
pub struct CreatedKey {
    /// The public half, by which it is revoked.
    pub key_id: String,
    /// The whole key; nobody can show it again.
    pub key: String,
}

/// Makes a key of 256 random bits, for one site or for all.
pub async fn create(
    store: &Store,
    label: &str,
    site: Option<&SiteId>,
    now: i64,
) -> Result<CreatedKey, String> {
    let mut id = [0; 6];
    let mut secret = [0; 32];
    getrandom::fill(&mut id)
        .and_then(|()| getrandom::fill(&mut secret))
        .map_err(|error| format!("No random numbers: {error}."))?;
    let key_id = HEXLOWER.encode(&id);
    let key = format!("assent_{key_id}_{}", BASE64URL_NOPAD.encode(&secret));
    store
        .add_key(&NewKey { key_id: &key_id, hash: &hash(&key), label, site }, now)
        .await
        .map_err(|error| error.to_string())?;
    Ok(CreatedKey { key_id, key })
}

/// The hash under which a key is stored. A plain SHA-256 suffices: 256 random bits cannot be guessed, so nothing is gained
/// by making the guess slow.
#[must_use]
pub fn hash(key: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(key))
}
