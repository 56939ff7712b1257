//! Owns which keys signed a ledger, in their order.
//! Refuses private keys; where the ledger itself says nothing, the public halves are asked which of them fits.

use assent_shared::SiteId;
use assent_shared::ledger::{Entry, PublicKey};

use crate::error::{Error, Result};
use crate::store::{LedgerRow, Store};

/// Every key that signed the ledger as `row` has it, oldest first.
pub(crate) async fn keys_of(store: &Store, site: &SiteId, row: &LedgerRow) -> Result<Vec<PublicKey>> {
    let entries = store.public_entries(site, row.ledger, row.leaves).await?;
    let mut keys = Vec::new();
    for (_, entry) in entries {
        if let Ok(Entry::Key { key, previous }) = serde_json::from_str(&entry) {
            if keys.is_empty() {
                keys.push(previous);
            }
            keys.push(key);
        }
    }
    if !keys.is_empty() || row.checkpoint.is_none() {
        return Ok(keys);
    }
    let only = match &row.signing_key {
        Some(key) => key.parse().ok(),
        // A former ledger that no key was handed over in.
        None => {
            let checkpoint = row.signed_checkpoint(site)?;
            let mut known = store.sealer().public_keys(&row.origin).map_err(Error::Internal)?.into_iter();
            known.find(|key| checkpoint.verify(key).is_ok())
        }
    };
    only.map(|key| vec![key])
        .ok_or_else(|| Error::Internal(format!("nobody knows who signed {}", row.origin)))
}
