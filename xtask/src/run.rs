//! Owns starting the server from a fresh clone, and building the binary that is shipped.
//! Refuses to configure it: every option is the server's own and is handed on.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{binaries, cargo, must_run, workspace};
use crate::wasm;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build with optimisations
    #[arg(long)]
    release: bool,
    /// Serve the sites in `examples/` too, each under a name of its own
    #[arg(long)]
    examples: bool,
    /// The server's own options, such as `--port 9000`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let binary = build_server(options.release)?;
    let mut demo = Command::new(binary);
    demo.arg("demo");
    if options.examples {
        demo.arg("--examples").arg(workspace().join("examples"));
    }
    become_(demo.args(&options.arguments))
}

pub(crate) fn build() -> Result<()> {
    let binary = build_server(true)?;
    println!("the server is {}", binary.display());
    Ok(())
}

fn build_server(release: bool) -> Result<std::path::PathBuf> {
    wasm::build()?;
    println!("building the server");
    let mut command = cargo();
    command.args(["build", "--package", "assent"]);
    if release {
        command.arg("--release");
    }
    must_run(&mut command, "cargo build")?;
    let name = format!("assent{}", std::env::consts::EXE_SUFFIX);
    Ok(binaries(if release { "release" } else { "debug" })?.join(name))
}

/// Replaces this program by another one, so that Ctrl-C and signals reach the other one alone.
#[cfg(unix)]
pub(crate) fn become_(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let name = command.get_program().to_string_lossy().into_owned();
    Err(anyhow::Error::new(command.exec()).context(format!("cannot start {name}")))
}

/// Runs another program to its end; both get Ctrl-C, and the other one decides.
#[cfg(not(unix))]
pub(crate) fn become_(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    must_run(command, &name)
}
