//! Owns the process: arguments in, exit status out.
//! Refuses everything else; see `cli.rs`.

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    assent::cli::Cli::parse().run().await
}
