//! Owns the command line: what the operator types, and what is printed in answer.
//! Refuses to do the work itself; each command calls what the server calls.

mod audit;
mod backup;
mod doctor;
mod health;
mod keys;
mod ledger;
mod notices;
mod operators;
mod receipts;
mod sites;
mod statistics;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use assent_shared::SiteId;
use clap::{Parser, Subcommand};

use self::audit::AuditCommand;
use self::backup::{BackupArguments, RestoreArguments};
use self::doctor::DoctorArguments;
use self::health::HealthArguments;
use self::keys::KeyCommand;
use self::ledger::{EraseArguments, HoldCommand, LedgerCommand, RetentionArguments};
use self::notices::NoticeCommand;
use self::operators::OperatorCommand;
use self::receipts::{AffectedArguments, ReceiptArguments};
use self::sites::SiteCommand;
use self::statistics::StatisticsArguments;
use crate::access::Caller;
use crate::audit::Action;
use crate::clock::Clock;
use crate::config::{Flags, Settings};
use crate::demo::examples::Example;
use crate::error::Error;
use crate::export::command::{ExportArguments, ProofArguments};
use crate::notices::catalogue::ServicesCommand;
use crate::operators::links;
use crate::pages::replay;
use crate::sealer::Sealer;
use crate::state::App;
use crate::store::{Site, Store};
use crate::verify::Verification;
use crate::{Server, data, demo, log};

/// Assent: cookie consent with receipts that anyone can check.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the tag, the widget and the API
    Serve {
        /// For the tests of crashes
        #[cfg(debug_assertions)]
        #[arg(long, hide = true, value_name = "POINT:TIMES")]
        crash_at: Option<crate::crash::CrashAt>,
    },
    Health(HealthArguments),
    /// Serve, with a demo site and its page
    Demo {
        /// A folder of example sites to serve too, each under a name of its own
        #[arg(long, value_name = "FOLDER")]
        examples: Option<PathBuf>,
    },
    /// Add, change and list sites, and see where their tags are
    #[command(subcommand)]
    Site(SiteCommand),
    /// Invite operators, change what they may, let them back in
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// Make and revoke operator keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Write, publish and compare notices
    #[command(subcommand)]
    Notice(NoticeCommand),
    /// Show the services that the catalogue knows; needs no database
    #[command(subcommand)]
    Services(ServicesCommand),
    /// Say where a file's receipts can be seen as they were shown
    Replay {
        /// What a visitor downloaded, or an export as jsonl
        file: PathBuf,
        /// The server, where it is not the pages' own host
        #[arg(long, value_name = "https://HOST")]
        server: Option<String>,
    },
    Receipt(ReceiptArguments),
    Affected(AffectedArguments),
    /// Look after the ledgers of receipts
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Read, export and look after the log of what operators did
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Say what is stored, where, how long, and who may see it
    Data {
        /// Print JSON, as the API has it
        #[arg(long)]
        json: bool,
    },
    Erase(EraseArguments),
    /// Keep receipts from being erased, or from being shown
    #[command(subcommand)]
    Hold(HoldCommand),
    Retention(RetentionArguments),
    /// Write a site's receipts to a file or to standard output
    Export(ExportArguments),
    /// Write the proof of one receipt, which checks without this server
    Proof(ProofArguments),
    Statistics(StatisticsArguments),
    Backup(BackupArguments),
    Restore(RestoreArguments),
    Doctor(DoctorArguments),
    /// Check a bundle, a receipt or a proof; needs no database and no network
    Verify(Verification),
}

impl Cli {
    /// Runs the command; the status is 0 if it did what was asked.
    pub async fn run(self) -> ExitCode {
        // Before any setting is read: whoever checks has no installation.
        match &self.command {
            Command::Verify(verification) => return verification.run(),
            Command::Notice(NoticeCommand::Lint(arguments)) => return arguments.run(),
            Command::Doctor(arguments) => return Box::pin(arguments.run(&self.flags)).await,
            _ => {}
        }
        // On the heap: it has room for every command's work at once.
        match Box::pin(self.execute()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => {
                let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
                ExitCode::FAILURE
            }
        }
    }

