//! Owns the way of what runs in browsers from Rust to the files that the server embeds: the same steps for every module.
//! Refuses to write anything when nothing changed, so that the server is not rebuilt without need.

mod bundle;
mod stamp;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

pub(crate) use bundle::{Bundle, without_comments};

use crate::cargo::{must_run, workspace};
use crate::toolchain::{TARGET, Toolchain};
use crate::{verifier, widget};

const STEPS: usize = 5;

/// A crate that becomes a module of WebAssembly with its glue.
pub(crate) struct Module {
    /// The name of its files, of its folder in `target/`, of its profile, and of its crate behind `assent-`.
    pub(crate) name: &'static str,
    /// Its crate's features in the browser.
    pub(crate) features: &'static str,
    /// The files and folders that it is made of, beside those that all are made of.
    pub(crate) inputs: &'static [&'static str],
    /// What is written by hand and comes behind the glue, in one file with it, given what the module is demanded to be (SRI).
    pub(crate) script: fn(&str) -> Result<String>,
    /// Whether it may be as it is.
    pub(crate) accept: fn(&Bundle) -> Result<()>,
}

/// Builds what changed of all that the server embeds.
pub(crate) fn build() -> Result<()> {
    widget::MODULE.build()?;
    verifier::MODULE.build()
}

impl Module {
    /// Builds the module if anything that it is made of changed; an error if it may not be as it is.
    fn build(&self) -> Result<()> {
        let name = self.name;
        let output = workspace().join("target").join(name);
        let work = workspace().join("target/wasm-build");
        let stamp_file = work.join(format!("{name}.stamp"));

        let before = fs::read_to_string(&stamp_file).unwrap_or_default();
        if let Some(toolchain) = Toolchain::present()
            && stamp::of_inputs(workspace(), self.inputs, &toolchain)? == before
            && let Some(bundle) = Bundle::read(name, &output)
        {
            println!("{name}: unchanged, {}", bundle.sizes());
            return (self.accept)(&bundle);
        }

        step(1, "finding a compiler for WebAssembly");
        let toolchain = Toolchain::obtain()?;
        println!("      {}", toolchain.describe()?);
        // Taken before compiling: what is edited meanwhile makes the next build a new one.
        let stamp = stamp::of_inputs(workspace(), self.inputs, &toolchain)?;

        step(2, &format!("compiling the {name}"));
        let module = self.compile(&toolchain, &work)?;

        step(3, "writing the bridge between module and page");
        let (js, wasm) = bundle::bind(name, &module)?;
        let js = js + &without_comments(&(self.script)(&bundle::integrity(&wasm))?);

        step(4, "compressing");
        let bundle = Bundle::pack(name, js, wasm)?;

        step(5, &bundle.sizes());
        (self.accept)(&bundle)?;
        bundle.write(&output)?;
        fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))
    }

    /// Compiles the plain library as a module. The crate itself stays a plain library: "cdylib" in its manifest would
    /// silently turn link-time optimisation off and double the size.
    fn compile(&self, toolchain: &Toolchain, work: &Path) -> Result<PathBuf> {
        let name = self.name;
        let mut command = toolchain.cargo_rustc(work);
        command.args(["--package", &format!("assent-{name}"), "--lib", "--crate-type", "cdylib"]);
        command.args(["--profile", name, "--features", self.features]);
        must_run(&mut command, &format!("compiling the {name}"))?;
        Ok(work.join(TARGET).join(name).join(format!("assent_{name}.wasm")))
    }
}

fn step(number: usize, what: &str) {
    println!("[{number}/{STEPS}] {what}");
}

/// A file of the workspace.
pub(crate) fn read(path: &str) -> Result<String> {
    fs::read_to_string(workspace().join(path)).with_context(|| format!("cannot read {path}"))
}
