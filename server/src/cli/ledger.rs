//! Owns the commands around the ledger: its state, a new key, going on after a fork, erasing, holds and retention.
//! Refuses to do the work itself; each command calls what the server calls.

use assent_shared::ledger::Reason;
use assent_shared::{SiteId, VisitorId};
use clap::{Args, Subcommand, ValueEnum};
use data_encoding::HEXLOWER;

use super::{note_down, print, printable};
use crate::access::Caller;
use crate::audit::Action;
use crate::clock::Clock;
use crate::config::Settings;
use crate::recheck::{self, Checked};
use crate::sites;
use crate::sites::fields::Changes;
use crate::state::App;
use crate::store::{Erasure, HoldRow, Store};
use crate::witnesses;

#[derive(Debug, Subcommand)]
pub(super) enum LedgerCommand {
    /// Show each site's ledger: its size, its newest checkpoint, and whether it may go on
    Status,
    /// Recompute every ledger from what the database holds: each receipt, the tree above it, the signed checkpoint
    Verify,
    /// Begin a new ledger for a site whose database is behind what was published, linked to the one that ends
    Resume {
        /// The site's id
        #[arg(long)]
        site: SiteId,
    },
}

/// Erase everything of one visitor at a site
#[derive(Debug, Args)]
pub(super) struct EraseArguments {
    /// The site's id
    #[arg(long)]
    site: SiteId,
    /// Whose receipts: v_…
    #[arg(long)]
    visitor: VisitorId,
}

#[derive(Debug, Subcommand)]
pub(super) enum HoldCommand {
    /// Keep receipts from being erased
    Add {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        /// Whose receipts: v_… [default: everybody's]
        #[arg(long)]
        visitor: Option<VisitorId>,
        /// What it is
        #[arg(long, value_enum)]
        kind: HoldKind,
        /// Why
        #[arg(long)]
        reason: String,
        /// Who says so
        #[arg(long)]
        by: String,
    },
    /// End a hold
    Lift {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        /// The hold's id, from `assent hold list`
        hold: String,
    },
    /// List a site's holds
    List {
        /// The site's id
        #[arg(long)]
        site: SiteId,
    },
}

impl EraseArguments {
    pub(super) fn site(&self) -> &SiteId {
        &self.site
    }

    /// As the audit log has it.
    pub(super) fn about(&self) -> String {
        self.visitor.to_string()
    }
}

impl RetentionArguments {
    pub(super) fn site(&self) -> &SiteId {
        &self.site
    }
}

impl HoldCommand {
    pub(super) fn site(&self) -> &SiteId {
        match self {
            Self::Add { site, .. } | Self::Lift { site, .. } | Self::List { site } => site,
        }
    }

    /// What the audit log calls it.
    pub(super) fn action(&self) -> Action {
        match self {
            Self::Add { .. } => Action::HoldMake,
            Self::Lift { .. } => Action::HoldLift,
            Self::List { .. } => Action::HoldList,
        }
    }

