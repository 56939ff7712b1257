//! Owns the programs that are measured: starting them on a free port, their memory, ending them.
//! Refuses to leave one behind.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

/// The site that is measured.
pub(crate) const SITE: &str = "bench";
/// Its page.
pub(crate) const ORIGIN: &str = "https://bench.example";

/// A program that listens; killed when dropped.
pub(crate) struct Program {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Program {
    /// Starts `command` and reads its address from the first line of its standard error that has one.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut lines = BufReader::new(child.stderr.take().context("its standard error")?);
        let mut seen = String::new();
        let address = loop {
            let mut line = String::new();
            if lines.read_line(&mut line)? == 0 {
                anyhow::bail!("it ended at once: {seen}");
            }
            if let Some(address) = line.split("address=").nth(1).and_then(|rest| rest.trim().parse().ok()) {
                break address;
            }
            seen.push_str(&line);
        };
        Ok(Self { child, address })
    }

    /// Memory in bytes: `VmRSS` for now, `VmHWM` for the most so far (proc(5)).
    pub(crate) fn memory(&self, which: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(which)).context("no memory figure")?;
        let kibibytes: u64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
        Ok(kibibytes * 1024)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server's binary, built beside this one.
fn assent() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("assent");
    ensure!(path.is_file(), "build it first: cargo build --release -p assent");
    Ok(path)
}

fn command(database: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(assent()?);
    let folder = database.parent().context("a folder")?;
    command
        .current_dir(folder)
        .args(arguments)
        .arg("--database-url")
        .arg(format!("sqlite:{}", database.display()));
    Ok(command)
}

/// Creates a database with the measured site and its notice.
pub(crate) fn prepare(database: &Path) -> Result<()> {
    prepare_for(database, ORIGIN)
}

/// The same for a page of `origin`.
pub(crate) fn prepare_for(database: &Path, origin: &str) -> Result<()> {
    let notice = database.with_file_name("notice.toml");
    std::fs::write(&notice, include_str!("../../examples/demo/notice.toml"))?;
    let add = ["site", "add", SITE, "--origin", origin];
    let publish = ["notice", "publish", "--site", SITE, "notice.toml"];
    for arguments in [&add[..], &publish[..]] {
        let output = command(database, arguments)?.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

/// Starts the server on a prepared database.
pub(crate) fn serve(database: &Path) -> Result<Program> {
    Program::start(command(database, &["serve", "--port", "0"])?)
}

/// Makes an operator key for it.
pub(crate) fn operator_key(database: &Path) -> Result<String> {
    let output = command(database, &["key", "create"])?.output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What this machine is.
pub(crate) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let model =
        cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let name = read("/proc/sys/kernel/hostname");
    format!(
        "{} ({}, {cores} cores, Linux {})",
        name.trim(),
        model.trim_start_matches([' ', '\t', ':']),
        kernel.trim()
    )
}
