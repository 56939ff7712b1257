//! Owns asking `cargo deny` what dependencies are: their licences, where they come from, and what is known against them.
//! Refuses to install it, and to call advisories checked where their database cannot be fetched.

use anyhow::Result;

use crate::cargo::{cargo, find, must_run};

pub(crate) fn deny() -> Result<()> {
    if find("cargo-deny").is_none() {
        println!("skipped: cargo-deny is missing, install it by: cargo install --locked cargo-deny");
        return Ok(());
    }
    must_run(cargo().args(["deny", "check", "licenses", "bans", "sources"]), "cargo deny")?;
    if must_run(cargo().args(["deny", "fetch", "db"]), "fetching the advisories").is_err() {
        println!("skipped: advisories; their database cannot be fetched from here");
        return Ok(());
    }
    must_run(cargo().args(["deny", "check", "advisories"]), "cargo deny")
}
