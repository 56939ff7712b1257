//! Owns the commands around keys: the operators' and the one that signs.
//! Refuses to show an operator's key twice, or a signing key at all.

use assent_shared::SiteId;
use clap::Subcommand;

use super::{explain, known, ledger, note, print};
use crate::access::{Caller, Permission};
use crate::config::Settings;
use crate::keys::{self, KeyWish};
use crate::state::App;

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
        /// What the key may do; once for each [default: `read_receipts` and `export_receipts`]
        #[arg(long = "scope", value_enum, value_name = "PERMISSION")]
        scopes: Vec<Permission>,
        /// When it stops working by itself: a date, or a time in RFC 3339
        #[arg(long, value_name = "DATE", value_parser = crate::receipts::query::instant)]
        expires: Option<i64>,
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

pub(super) async fn run(command: KeyCommand, settings: &Settings) -> Result<(), String> {
    let app = super::app(settings).await?;
    let done = execute(command, settings, &app).await;
    app.store.close().await;
    done
}

async fn execute(command: KeyCommand, settings: &Settings, app: &App) -> Result<(), String> {
    let caller = Caller::command_line();
    match command {
        KeyCommand::Create { label, site, scopes, expires } => {
            if let Some(site) = &site {
                known(&app.store, site).await?;
            }
            let mut wish = KeyWish { expires_at: expires, ..KeyWish::for_receipts(&label, site) };
            if !scopes.is_empty() {
                wish.scopes = scopes;
            }
            let created = keys::make(app, &caller, wish).await.map_err(explain)?;
            print(&format!("{}\n", created.key));
            note(&format!("Keep it now: it is not shown again. Its id is {}.", created.key_id));
        }
        KeyCommand::Rotate => ledger::rotate_key(settings, app).await?,
        KeyCommand::Revoke { key_id } => {
            let key = keys::get(app, &caller, &key_id).await;
            if !key.is_ok_and(|key| key.revoked_at.is_none()) {
                return Err(format!(
                    "There is no working key with the id `{key_id}`. `assent key list` shows the ids."
                ));
            }
            keys::revoke(app, &caller, &key_id).await.map_err(explain)?;
            print("Revoked. It stopped working at once.\n");
        }
        KeyCommand::List => {
            for key in keys::list(app, &caller).await.map_err(explain)? {
                let site = key.site.as_ref().map_or("all sites", SiteId::as_str);
                let state = match (key.revoked_at, key.works) {
                    (Some(_), _) => "revoked",
                    (None, true) => "works",
                    (None, false) => "expired",
                };
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
                print(&format!("{}\t{state}\t{site}\t{}\t{}\n", key.key_id, key.label, scopes.join(" ")));
            }
        }
    }
    Ok(())
}