    async fn execute(self) -> Result<(), String> {
        if let Command::Services(command) = self.command {
            print(&command.run()?);
            return Ok(());
        }
        let settings = Settings::load(&self.flags)?;
        match self.command {
            #[cfg(debug_assertions)]
            Command::Serve { crash_at } => {
                crash_at.into_iter().for_each(crate::crash::arm);
                serve(settings).await
            }
            #[cfg(not(debug_assertions))]
            Command::Serve {} => serve(settings).await,
            Command::Health(arguments) => {
                print(&arguments.run(&settings).await?);
                Ok(())
            }
            Command::Demo { examples } => serve_demo(settings, examples.as_deref()).await,
            Command::Site(command) => sites::run(command, &app(&settings).await?).await,
            Command::Statistics(arguments) => arguments.run(&app(&settings).await?).await,
            Command::Replay { file, server } => {
                let text = std::fs::read_to_string(&file)
                    .map_err(|error| format!("{} cannot be read: {error}.", file.display()))?;
                let addresses = replay::addresses(&text, server.as_deref())?;
                for address in addresses {
                    print(&format!("{address}\n"));
                }
                Ok(())
            }
            Command::Ledger(command) => ledger::run(command, &settings, &app(&settings).await?).await,
            Command::Audit(command) => audit::run(command, &settings).await,
            Command::Data { json } => {
                let report = data::report(&app(&settings).await?, &Caller::command_line()).await;
                let report = report.map_err(|error| error.cause().unwrap_or_else(|| format!("{error}.")))?;
                let as_json = || serde_json::to_string_pretty(&report).map(|text| text + "\n");
                print(&if json { as_json().map_err(printable)? } else { data::as_text(&report) });
                Ok(())
            }
            Command::Erase(arguments) => {
                let store =
                    noted(&settings, Action::ReceiptErase, arguments.site(), arguments.about()).await?;
                ledger::erase(arguments, &store).await
            }
            Command::Hold(command) => {
                let store = noted(&settings, command.action(), command.site(), command.about()).await?;
                ledger::hold(command, &store).await
            }
            Command::Retention(arguments) => {
                let app = app(&settings).await?;
                known(&app.store, arguments.site()).await?;
                ledger::retention(arguments, &app).await
            }
            Command::Key(command) => keys::run(command, &settings).await,
            Command::Operator(command) => operators::run(command, &settings).await,
            Command::Notice(command) => notices::run(command, &settings).await,
            Command::Receipt(arguments) => receipts::receipt(arguments, &app(&settings).await?).await,
            Command::Affected(arguments) => receipts::affected(arguments, &app(&settings).await?).await,
            Command::Export(arguments) => {
                let app = app(&settings).await?;
                known(&app.store, &arguments.site).await?;
                arguments.run(&app).await
            }
            Command::Proof(arguments) => {
                let about = format!("{}, its proof", arguments.decision);
                let store = noted(&settings, Action::ReceiptView, &arguments.site, about).await?;
                print(&arguments.run(&store).await?);
                Ok(())
            }
            Command::Backup(arguments) => backup::backup(arguments, &settings).await,
            Command::Restore(arguments) => backup::restore(arguments, &settings).await,
            Command::Verify(_) | Command::Services(_) | Command::Doctor(_) => {
                Err("This is run without settings.".to_owned())
            }
        }
    }
}

async fn open(settings: &Settings) -> Result<Store, String> {
    Store::open(&settings.database_url, Sealer::new(settings.signing_keys())).await
}

/// What operations reach, for a command.
async fn app(settings: &Settings) -> Result<App, String> {
    let store = open(settings).await?;
    // A log that was shortened is not written on, whoever writes.
    settings.outside().compare(&store).await?;
    Ok(App::new(store, Clock::default(), settings))
}

/// The database, once the audit log has what the command is about to do to a site.
async fn noted(
    settings: &Settings,
    action: Action,
    site: &SiteId,
    about: impl Into<String>,
) -> Result<Store, String> {
    let app = app(settings).await?;
    known(&app.store, site).await?;
    note_down(&app, action, Some(site), about).await?;
    Ok(app.store.clone())
}

/// Writes down what the command line is about to do.
async fn note_down(
    app: &App,
    action: Action,
    site: Option<&SiteId>,
    about: impl Into<String>,
) -> Result<(), String> {
    let noted = crate::audit::record(app, &Caller::command_line(), action, site, about).await;
    noted.map_err(|error| error.cause().unwrap_or_else(|| format!("{error}.")))
}

