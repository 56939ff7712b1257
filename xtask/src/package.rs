//! Owns the binary that runs anywhere: static, with its own C library, so that an image needs nothing else.
//! Refuses to hand out one that is not static, or that does not start.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cargo::{cargo, environment, find, must_run, output_of, workspace};
use crate::{packages, wasm};

/// A system whose C library is made to be linked in.
const TARGETS: [(&str, &str); 2] =
    [("x86_64", "x86_64-unknown-linux-musl"), ("aarch64", "aarch64-unknown-linux-musl")];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Put the binary there [default: target/package/assent]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Build without optimisations, to see whether it can be built
    #[arg(long)]
    debug: bool,
}

pub(crate) fn package(options: &Options) -> Result<()> {
    let target = TARGETS.into_iter().find(|(machine, _)| *machine == std::env::consts::ARCH);
    let (_, target) = target.filter(|_| cfg!(target_os = "linux")).context(
        "a static binary is made on Linux, on x86_64 or aarch64; `cargo xtask build` makes one for this machine",
    )?;
    wasm::build()?;
    let compiler = prepare(target)?;
    println!("building the server for {target}");
    let folder = environment("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from);
    let mut build = cargo();
    build.args(["build", "--package", "assent", "--target", target]);
    if !options.debug {
        // What shows where a panic came from stays; what only a debugger reads does not.
        build.arg("--release").env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    }
    // SQLite and the cryptography of TLS are C.
    build.env(format!("CC_{}", target.replace('-', "_")), compiler);
    must_run(&mut build, "cargo build")?;
    let binary = folder.join(target).join(if options.debug { "debug" } else { "release" }).join("assent");
    let needed = output_of(Command::new("readelf").arg("--dynamic").arg(&binary))?;
    if needed.contains("(NEEDED)") {
        bail!("{} is not static: {needed}", binary.display());
    }
    let version = output_of(Command::new(&binary).arg("--version"))?;
    let to = options.output.clone().unwrap_or_else(|| workspace().join("target/package/assent"));
    std::fs::create_dir_all(to.parent().context("an output file has a folder")?)?;
    std::fs::copy(&binary, &to).with_context(|| format!("cannot write {}", to.display()))?;
    let bytes = std::fs::metadata(&to)?.len();
    println!("{version}, static, {bytes} bytes: {}", to.display());
    Ok(())
}

/// The C compiler, once the library of Rust and that of C are here.
fn prepare(target: &str) -> Result<&'static str> {
    let library = PathBuf::from(output_of(Command::new("rustc").args(["--print", "sysroot"]))?);
    if !library.join("lib/rustlib").join(target).join("lib").is_dir() {
        must_run(Command::new("rustup").args(["target", "add", target]), "rustup target add")?;
    }
    if find("musl-gcc").is_none() {
        packages::install(&["musl-tools"])?;
    }
    Ok("musl-gcc")
}
