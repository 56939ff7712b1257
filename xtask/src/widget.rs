//! Owns the widget's way from source to the files that the server embeds, and its size budget.
//! Refuses to write anything when nothing changed, so that the server is not rebuilt without need.

mod bundle;
mod stamp;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::cargo::{must_run, workspace};
use crate::toolchain::{TARGET, Toolchain};
use bundle::Bundle;

/// What a visitor who sees the banner downloads beside the tag: module and glue, compressed. 64 KiB is a second
/// on a slow phone connection (0.5 Mbit/s); within that second the banner must become alive.
const BUDGET: usize = 64 * 1024;

const STEPS: usize = 5;

/// Builds the widget if anything it is made of changed; an error if it is larger than its budget.
pub(crate) fn build() -> Result<()> {
    let output = workspace().join("target/widget");
    let work = workspace().join("target/wasm-build");
    let stamp_file = work.join("stamp");

    let before = fs::read_to_string(&stamp_file).unwrap_or_default();
    if let Some(toolchain) = Toolchain::present()
        && stamp::of_inputs(workspace(), &toolchain)? == before
        && let Some(bundle) = Bundle::read(&output)
    {
        println!("widget: unchanged, {}", bundle.sizes());
        return within_budget(&bundle);
    }

    step(1, "finding a compiler for WebAssembly");
    let toolchain = Toolchain::obtain()?;
    println!("      {}", toolchain.describe()?);
    // Taken before compiling: what is edited meanwhile makes the next build a new one.
    let stamp = stamp::of_inputs(workspace(), &toolchain)?;

    step(2, "compiling the widget");
    let module = compile(&toolchain, &work)?;

    step(3, "writing the bridge between module and page");
    let (js, wasm) = bundle::bind(&module)?;
    let js = js + &bundle::without_comments(&later(&bundle::integrity(&wasm))?);

    step(4, "compressing");
    let bundle = Bundle::pack(js, wasm)?;

    step(5, &bundle.sizes());
    within_budget(&bundle)?;
    bundle.write(&output)?;
    fs::write(&stamp_file, stamp).with_context(|| format!("cannot write {}", stamp_file.display()))
}

/// What comes after the first picture, and travels with the glue: `later.js` with its parts in the places of their
/// `//= later/NAME.js` lines. It loads the module, so it says what it demands of it; the tag does not have to. It brings a style.
fn later(integrity: &str) -> Result<String> {
    let read = |name: &str| {
        let path = workspace().join("widget").join(name);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let look = bundle::without_comments(&read("later/look.css")?).replace('\n', "");
    let mut whole = format!("const WASM = {integrity:?};\nconst LOOK = {look:?};\n");
    for line in read("later.js")?.lines() {
        match line.trim().strip_prefix("//= ") {
            Some(part) => whole += &read(part)?,
            None => whole = whole + line + "\n",
        }
    }
    Ok(whole)
}

fn step(number: usize, what: &str) {
    println!("[{number}/{STEPS}] {what}");
}

/// Compiles the plain library as a module. The crate itself stays a plain library: "cdylib" in its manifest would
/// silently turn link-time optimisation off and double the size.
fn compile(toolchain: &Toolchain, work: &Path) -> Result<PathBuf> {
    let mut command = toolchain.cargo_rustc(work);
    command.args(["--package", "assent-widget", "--lib", "--crate-type", "cdylib"]);
    command.args(["--profile", "widget", "--features", "hydrate"]);
    must_run(&mut command, "compiling the widget")?;
    Ok(work.join(TARGET).join("widget/assent_widget.wasm"))
}

fn within_budget(bundle: &Bundle) -> Result<()> {
    let size = bundle.transferred();
    if size > BUDGET {
        bail!(
            "the widget is {size} bytes compressed, its budget is {BUDGET}: look at what came in (`twiggy top`)"
        );
    }
    Ok(())
}
