//! Owns the commands around receipts: one in any view, a list of them, and who was affected.
//! Refuses to show anything before the audit log has it, as everywhere.

use std::io::Write;

use assent_shared::{DecisionId, SiteId};
use clap::{Args, Subcommand};
use futures_util::StreamExt;

use super::{print, unknown_site};
use crate::access::Caller;
use crate::affected::{self, AffectedFormat};
use crate::error::Error;
use crate::export::rfc3339;
use crate::receipts::list::{self, Listed};
use crate::receipts::query::{self, ReceiptsArguments, ReceiptsQuery};
use crate::receipts::{self, View};
use crate::state::App;

/// Print one receipt, as it is stored or in a standard view, or list a site's
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct ReceiptArguments {
    #[command(subcommand)]
    command: Option<ReceiptCommand>,
    /// The site's id
    #[arg(long, required = true)]
    site: Option<SiteId>,
    /// How it is shown
    #[arg(long, value_enum, default_value_t)]
    view: View,
    /// The decision's id
    #[arg(required = true)]
    decision: Option<DecisionId>,
}

#[derive(Debug, Subcommand)]
enum ReceiptCommand {
    /// List a site's receipts, newest first
    List {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        #[command(flatten)]
        which: ReceiptsArguments,
        /// How many, at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=500))]
        limit: i64,
        /// Go on after what was listed before: the last line says how
        #[arg(long, value_name = "CURSOR")]
        after: Option<String>,
    },
}

/// List the visitors who decided within a time or under a notice
#[derive(Debug, Args)]
pub(super) struct AffectedArguments {
    /// The site's id
    #[arg(long)]
    site: SiteId,
    /// How the list is written
    #[arg(long, value_enum, default_value = "csv")]
    format: AffectedFormat,
    #[command(flatten)]
    which: ReceiptsArguments,
}

/// A failure as whoever runs the command may read it.
fn told(error: Error, site: &SiteId) -> String {
    match error {
        Error::NotFound => unknown_site(site),
        error => error.cause().unwrap_or_else(|| format!("{error}.")),
    }
}

pub(super) async fn receipt(arguments: ReceiptArguments, app: &App) -> Result<(), String> {
    let caller = Caller::command_line();
    match arguments {
        ReceiptArguments { command: Some(ReceiptCommand::List { site, which, limit, after }), .. } => {
            let others = after.map(|after| [("after".to_owned(), after)].into()).unwrap_or_default();
            let after = query::after(&others).map_err(|error| told(error, &site))?;
            let query = ReceiptsQuery::from(which);
            let page = list::list(app, &caller, &site, &query, (after, limit)).await;
            let page = page.map_err(|error| told(error, &site))?;
            for Listed { receipt, .. } in &page.items {
                let chosen = |wanted: bool| {
                    let those = receipt.choices.iter().filter(|(_, granted)| **granted == wanted);
                    those.map(|(purpose, _)| purpose.as_str()).collect::<Vec<_>>().join(",")
                };
                print(&format!(
                    "{}\t{}\t{}\t{}\tnotice {}\t+{}\t-{}\n",
                    rfc3339(receipt.received_at),
                    receipt.decision,
                    receipt.visitor,
                    receipt.method.as_str(),
                    receipt.notice.number,
                    chosen(true),
                    chosen(false)
                ));
            }
            if let Some(next) = page.next {
                super::note(&format!("There are more: --after {}", query::cursor(next)));
            }
        }
        ReceiptArguments { site: Some(site), view, decision: Some(decision), .. } => {
            super::known(&app.store, &site).await?;
            let text = receipts::show(app, &caller, &site, &decision, view).await;
            let text = text.map_err(|error| match error {
                Error::NotFound => format!("The site `{site}` has no receipt of the decision {decision}."),
                other => other.cause().unwrap_or_else(|| other.to_string()),
            })?;
            print(&format!("{text}\n"));
        }
        ReceiptArguments { .. } => return Err("Say which receipt: --site SITE DECISION.".to_owned()),
    }
    Ok(())
}

pub(super) async fn affected(arguments: AffectedArguments, app: &App) -> Result<(), String> {
    let AffectedArguments { site, format, which } = arguments;
    let chunks = affected::stream(app, &Caller::command_line(), &site, &which.into(), format).await;
    let mut chunks = chunks.map_err(|error| told(error, &site))?;
    let mut target = std::io::stdout().lock();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| format!("The list is incomplete: {error}."))?;
        match target.write_all(&chunk) {
            // `assent affected | head` has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => return Err(format!("The list is incomplete: {error}.")),
            Ok(()) => {}
        }
    }
    target.flush().map_err(|error| format!("The list is incomplete: {error}."))
}