async fn serve(settings: Settings) -> Result<(), String> {
    let log = log::start(&settings)?;
    let interrupted = interruption()?;
    let server = Server::start(settings).await?;
    print(&way_in(&server).await?);
    interrupted.await;
    server.stop().await;
    log.end();
    Ok(())
}

async fn serve_demo(settings: Settings, examples: Option<&Path>) -> Result<(), String> {
    let log = log::start(&settings)?;
    let interrupted = interruption()?;
    let public_url = settings.public_url.clone();
    let examples = examples.map(Example::read_all).transpose()?.unwrap_or_default();
    let pages = || examples.iter().flat_map(Example::pages).collect::<Vec<_>>();
    let server = Server::start_demo(settings, demo::Pages::with(pages())).await?;
    let port = server.address().port();
    let local = format!("http://{}", server.address());
    let url = public_url.map_or(local.clone(), |url| url.trim_end_matches('/').to_owned());
    let origins =
        [local, format!("http://localhost:{port}"), format!("http://127.0.0.1:{port}"), url.clone()];
    let way_in = way_in(&server).await?;
    let key = demo::prepare(server.store(), server.clock(), &origins).await?;
    print(&format!(
        "\nAssent is running. Stop it with Ctrl-C.\n\n  Page         {url}/\n  Script tag   <script async src=\"{url}/_assent/{site}.js\"></script>\n  Operators    {url}/admin\n{way_in}",
        site = demo::SITE
    ));
    match key {
        Some(key) => print(&format!(
            "  Operator key {key}\n               (shown once; `assent key create` makes another)\n  Export       curl -H 'Authorization: Bearer {key}' {url}/api/v1/sites/{site}/export\n",
            site = demo::SITE
        )),
        None => print("  Operator key was shown at the first start; `assent key create` makes another\n"),
    }
    for example in &examples {
        let own = |site: &SiteId| vec![demo::examples::origin(site, port)];
        example.prepare(server.store(), server.clock().now(), own).await?;
    }
    for page in pages() {
        print(&format!("  Example      {}/\n", page.origin(port)));
    }
    interrupted.await;
    print("\nStopping: answering what is under way.\n");
    server.stop().await;
    log.end();
    Ok(())
}

/// What is printed while nobody can sign in: the link that makes the first owner.
async fn way_in(server: &Server) -> Result<String, String> {
    let link = links::first(server.app()).await.map_err(explain)?;
    Ok(link.map_or_else(String::new, |link| {
        format!(
            "\nNobody can sign in yet. Become the first owner within a day, by this link:\n\n  {link}\n\n"
        )
    }))
}

/// Listens from now on for the wish to end: Ctrl-C, or a supervisor's SIGTERM. Called before the server starts, so that
/// no moment is left in which a signal would cut it off.
fn interruption() -> Result<impl Future<Output = ()>, String> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).map_err(|error| format!("Signals cannot be listened for: {error}."));
        let (mut interrupt, mut terminate) =
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
        // A file that may not grow any more fails like a full disk, and does not end the process (setrlimit(2)). Once listened to,
        // the signal never has its default effect again.
        #[cfg(target_os = "linux")]
        drop(listen(SignalKind::from_raw(25))?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}

async fn known(store: &Store, site: &SiteId) -> Result<Site, String> {
    match store.site(site).await {
        Ok(Some(site)) => Ok(site),
        Ok(None) => Err(unknown_site(site)),
        Err(error) => Err(error.to_string()),
    }
}

fn unknown_site(site: &SiteId) -> String {
    format!("There is no site `{site}`. `assent site list` shows them.")
}

/// What went wrong, as a sentence; whoever types commands may know the cause.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn explain(error: Error) -> String {
    let text = error.cause().unwrap_or_else(|| error.to_string());
    let mut letters = text.trim_end_matches('.').chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

/// An error as a person reads it.
fn printable(error: impl std::fmt::Display) -> String {
    format!("{error}.")
}

/// An instant as programs and people read it.
fn stamp(milliseconds: i64) -> String {
    jiff::Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |time| format!("{time:.0}"))
}

/// What a program may read goes to standard output; a reader that left is no reason to fail.
fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// What only a person reads goes to standard error.
fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
