//! Owns the commands around keys: the operators' and the one that signs.
//! Refuses to show an operator's key twice, or a signing key at all.

use assent_shared::SiteId;
use clap::Subcommand;

use super::{known, ledger, note, print};
use crate::clock::Clock;
use crate::config::Settings;
use crate::keys;
use crate::store::Store;

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
    /// Make an operator key and show it, once
    Create {
        /// What the key is for
        #[arg(long, default_value = "made on the command line")]
        label: String,
        /// Let the key open this site only
        #[arg(long)]
        site: Option<SiteId>,
    },
    /// Replace the key that signs the ledgers; the handover is signed by both
    Rotate,
    /// Make an operator key stop working
    Revoke {
        /// The key's id, from `assent key list`
        key_id: String,
    },
    /// List the keys, without the keys themselves
    List,
}

pub(super) async fn run(command: KeyCommand, settings: &Settings, store: &Store) -> Result<(), String> {
    let now = Clock::default().now();
    match command {
        KeyCommand::Create { label, site } => {
            if let Some(site) = &site {
                known(store, site).await?;
            }
            let created = keys::create(store, &label, site.as_ref(), now).await?;
            print(&format!("{}\n", created.key));
            note(&format!("Keep it now: it is not shown again. Its id is {}.", created.key_id));
        }
        KeyCommand::Rotate => ledger::rotate_key(settings, store).await?,
        KeyCommand::Revoke { key_id } => {
            if !store.revoke_key(&key_id, now).await.map_err(|error| error.to_string())? {
                return Err(format!(
                    "There is no working key with the id `{key_id}`. `assent key list` shows the ids."
                ));
            }
            print("Revoked. It stopped working at once.\n");
        }
        KeyCommand::List => {
            for key in store.keys().await.map_err(|error| error.to_string())? {
                let site = key.site.as_deref().unwrap_or("all sites");
                let state = if key.revoked_at.is_some() { "revoked" } else { "works" };
                print(&format!("{}\t{state}\t{site}\t{}\n", key.key_id, key.label));
            }
        }
    }
    Ok(())
}
