//! Owns what the environment says about a run: which engines, where screenshots go, whether a gap is a failure.
//! Refuses to be asked twice: the answers are read once, in `main`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::Engine;
use crate::nginx;

const AXE: &str = "../target/tools/npm/node_modules/axe-core/axe.min.js";
const TSC: &str = "../target/tools/npm/node_modules/.bin/tsc";

/// A run's settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `ASSENT_TEST_ENGINES=chromium,firefox`; all three when unset.
    pub engines: Vec<Engine>,
    /// `ASSENT_TEST_SCREENSHOTS=folder`: one PNG per named step.
    pub screenshots: Option<PathBuf>,
    /// `CI=true`: an engine that is not installed is a failure, not an ignored test.
    pub ci: bool,
    /// `ASSENT_TEST_GECKODRIVER`: where geckodriver is, when it is neither on the `PATH` nor built by xtask.
    pub geckodriver: Option<PathBuf>,
    /// axe-core's source, if `cargo xtask test` has put it into the target folder.
    pub axe: Option<Arc<str>>,
    /// TypeScript's compiler, likewise.
    pub typescript: Option<PathBuf>,
    /// The nginx that one scenario stands behind, if there is one.
    pub nginx: Option<PathBuf>,
    /// `PATH`, where the browsers and their drivers are looked for.
    pub path: Vec<PathBuf>,
}

impl Settings {
    /// Reads the environment; an engine that does not exist is an error that names the ones that do.
    pub fn from_environment() -> anyhow::Result<Self> {
        let engines = match read("ASSENT_TEST_ENGINES") {
            None => Engine::ALL.to_vec(),
            Some(names) => names.split(',').map(|name| name.trim().parse()).collect::<anyhow::Result<_>>()?,
        };
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path =
            read("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>()).unwrap_or_default();
        Ok(Self {
            engines,
            screenshots: read("ASSENT_TEST_SCREENSHOTS").map(PathBuf::from),
            ci: read("CI").is_some_and(|ci| ci == "true" || ci == "1"),
            geckodriver: read("ASSENT_TEST_GECKODRIVER").map(PathBuf::from),
            axe: std::fs::read_to_string(here.join(AXE)).ok().map(Arc::from),
            typescript: Some(here.join(TSC)).filter(|tsc| tsc.is_file()),
            nginx: nginx::program(&path),
            path,
        })
    }
}

/// A variable of the environment, unless it is empty.
#[must_use]
#[expect(
    clippy::disallowed_methods,
    reason = "config.rs reads the product's environment; this is the tests' own"
)]
pub fn read(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
