//! Owns nothing but the way to the benchmarks: a release build with the real widget in it.
//! Refuses to measure; that is `tests/src/bin/bench`'s work.

use anyhow::Result;

use crate::cargo::cargo;
use crate::{run, widget};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which benchmark, and its own options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    widget::build()?;
    let mut command = cargo();
    command
        .args(["run", "--release", "--package", "assent-tests", "--bin", "bench", "--"])
        .args(&options.arguments);
    run::become_(&mut command)
}
