//! Owns the command `assent doctor`: what is printed, and the exit status.
//! Refuses to change anything, and to fail where the settings do: that is what it is asked about.

use std::process::ExitCode;

use clap::Args;

use super::print;
use crate::clock::Clock;
use crate::config::{Flags, Settings};
use crate::doctor::{self, Finding, State};

/// Look at settings, machine, database, ledgers and sites, and say what to do; changes nothing
#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// Print JSON: a list of what was looked at
    #[arg(long)]
    json: bool,
    /// Leave out what is as it should be
    #[arg(long)]
    quiet: bool,
}

impl DoctorArguments {
    /// The status is 0 unless something is wrong.
    pub(super) async fn run(&self, flags: &Flags) -> ExitCode {
        let mut found = match Settings::load(flags) {
            Ok(settings) => doctor::examine(&settings, &Clock::default()).await,
            Err(error) => vec![Finding::wrong(
                "settings",
                error,
                "Put it right in the file, the environment or the flag that it names; docs/configuration.md has every setting.",
            )],
        };
        let wrong = found.iter().any(|finding| finding.state == State::Wrong);
        if self.quiet {
            found.retain(|finding| finding.state != State::Ok);
        }
        if self.json {
            print(&(serde_json::to_string_pretty(&found).unwrap_or_default() + "\n"));
        } else {
            for finding in &found {
                print(&format!("{finding}\n"));
            }
        }
        if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
