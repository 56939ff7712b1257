//! Owns the process: arguments in, exit status out.
//! Refuses everything else; see `cli.rs`.

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    assent::cli::Cli::parse().run().await
}
