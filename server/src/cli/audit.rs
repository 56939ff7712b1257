//! Owns the commands around the audit log: reading it, taking it away, its key, and going on after a fork.
//! Refuses to do the work itself; each command calls what the server calls.

use std::path::PathBuf;

use assent_shared::SiteId;
use clap::{Args, Subcommand};

use super::{app, note, print, printable};
use crate::access::Caller;
use crate::audit::{self, Action, AuditFormat, AuditQuery, Wanted};
use crate::config::Settings;
use crate::export::command::write_to;
use crate::export::rfc3339;

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// List entries, newest first
    List {
        #[command(flatten)]
        filter: FilterArguments,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        limit: u32,
    },
    /// Write the log to a file that `assent verify` checks, or as a table
    Export {
        #[command(flatten)]
        filter: FilterArguments,
        /// How it is written
        #[arg(long, value_enum, default_value_t)]
        format: AuditFormat,
        /// Another of the log's ledgers than the present one
        #[arg(long, value_name = "NUMBER")]
        ledger: Option<u32>,
        /// Write to this file
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Show the log's verifier keys, newest first
    Key,
    /// Begin a new log where the database is behind what was published, linked to the one that ends
    Resume,
}

/// Which entries.
#[derive(Debug, Args)]
pub(super) struct FilterArguments {
    /// Of this time or later: 2026-11-21, or 2026-11-21T09:30:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// By this operator, key, or `command line`
    #[arg(long, value_name = "WHO")]
    actor: Option<String>,
    /// Of this kind: receipt.view
    #[arg(long)]
    action: Option<String>,
    /// About this site
    #[arg(long)]
    site: Option<SiteId>,
}

impl From<FilterArguments> for AuditQuery {
    fn from(FilterArguments { from, to, actor, action, site }: FilterArguments) -> Self {
        Self { from, to, actor, action, site, limit: None, after: None }
    }
}

pub(super) async fn run(command: AuditCommand, settings: &Settings) -> Result<(), String> {
    let app = app(settings).await?;
    let caller = Caller::command_line();
    match command {
        AuditCommand::List { filter, limit } => {
            let query = AuditQuery { limit: Some(limit), ..filter.into() };
            let page = audit::list(&app, &caller, &query).await.map_err(told)?;
            for entry in page.items {
                let site = entry.site.as_deref().unwrap_or("-");
                let (at, actor, action) = (rfc3339(entry.at), entry.actor, entry.action);
                print(&format!("{}\t{at}\t{actor}\t{action}\t{site}\t{}\n", entry.id, entry.about));
            }
        }
        AuditCommand::Export { filter, format, ledger, output } => {
            let wanted = Wanted { format, ledger, query: filter.into() };
            let chunks = audit::begin_export(&app, &caller, wanted).await.map_err(told)?;
            write_to(chunks, output.as_deref()).await?;
        }
        AuditCommand::Key => {
            let Some(ledger) = app.store.audit_ledger().await.map_err(printable)? else {
                return Err("The audit log has no entry yet, and so no key.".to_owned());
            };
            for key in audit::keys(&app.store, &ledger).await.map_err(told)?.iter().rev() {
                print(&format!("{key}\n"));
            }
        }
        AuditCommand::Resume => {
            let ledger = app.store.audit_ledger().await.map_err(printable)?.map_or(1, |row| row.ledger);
            if app.store.sealer().audit_refusal(ledger).is_none() {
                return Err("The audit log is not behind what was published, so there is nothing to resume. It goes on by itself.".to_owned());
            }
            let published = settings.outside().newest_of_audit().await?.map_or(0, |newest| newest.size);
            let origin = audit::origin(app.public_url.as_deref());
            app.store.resume_audit(&origin, published, app.clock.now()).await.map_err(printable)?;
            audit::record(
                &app,
                &caller,
                Action::AuditResume,
                None,
                format!("{published} leaves were published"),
            )
            .await
            .map_err(told)?;
            settings.outside().keep_all(&app.store).await?;
            note("A new audit log has begun, linked to the one that ended. Start the server again.");
        }
    }
    Ok(())
}

/// A failure as whoever runs the command may read it: with its cause.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn told(error: crate::error::Error) -> String {
    error.cause().unwrap_or_else(|| format!("{error}."))
}
