//! Owns the commands around notices: drafts, publishing now or on a date, versions.
//! Refuses to do the work itself; each calls the operation that the pages and the API call.

use std::path::PathBuf;

use assent_shared::{PurposeId, SiteId};
use clap::Subcommand;
use jiff::Timestamp;

use super::{note, print, unknown_site};
use crate::access::Caller;
use crate::config::Settings;
use crate::error::Error;
use crate::notices::file::NoticeFile;
use crate::notices::lint::{self, LintArguments, Overriding, overriding};
use crate::publishing::{self, Done, Source, Wish};
use crate::state::App;
use crate::{drafts, versions};

#[derive(Debug, Subcommand)]
pub(super) enum NoticeCommand {
    /// Publish a notice file as the site's newest notice
    Publish {
        #[command(flatten)]
        how: How,
        /// The notice file (TOML); - reads it from standard input
        file: PathBuf,
    },
    /// Publish a notice file on a date, or show and take back what is planned
    Schedule {
        #[command(flatten)]
        how: How,
        /// When: an instant such as 2026-12-01T09:00:00Z
        #[arg(long, value_parser = instant, requires = "file")]
        at: Option<i64>,
        /// Take the plan back
        #[arg(long, conflicts_with_all = ["at", "file"])]
        cancel: bool,
        /// The notice file (TOML)
        #[arg(requires = "at")]
        file: Option<PathBuf>,
    },
    /// List the versions, newest first
    List {
        /// The site's id
        #[arg(long)]
        site: SiteId,
    },
    /// Print a version as the file that would publish it anew
    Show {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        /// Print the bytes that are hashed instead
        #[arg(long)]
        json: bool,
        /// The version's number
        number: u32,
    },
    /// Say what differs between two versions
    Compare {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        /// The older one's number
        old: u32,
        /// The newer one's number
        new: u32,
    },
    /// Make a draft of a version that was published before
    Rollback {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        /// The version's number
        number: u32,
    },
    /// Say what regulators would refuse in notice files; needs no database
    Lint(LintArguments),
    /// Read and replace the draft that is edited in the browser
    #[command(subcommand)]
    Draft(DraftCommand),
}

#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// The site's id
    #[arg(long)]
    site: SiteId,
    /// A purpose that changed so much that everybody is asked again, once for each
    #[arg(long = "material", value_name = "PURPOSE")]
    material: Vec<PurposeId>,
    /// Publish although a rule refuses it, and why (at least 20 letters); RULE@KEY=REASON for one place only
    #[arg(long = "override", value_name = "RULE=REASON", value_parser = overriding)]
    overrides: Vec<Overriding>,
    /// A sentence for the list of versions
    #[arg(long)]
    note: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DraftCommand {
    /// Print the draft, or what one would start from
    Get {
        /// The site's id
        #[arg(long)]
        site: SiteId,
    },
    /// Replace the draft by a file
    Put {
        /// The site's id
        #[arg(long)]
        site: SiteId,
        /// The revision that it was made from, as `draft get` says it [default: whatever is there]
        #[arg(long)]
        revision: Option<i64>,
        /// The notice file (TOML); - reads it from standard input
        file: PathBuf,
    },
}

impl NoticeCommand {
    /// The site that it is about; files alone are about none.
    fn site(&self) -> Option<&SiteId> {
        Some(match self {
            Self::Lint(_) => return None,
            Self::Publish { how, .. } | Self::Schedule { how, .. } => &how.site,
            Self::List { site }
            | Self::Show { site, .. }
            | Self::Compare { site, .. }
            | Self::Rollback { site, .. }
            | Self::Draft(DraftCommand::Get { site } | DraftCommand::Put { site, .. }) => site,
        })
    }
}

fn instant(text: &str) -> Result<i64, String> {
    let wrong = |_| "write an instant such as 2026-12-01T09:00:00Z".to_owned();
    text.parse::<Timestamp>().map(Timestamp::as_millisecond).map_err(wrong)
}

pub(super) async fn run(command: NoticeCommand, settings: &Settings) -> Result<(), String> {
    let site = command.site().cloned().ok_or("This is run without settings.")?;
    let app = super::app(settings).await?;
    let done = carry_out(command, &app, &Caller::command_line(), &site).await;
    app.recorder.finish().await;
    done
}

