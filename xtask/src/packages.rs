//! Owns what has to be installed on the machine: which packages bring which programs, and installing them as root.
//! Refuses to install anything as an ordinary user; it hands over the line to run instead.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::cargo::{cargo, environment, find, is_root, must_run, workspace};

/// A browser engine in which the scenarios run.
pub(crate) struct Engine {
    /// As `ASSENT_TEST_ENGINES` spells it.
    pub(crate) name: &'static str,
    packages: &'static [&'static str],
    /// Each entry is a set of names, one of which must exist.
    programs: &'static [&'static [&'static str]],
}

const ENGINES: [Engine; 3] = [
    Engine {
        name: "chromium",
        packages: &["chromium", "chromium-driver"],
        programs: &[&["chromium", "chromium-browser", "google-chrome"], &["chromedriver"]],
    },
    Engine { name: "firefox", packages: &["firefox-esr"], programs: &[&["firefox-esr", "firefox"]] },
    Engine {
        name: "webkit",
        packages: &["webkit2gtk-driver", "xvfb"],
        programs: &[&["WebKitWebDriver"], &["Xvfb"]],
    },
];

impl Engine {
    fn is_here(&self) -> bool {
        self.programs.iter().all(|names| names.iter().any(|name| find(name).is_some()))
    }
}

/// What the scenarios inspect pages with, at the version whose rules they were written for.
const AXE: (&str, &str) = ("axe-core", "4.14.1");
/// What checks the types of the page's API.
const TYPESCRIPT: (&str, &str) = ("typescript", "7.0.2");

/// What holds the server against the description of its interface.
const SCHEMATHESIS: &str = "4.32.5";

/// The proxy in front of one scenario, under the name that the package has on every Debian; `nginx-light` is more than this
/// by now, not less.
const NGINX: &str = "nginx";

/// What reads the files of `packaging/`: its program, and the package that has it.
const READERS: [(&str, &str); 2] = [("promtool", "prometheus"), ("systemd-analyze", "systemd")];

/// What the tests found on this machine, and what they did not.
#[derive(Default)]
pub(crate) struct Machine {
    pub(crate) engines: Vec<&'static str>,
    pub(crate) geckodriver: Option<PathBuf>,
    pub(crate) postgres: Option<PathBuf>,
    pub(crate) typescript: bool,
    pub(crate) schemathesis: Option<PathBuf>,
    /// Whatever reads the files of `packaging/`, nginx too.
    pub(crate) readers: bool,
    /// One sentence for each thing that is missing, with the line that installs it.
    pub(crate) missing: Vec<String>,
}

/// Installs what the tests need where that is possible, and says what there is.
pub(crate) fn prepare() -> Machine {
    let wanted: Vec<&Engine> = match environment("ASSENT_TEST_ENGINES") {
        None => ENGINES.iter().collect(),
        Some(names) => {
            let names = names.to_string_lossy().into_owned();
            let asked_for = |engine: &&Engine| names.split(',').any(|name| name.trim() == engine.name);
            ENGINES.iter().filter(asked_for).collect()
        }
    };

    let mut packages: Vec<&str> = wanted
        .iter()
        .filter(|engine| !engine.is_here())
        .flat_map(|engine| engine.packages)
        .copied()
        .collect();
    if postgres_binaries().is_none() {
        packages.push("postgresql");
    }
    if !nginx_is_here() {
        packages.push(NGINX);
    }
    packages
        .extend(READERS.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| package));
    if !packages.is_empty() {
        let _ = install(&packages).inspect_err(|error| println!("{error:#}"));
    }

    let mut machine = Machine::default();
    for engine in wanted {
        if !engine.is_here() {
            let line = apt_line(engine.packages);
            machine.missing.push(format!("{} is missing, install it by: {line}", engine.name));
            continue;
        }
        if engine.name == "firefox" {
            match geckodriver() {
                Ok(path) => machine.geckodriver = Some(path),
                Err(error) => {
                    machine.missing.push(format!("firefox has no driver: {error:#}"));
                    continue;
                }
            }
        }
        machine.engines.push(engine.name);
    }
    if !machine.engines.is_empty()
        && let Err(error) = from_npm(&[AXE])
    {
        machine.missing.push(format!("nothing inspects the pages' accessibility: {error:#}"));
    }
    match from_npm(&[TYPESCRIPT]) {
        Ok(()) => machine.typescript = true,
        Err(error) => {
            machine.missing.push(format!("nothing checks the types of the page's API: {error:#}"));
        }
    }
    match schemathesis() {
        Ok(program) => machine.schemathesis = Some(program),
        Err(error) => {
            machine.missing.push(format!("nothing holds the server against its OpenAPI document: {error:#}"));
        }
    }
    machine.postgres = postgres_binaries();
    if machine.postgres.is_none() {
        let line = apt_line(&["postgresql"]);
        machine.missing.push(format!("PostgreSQL is missing, install it by: {line}"));
    }
    if !nginx_is_here() {
        machine.missing.push(format!("nginx is missing, install it by: {}", apt_line(&[NGINX])));
    }
    machine.readers = nginx_is_here() && READERS.iter().all(|(program, _)| find(program).is_some());
    for (program, package) in READERS.iter().filter(|(program, _)| find(program).is_none()) {
        machine.missing.push(format!("{program} is missing, install it by: {}", apt_line(&[package])));
    }
    machine
}

