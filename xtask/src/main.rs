//! Owns the list of Assent's tasks: what `cargo xtask` offers, in the order in which people need it.
//! Refuses to know how any of them is done; each has its own file.
#![expect(clippy::print_stdout, reason = "a task says on the terminal what it does and how far it is")]

mod bench;
mod cargo;
mod checks;
mod deny;
mod package;
mod packages;
mod postgres;
mod run;
mod steps;
mod test;
mod toolchain;
mod verifier;
mod wasm;
mod widget;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Assent's tasks. A new clone needs two of them: `run` and `test`.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build everything and serve the demo page
    Run(run::Options),
    /// Check and test everything
    Test(test::Options),
    /// Build the release binary, widget included
    Build,
    /// Build the static binary that images and other machines take
    Package(package::Options),
    /// Build the widget, held against its size budget, and the verifier, both for the browser
    Widget,
    /// Check the repository's own rules alone
    Rules,
    /// Ask cargo-deny about the dependencies, where it is installed
    Deny,
    /// Measure: bytes, pages, recording, the ledger, exports, the operator's side
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Cli::parse().task {
        Task::Run(options) => run::run(&options),
        Task::Test(options) => return test::test(&options),
        Task::Build => run::build(),
        Task::Package(options) => package::package(&options),
        Task::Widget => wasm::build(),
        Task::Rules => checks::check(),
        Task::Deny => deny::deny(),
        Task::Bench(options) => bench::bench(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