async fn carry_out(command: NoticeCommand, app: &App, caller: &Caller, site: &SiteId) -> Result<(), String> {
    app.catalog.site(site).await.map_err(|error| failed(error, site))?;
    let failed = |error: Error| match error {
        Error::NotFound => format!("The site `{site}` has no such notice. `assent notice list` shows them."),
        other => failed(other, site),
    };
    match command {
        NoticeCommand::Publish { how, file } => {
            let text = read(&file)?;
            let refused = |error: Error| format!("{}: {}", file.display(), failed(error));
            let wish = how.wish(text, None);
            match publishing::publish(app, caller, site, &wish).await.map_err(refused)? {
                Done::Published(number) => print(&format!("Published as notice {number} of `{site}`.\n")),
                Done::Unchanged | Done::Scheduled(_) => {
                    print("Nothing to publish: the newest notice says exactly this.\n");
                }
            }
        }
        NoticeCommand::Schedule { cancel: true, .. } => {
            publishing::cancel(app, caller, site).await.map_err(|error| match error {
                Error::NotFound => format!("Nothing is planned for `{site}`."),
                other => failed(other),
            })?;
            print("Taken back. Nothing is published.\n");
        }
        NoticeCommand::Schedule { how, at: Some(at), file: Some(file), .. } => {
            let text = read(&file)?;
            let refused = |error: Error| format!("{}: {}", file.display(), failed(error));
            publishing::publish(app, caller, site, &how.wish(text, Some(at))).await.map_err(refused)?;
            print(&format!("Planned for {}. A running server publishes it then.\n", time(at)));
        }
        NoticeCommand::Schedule { .. } => match publishing::plan(app, caller, site).await.map_err(failed)? {
            None => print("Nothing is planned.\n"),
            Some(plan) => {
                let (at, row) = (time(plan.row.publish_at), plan.row);
                let state = row.failure.map_or(String::new(), |why| format!("\tnot published: {why}"));
                print(&format!("{at}\t{}{state}\n", row.made_by));
            }
        },
        NoticeCommand::List { .. } => {
            let mut after = None;
            loop {
                let (versions, next) = versions::list(app, caller, site, after, 500).await.map_err(failed)?;
                for version in versions {
                    let ids: Vec<&str> = version.asked_again.iter().map(PurposeId::as_str).collect();
                    let by = version.published_by.as_deref().unwrap_or("-");
                    let (number, at) = (version.number, time(version.published_at));
                    let note = version.note.unwrap_or_default();
                    print(&format!("{number}\t{at}\t{by}\t{}\t{}\t{note}\n", ids.join(","), version.hash));
                }
                after = next;
                if after.is_none() {
                    break;
                }
            }
        }
        NoticeCommand::Show { json: true, number, .. } => {
            let notice = versions::notice(app, caller, site, number).await.map_err(failed)?;
            print(&format!("{}\n", notice.canonical_json()));
        }
        NoticeCommand::Show { number, .. } => {
            print(&versions::file(app, caller, site, number).await.map_err(failed)?.to_toml());
        }
        NoticeCommand::Compare { old, new, .. } => {
            for change in versions::compare(app, caller, site, old, new).await.map_err(failed)? {
                print(&format!("{}{}\n", change.at, if change.material { "\tmaterial" } else { "" }));
                for (sign, text) in [('-', &change.before), ('+', &change.after)] {
                    for line in text.iter().flat_map(|text| text.lines()) {
                        print(&format!("  {sign} {line}\n"));
                    }
                }
            }
        }
        NoticeCommand::Lint(_) => return Err("This is run without settings.".to_owned()),
        NoticeCommand::Rollback { number, .. } => {
            let revision = drafts::get(app, caller, site).await.map_err(failed)?.revision;
            let draft = drafts::roll_back(app, caller, site, revision, number).await.map_err(failed)?;
            print(&format!("The draft is notice {number} now, with the revision {}.\n", draft.revision));
            note("Publish it in the browser, or by the API; `assent notice draft get` prints it.");
        }
        NoticeCommand::Draft(DraftCommand::Get { .. }) => {
            let draft = drafts::get(app, caller, site).await.map_err(failed)?;
            print(&draft.text);
            note(&format!("Revision {}.", draft.revision));
        }
        NoticeCommand::Draft(DraftCommand::Put { revision, file, .. }) => {
            let text = read(&file)?;
            let there = drafts::get(app, caller, site).await.map_err(failed)?.revision;
            let saved = drafts::save(app, caller, site, revision.unwrap_or(there), &text).await;
            let draft = saved.map_err(|error| format!("{}: {}", file.display(), failed(error)))?;
            print(&format!("Saved with the revision {}.\n", draft.revision));
        }
    }
    Ok(())
}

impl How {
    /// What is wished of a text. A rule without a place is overridden wherever it refuses.
    fn wish(self, text: String, at: Option<i64>) -> Wish {
        let findings = NoticeFile::read(&text).map(|file| lint::lint(&file)).unwrap_or_default();
        let overrides = Overriding::all(&self.overrides, &findings);
        Wish { source: Source::Text(text), material: self.material, overrides, note: self.note, at }
    }
}

fn failed(error: Error, site: &SiteId) -> String {
    match error {
        Error::NotFound => unknown_site(site),
        other => other.cause().unwrap_or_else(|| other.to_string()),
    }
}

fn read(file: &std::path::Path) -> Result<String, String> {
    let read = if file == std::path::Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    read.map_err(|error| format!("{} cannot be read: {error}.", file.display()))
}

fn time(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds).map_or_else(|_| milliseconds.to_string(), |at| at.to_string())
}
