//! Owns what is the widget's alone when it is built: what it is made of, and its size budget.
//! Refuses to build it; `wasm.rs` does.

use anyhow::{Result, bail};

use crate::wasm::{Bundle, Module, read, without_comments};

/// What a visitor who sees the banner downloads beside the tag: module and glue, compressed. 64 KiB is a second
/// on a slow phone connection (0.5 Mbit/s); within that second the banner must become alive.
const BUDGET: usize = 64 * 1024;

pub(crate) const MODULE: Module = Module {
    name: "widget",
    features: "hydrate",
    inputs: &[
        "widget/Cargo.toml",
        "widget/dialog.css",
        "widget/later",
        "widget/later.js",
        "widget/src",
        "xtask/src/widget.rs",
    ],
    script: later,
    accept: within_budget,
};

/// What comes after the first picture, and travels with the glue: `later.js` with its parts in the places of their
/// `//= later/NAME.js` lines. It loads the module, so it says what it demands of it; the tag does not have to. It brings a style.
fn later(integrity: &str) -> Result<String> {
    let look = without_comments(&read("widget/later/look.css")?).replace('\n', "");
    let mut whole = format!("const WASM = {integrity:?};\nconst LOOK = {look:?};\n");
    for line in read("widget/later.js")?.lines() {
        match line.trim().strip_prefix("//= ") {
            Some(part) => whole += &read(&format!("widget/{part}"))?,
            None => whole = whole + line + "\n",
        }
    }
    Ok(whole)
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
