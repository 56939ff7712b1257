//! Owns the way to the benchmarks: a release build with the real widget in it, and what they are compared with.
//! Refuses to measure; that is `tests/bench`'s work.

use std::process::Command;

use anyhow::Result;

use crate::cargo::{binaries, cargo, environment, find, must_run};
use crate::postgres::Cluster;
use crate::{packages, wasm};

/// The peers whose banners `bench page` shows beside ours, at the versions that its figures name.
const PEERS: [(&str, &str); 2] = [("vanilla-cookieconsent", "3.1.0"), ("cookies-eu-banner", "3.0.0")];

/// The peer beside which `bench server` records, and what it reaches PostgreSQL by.
const BACKEND: [(&str, &str); 3] = [("@c15t/backend", "2.2.1"), ("kysely", "0.28.18"), ("pg", "8.23.1")];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Which benchmark, and its own options
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    wasm::build()?;
    if options.arguments.is_empty() || options.arguments.iter().any(|name| name == "server") {
        let _ = packages::from_npm(&BACKEND).inspect_err(|error| println!("{error:#}"));
    }
    if options.arguments.is_empty() || options.arguments.iter().any(|name| name == "page") {
        // The other benchmarks can do without; this one says at its turn what it lacks.
        let _ = browser().inspect_err(|error| println!("{error:#}"));
        let _ = packages::from_npm(&PEERS).inspect_err(|error| println!("{error:#}"));
    }
    // Both packages: the benchmarks measure the server's own binary.
    let mut build = cargo();
    build.args(["build", "--release", "--package", "assent", "--package", "assent-tests", "--bins"]);
    must_run(&mut build, "the release build")?;
    let mut bench = Command::new(binaries("release")?.join("bench"));
    bench.args(&options.arguments);
    // A server of its own, with the settings that people's have: what is promised as durable is flushed.
    let wanted =
        |name: &str| options.arguments.is_empty() || options.arguments.iter().any(|each| each == name);
    let cluster = match packages::postgres_binaries() {
        Some(programs) if ["server", "export", "admin"].into_iter().any(wanted) && !given() => {
            Some(Cluster::start(&programs)?)
        }
        _ => None,
    };
    if let Some(cluster) = &cluster {
        bench.env(SERVER, cluster.url());
    }
    must_run(&mut bench, "the benchmark")
}

/// The setting that names a PostgreSQL server.
const SERVER: &str = "ASSENT_TEST_POSTGRES_URL";

fn given() -> bool {
    environment(SERVER).is_some()
}

fn browser() -> Result<()> {
    if find("chromedriver").is_some() {
        return Ok(());
    }
    packages::install(&["chromium", "chromium-driver"])
}
