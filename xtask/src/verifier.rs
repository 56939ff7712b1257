//! Owns what is the verifier's alone when it is built: what it is made of.
//! Refuses to build it; `wasm.rs` does.

use anyhow::Result;

use crate::wasm::{Module, read};

pub(crate) const MODULE: Module = Module {
    name: "verifier",
    features: "",
    inputs: &["verifier/Cargo.toml", "verifier/page.js", "verifier/src", "xtask/src/verifier.rs"],
    script: page,
    // Who checks a ledger waits for the file, not for the module.
    accept: |_| Ok(()),
};

fn page(_: &str) -> Result<String> {
    read("verifier/page.js")
}
