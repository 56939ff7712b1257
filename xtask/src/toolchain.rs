//! Owns obtaining a compiler and a standard library for WebAssembly, on an ordinary machine and on one without rustup's server.
//! Refuses to know what is compiled with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::cargo::{cargo, find, output_of, run_within};
use crate::packages;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler for the web, with the library source that matches it.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_PACKAGES: [&str; 2] = ["rustc-web", "rust-web-src"];
/// The linker, where no rustup toolchain has one.
const DEBIAN_LINKER: &str = "lld-22";

/// The oldest compiler that the workspace builds with; Debian's ordinary `rustc` package is older.
const OLDEST_MINOR: u32 = 94;

/// rustup retries for minutes when its server does not answer; a good one needs a few seconds.
const RUSTUP_PATIENCE: Duration = Duration::from_mins(1);

/// Settings that are meant for the caller's own builds and would change or break this one.
const INHERITED: [&str; 9] = [
    "CARGO_BUILD_",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CARGO_UNSTABLE_",
    "LD_LIBRARY_PATH",
    "RUSTC",
    "RUSTFLAGS",
];

/// A way to compile for WebAssembly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The ordinary compiler, rebuilding the standard library for size from the source that rustup brings.
    Rebuilt,
    /// Debian's compiler, rebuilding the standard library for size from Debian's source.
    Debian { linker: PathBuf },
    /// The ordinary compiler, with the standard library that it ships; a third more bytes.
    Shipped,
}

impl Toolchain {
    /// The best toolchain that is on this machine already.
    pub(crate) fn present() -> Option<Self> {
        Self::rebuilt().or_else(Self::debian).or_else(|| has_shipped_std().then_some(Self::Shipped))
    }

    /// Finds a toolchain or obtains one, saying how. Rebuilding the standard library comes first, wherever its source
    /// comes from, because only so does the widget stay within its budget.
    pub(crate) fn obtain() -> Result<Self> {
        if let Some(ready) = Self::rebuilt().or_else(Self::debian) {
            return Ok(ready);
        }
        let from_rustup = || rustup(&["component", "add", "rust-src"]).then(Self::rebuilt)?;
        if let Some(added) = from_rustup() {
            return Ok(added);
        }
        match Self::install_debian() {
            Ok(installed) => Ok(installed),
            Err(refused) => {
                println!("      {refused:#}");
                if has_shipped_std() || rustup(&["target", "add", TARGET]) && has_shipped_std() {
                    return Ok(Self::Shipped);
                }
                Err(refused.context(format!(
                    "no compiler for {TARGET}: `rustup component add rust-src` brings one where its server can be reached"
                )))
            }
        }
    }

    fn rebuilt() -> Option<Self> {
        has_source(&sysroot("rustc")?).then_some(Self::Rebuilt)
    }

    /// Debian's compiler, if it is complete. Its plain `rustc` package has the same path and is too old.
    fn debian() -> Option<Self> {
        let version = output_of(Command::new(DEBIAN_RUSTC).arg("-V")).ok()?;
        if minor(&version)? < OLDEST_MINOR || !has_source(&sysroot(DEBIAN_RUSTC)?) {
            return None;
        }
        Some(Self::Debian { linker: linker()? })
    }

    fn install_debian() -> Result<Self> {
        let mut packages = DEBIAN_PACKAGES.to_vec();
        if linker().is_none() {
            packages.push(DEBIAN_LINKER);
        }
        packages::install(&packages)?;
        Self::debian().with_context(|| {
            format!("{} are installed, yet {DEBIAN_RUSTC} is not usable", packages.join(" "))
        })
    }

    /// Names the compiler and its version: another one gives another widget.
    pub(crate) fn describe(&self) -> Result<String> {
        Ok(match self {
            Self::Rebuilt => format!("{}, std rebuilt for size", output_of(Command::new("rustc").arg("-V"))?),
            Self::Debian { .. } => {
                let version = output_of(Command::new(DEBIAN_RUSTC).arg("-V"))?;
                format!("Debian's {version}, std rebuilt for size")
            }
            Self::Shipped => format!("{}, std as shipped", output_of(Command::new("rustc").arg("-V"))?),
        })
    }

    /// A cargo command that compiles for WebAssembly into `target`; the caller adds what to build.
    pub(crate) fn cargo_rustc(&self, target: &Path) -> Command {
        let mut command = cargo();
        for (name, _) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if INHERITED.iter().any(|prefix| name_text.starts_with(prefix)) {
                command.env_remove(&name);
            }
        }
        command.args(["rustc", "--target", TARGET, "--target-dir"]).arg(target);
        if let Self::Rebuilt | Self::Debian { .. } = self {
            command
                .args(["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
                // Rebuilding std is unstable in cargo, and so is the panic strategy below in rustc.
                .env("RUSTC_BOOTSTRAP", "1")
                // A panic stops at once and brings no message; the texts of all messages stay out of the widget.
                .env("RUSTFLAGS", "-Zunstable-options -Cpanic=immediate-abort");
        }
        if let Self::Debian { linker } = self {
            command.env("RUSTC", DEBIAN_RUSTC).env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
        }
        command
    }
}

/// Asks rustup for something, within bounds; whether it brought it.
fn rustup(arguments: &[&str]) -> bool {
    if find("rustup").is_none() {
        return false;
    }
    let line = format!("rustup {}", arguments.join(" "));
    println!("      {line}");
    let done = run_within(Command::new("rustup").args(arguments), RUSTUP_PATIENCE);
    let brought = done.is_some_and(|status| status.success());
    if !brought {
        println!("      {line} did not succeed");
    }
    brought
}

/// Whether the ordinary compiler has the standard library for WebAssembly.
fn has_shipped_std() -> bool {
    sysroot("rustc").is_some_and(|sysroot| {
        fs::read_dir(sysroot.join("lib/rustlib").join(TARGET).join("lib"))
            .is_ok_and(|mut files| files.next().is_some())
    })
}

fn sysroot(rustc: &str) -> Option<PathBuf> {
    let printed = output_of(Command::new(rustc).args(["--print", "sysroot"])).ok()?;
    Some(PathBuf::from(printed))
}

/// Whether the library's source lies beside the compiler; the two have to be of the same version.
fn has_source(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib/src/rust/library/std/src/lib.rs").is_file()
}

/// `95` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn minor(version: &str) -> Option<u32> {
    version.strip_prefix("rustc 1.")?.split('.').next()?.parse().ok()
}

/// A linker for WebAssembly: the one that a rustup toolchain hides under its root, or LLVM's own.
fn linker() -> Option<PathBuf> {
    let host = output_of(Command::new("rustc").args(["--print", "host-tuple"])).ok()?;
    let hidden = sysroot("rustc")?.join("lib/rustlib").join(host).join("bin/rust-lld");
    if hidden.is_file() {
        return Some(hidden);
    }
    ["rust-lld", "wasm-ld-22", "wasm-ld"].iter().find_map(|name| find(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_is_read() {
        assert_eq!(minor("rustc 1.95.0 (59807616e 2026-04-14)"), Some(95));
        assert_eq!(minor("rustc 1.63.0"), Some(63));
        assert_eq!(minor("rustc two"), None);
    }
}