/// The line that a person would type to install packages.
pub(crate) fn apt_line(packages: &[&str]) -> String {
    format!("sudo apt-get install --no-install-recommends {}", packages.join(" "))
}

/// Installs Debian packages; an error, with the line to run, where we may not or cannot.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    if !is_root() || find("apt-get").is_none() {
        anyhow::bail!("please run: {}", apt_line(packages));
    }
    println!("installing {} (apt-get)", packages.join(" "));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        must_run(&mut command, &format!("apt-get {}", arguments.join(" ")))
    };
    // A stale list fails with "not found"; one that cannot be refreshed may still do.
    let _ = apt(&["update", "-qq"]).inspect_err(|error| println!("{error:#}"));
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments)
}

/// The folder with Postgres's server programs; Debian keeps them out of `PATH`, one folder per version.
pub(crate) fn postgres_binaries() -> Option<PathBuf> {
    // A folder with a part of them, as language packages bring it, is of no use: some tests copy a server, others follow it.
    let complete = |folder: &Path| {
        ["initdb", "pg_basebackup", "postgres"].iter().all(|program| folder.join(program).is_file())
    };
    if let Some(folder) = find("initdb").and_then(|file| file.parent().map(Path::to_owned))
        && complete(&folder)
    {
        return Some(folder);
    }
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| complete(folder))
        .collect();
    versions.sort();
    versions.pop()
}

/// The tests look for it in the same places: programs of the system are not on everybody's `PATH`.
fn nginx_is_here() -> bool {
    let system = || ["/usr/sbin/nginx", "/usr/local/sbin/nginx"].iter().any(|file| Path::new(file).is_file());
    find("nginx").is_some() || system()
}

/// Firefox's driver: Debian has no package of it, so it is compiled once and kept in the target folder.
fn geckodriver() -> Result<PathBuf> {
    let tools = workspace().join("target/tools");
    let built = tools.join("bin/geckodriver");
    if let Some(file) = find("geckodriver").or_else(|| built.is_file().then(|| built.clone())) {
        return Ok(file);
    }
    println!("compiling geckodriver, once (some minutes)");
    let mut command = cargo();
    command
        .args(["install", "geckodriver", "--locked", "--debug", "--root"])
        .arg(&tools)
        .env("CARGO_TARGET_DIR", tools.join("build"))
        // Nobody debugs it; without the tables it builds and links faster.
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    must_run(&mut command, "cargo install geckodriver")?;
    // Its object files are several times the size of all else that we keep.
    let _ = std::fs::remove_dir_all(tools.join("build"));
    Ok(built)
}

/// Schemathesis, from `PyPI`, in a Python of its own in the target folder.
fn schemathesis() -> Result<PathBuf> {
    let folder = workspace().join("target/tools/schemathesis");
    let program = folder.join("bin/schemathesis");
    let is_here = || {
        let version = Command::new(&program).arg("--version").stderr(Stdio::null()).output();
        version.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).contains(SCHEMATHESIS))
    };
    if is_here() {
        return Ok(program);
    }
    let make = || {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&folder).stdout(Stdio::null());
        must_run(&mut venv, "python3 -m venv")
    };
    println!("installing Schemathesis {SCHEMATHESIS} (PyPI), once");
    // Debian has Python without the part that makes a folder of its own.
    make().or_else(|_| install(&["python3-venv"]).and_then(|()| make()))?;
    let mut pip = Command::new(folder.join("bin/pip"));
    pip.args(["install", "--quiet", "--disable-pip-version-check"]);
    must_run(pip.arg(format!("schemathesis=={SCHEMATHESIS}")), "pip install")?;
    Ok(program)
}

/// Puts packages of npm into the target folder, each at one version; none of their scripts is run. Those that were put
/// there before stay.
pub(crate) fn from_npm(packages: &[(&str, &str)]) -> Result<()> {
    let folder = workspace().join("target/tools/npm");
    if packages.iter().all(|(name, version)| is_from_npm(&folder, name, version)) {
        return Ok(());
    }
    if find("npm").is_none() {
        install(&["npm"])?;
    }
    let npm = find("npm").context("npm is installed, yet it is nowhere to be found")?;
    std::fs::create_dir_all(&folder)?;
    let mut command = Command::new(npm);
    command
        .args(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "--prefix"])
        .arg(&folder)
        .args(packages.iter().map(|(name, version)| format!("{name}@{version}")));
    must_run(&mut command, "npm install")
}

fn is_from_npm(folder: &Path, name: &str, version: &str) -> bool {
    let manifest = folder.join("node_modules").join(name).join("package.json");
    std::fs::read_to_string(manifest).is_ok_and(|text| text.contains(&format!("\"version\": \"{version}\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_run_names_every_package() {
        assert_eq!(
            apt_line(&["webkit2gtk-driver", "xvfb"]),
            "sudo apt-get install --no-install-recommends webkit2gtk-driver xvfb"
        );
    }
}