    /// As the audit log has it.
    pub(super) fn about(&self) -> String {
        match self {
            Self::Add { visitor, .. } => visitor.as_ref().map_or("everybody".to_owned(), ToString::to_string),
            Self::Lift { hold, .. } => hold.clone(),
            Self::List { .. } => "all".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum HoldKind {
    /// Kept, and neither shown nor exported (GDPR art. 18)
    Restriction,
    /// Kept for legal claims (GDPR art. 17(3)(e))
    LegalHold,
}

/// How long a site's receipts are kept
#[derive(Debug, Args)]
pub(super) struct RetentionArguments {
    /// The site's id
    #[arg(long)]
    site: SiteId,
    /// Erase receipts after so many days
    #[arg(long, required_unless_present = "keep", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    /// Keep them until somebody erases them
    #[arg(long, conflicts_with = "days")]
    keep: bool,
}

pub(super) async fn run(command: LedgerCommand, settings: &Settings, app: &App) -> Result<(), String> {
    let (outside, store) = (settings.outside(), &app.store);
    match command {
        LedgerCommand::Status => {
            compare(settings, store).await?;
            for site in store.sites().await.map_err(printable)? {
                let Some(ledger) = store.ledger(&site.id).await.map_err(printable)? else { continue };
                let state = match store.sealer().refusal(&site.id, ledger.ledger) {
                    Some(refusal) => format!("STOPPED: {refusal}"),
                    None => "goes on".to_owned(),
                };
                print(&format!(
                    "{}\t{} leaves\t{state}\n{}\n",
                    site.id,
                    ledger.leaves,
                    ledger.checkpoint.unwrap_or_default()
                ));
            }
        }
        LedgerCommand::Verify => {
            for checked in recheck::every_ledger(store).await? {
                let Checked { site, ledger, leaves, receipts, erased } = checked;
                print(&format!(
                    "{site}\tledger {ledger}\t{leaves} leaves\t{receipts} receipts\t{erased} erased\tas signed\n"
                ));
            }
        }
        LedgerCommand::Resume { site } => {
            compare(settings, store).await?;
            let ledger = store.ledger(&site).await.map_err(printable)?;
            let Some(ledger) = ledger else { return Err(super::unknown_site(&site)) };
            let Some(refusal) = store.sealer().refusal(&site, ledger.ledger) else {
                return Err(format!(
                    "The ledger of `{site}` is not behind what was published, so there is nothing to resume. It goes on by itself."
                ));
            };
            note_down(app, Action::LedgerResume, Some(&site), &ledger.origin).await?;
            // A witness may know more than what is kept here.
            let published = outside.newest(&site).await?.map_or(0, |checkpoint| checkpoint.size);
            let published = refusal.sizes().map_or(published, |(seen, _)| seen.max(published));
            let ended =
                store.resume_ledger(&site, published, Clock::default().now()).await.map_err(printable)?;
            print(&format!(
                "Ledger {} of `{site}` has ended with {} leaves; {published} were published. Ledger {} goes on and is linked to it. \
                 What lies between is lost here: keep the exports and receipts that others hold.\n",
                ended.ledger,
                ended.leaves,
                ended.ledger + 1
            ));
        }
    }
    Ok(())
}

/// Holds every ledger against what is kept of it elsewhere.
async fn compare(settings: &Settings, store: &Store) -> Result<(), String> {
    settings.outside().compare(store).await?;
    witnesses::compare(&settings.witness_keys()?, store).await;
    Ok(())
}

/// Adds a signing key and hands every ledger over to it.
pub(super) async fn rotate_key(settings: &Settings, app: &App) -> Result<(), String> {
    let store = &app.store;
    settings.outside().compare(store).await?;
    note_down(app, Action::SigningKeyAdd, None, "").await?;
    store.sealer().add_key()?;
    for site in store.sites().await.map_err(printable)? {
        let handed_over = store.hand_over(&site.id, Clock::default().now()).await;
        match handed_over {
            Ok(true) => {
                let ledger = store.ledger(&site.id).await.map_err(printable)?;
                let key = ledger.and_then(|ledger| ledger.signing_key).unwrap_or_default();
                print(&format!(
                    "`{}` is signed by {key} from now on; the handover is signed by both keys.\n",
                    site.id
                ));
            }
            // Nothing was signed yet: the new key will be the first.
            Ok(false) => {}
            Err(error) => {
                return Err(format!("The key was added, but `{}` was not handed over: {error}.", site.id));
            }
        }
    }
    print("Keep a copy of the signing key file. Publish the new keys where you published the former ones.\n");
    Ok(())
}

pub(super) async fn erase(
    EraseArguments { site, visitor }: EraseArguments,
    store: &Store,
) -> Result<(), String> {
    match store.erase_visitor(&site, &visitor, Reason::Request, Clock::default().now()).await {
        Ok(Erasure::Done(0)) => print(&format!("`{site}` has no receipts of {visitor}.\n")),
        Ok(Erasure::Done(count)) => print(&format!(
            "Erased {count} receipts of {visitor}. The ledger still proves that so many were there, and nothing else about them. \
             Copies of the database hold them until they are renewed.\n"
        )),
        Ok(Erasure::Held(hold)) => {
            return Err(format!(
                "Nothing was erased: {} has put them under `{}` (hold {}): {}.",
                hold.made_by, hold.kind, hold.hold_id, hold.reason
            ));
        }
        Err(error) => return Err(printable(error)),
    }
    Ok(())
}

pub(super) async fn hold(command: HoldCommand, store: &Store) -> Result<(), String> {
    let now = Clock::default().now();
    match command {
        HoldCommand::Add { site, visitor, kind, reason, by } => {
            let mut id = [0; 4];
            getrandom::fill(&mut id)
                .map_err(|error| format!("The system gives no random bytes: {error}."))?;
            let kind = match kind {
                HoldKind::Restriction => "restriction",
                HoldKind::LegalHold => "legal_hold",
            };
            let hold = HoldRow {
                hold_id: HEXLOWER.encode(&id),
                visitor: visitor.map(|visitor| visitor.to_string()),
                kind: kind.to_owned(),
                reason,
                made_by: by,
                made_at: now,
                lifted_at: None,
            };
            store.add_hold(&site, &hold).await.map_err(printable)?;
            print(&format!("Held. `assent hold lift --site {site} {}` ends it.\n", hold.hold_id));
        }
        HoldCommand::Lift { site, hold } => {
            if !store.lift_hold(&site, &hold, now).await.map_err(printable)? {
                return Err(format!(
                    "`{site}` has no hold {hold} that is still there. `assent hold list` shows them."
                ));
            }
            print("Lifted. What is due by retention is erased within the hour.\n");
        }
        HoldCommand::List { site } => {
            for hold in store.holds(&site).await.map_err(printable)? {
                let state = if hold.lifted_at.is_some() { "lifted" } else { "holds" };
                let whose = hold.visitor.as_deref().unwrap_or("everybody");
                print(&format!(
                    "{}\t{state}\t{}\t{whose}\t{}\t{}\n",
                    hold.hold_id, hold.kind, hold.made_by, hold.reason
                ));
            }
        }
    }
    Ok(())
}

pub(super) async fn retention(arguments: RetentionArguments, app: &App) -> Result<(), String> {
    let RetentionArguments { site, days, .. } = arguments;
    let changes = Changes { retention_days: Some(days.map(i64::from)), ..Changes::default() };
    let done = sites::change(app, &Caller::command_line(), &site, changes).await;
    done.map_err(|error| error.cause().unwrap_or_else(|| format!("{error}.")))?;
    match days {
        Some(days) => {
            print(&format!("Receipts of `{site}` are erased after {days} days, unless they are held.\n"));
        }
        None => print(&format!("Receipts of `{site}` are kept until somebody erases them.\n")),
    }
    Ok(())
}
