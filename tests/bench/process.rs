//! Owns the programs that are measured: starting them on a free port, their memory, ending them.
//! Refuses to leave one behind.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use sqlx::{Connection as _, Executor as _};
use tempfile::TempDir;

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

/// A database of its own for one measurement, with the measured site; removed with its folder.
pub(crate) struct Database {
    folder: TempDir,
    url: String,
    /// The PostgreSQL server that it is on, and its name there.
    on: Option<(String, String)>,
}

impl Database {
    /// An SQLite file.
    pub(crate) fn sqlite() -> Result<Self> {
        let folder = TempDir::new()?;
        let url = format!("sqlite:{}", folder.path().join("assent.db").display());
        Ok(Self { folder, url, on: None })
    }

    /// One on the PostgreSQL server at this address.
    pub(crate) async fn postgres(server: &str) -> Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("assent_bench_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        administer(server, format!("create database {name}")).await?;
        let url = format!("{server}/{name}");
        Ok(Self { folder: TempDir::new()?, url, on: Some((server.to_owned(), name)) })
    }

    /// The folder that is removed with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder().join("assent.db")
    }

    /// As the server's setting has it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Removes it from its server.
    pub(crate) async fn remove(self) -> Result<()> {
        match &self.on {
            Some((server, name)) => administer(server, format!("drop database {name} with (force)")).await,
            None => Ok(()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(assent()?);
        command.current_dir(self.folder()).args(arguments).args(["--database-url", &self.url]);
        command.env("ASSENT_SIGNING_KEY_FILE", self.folder().join("assent.key"));
        Ok(command)
    }

    /// Adds the measured site, its page at `origin`, and its notice.
    pub(crate) fn prepare_for(&self, origin: &str) -> Result<()> {
        let notice = include_str!("../../examples/demo/notice.toml");
        std::fs::write(self.folder().join("notice.toml"), notice)?;
        let add = ["site", "add", SITE, "--origin", origin];
        let publish = ["notice", "publish", "--site", SITE, "notice.toml"];
        for arguments in [&add[..], &publish[..]] {
            let output = self.command(arguments)?.output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    /// The same for the load's page.
    pub(crate) fn prepare(&self) -> Result<()> {
        self.prepare_for(ORIGIN)
    }

    /// Starts the server on it.
    pub(crate) fn serve(&self) -> Result<Program> {
        Program::start(self.command(&["serve", "--port", "0"])?)
    }

    /// Starts this very program on it in another mode.
    pub(crate) fn serve_as(&self, mode: &str) -> Result<Program> {
        let mut command = Command::new(std::env::current_exe()?);
        command.current_dir(self.folder()).args([mode, &self.url]);
        Program::start(command)
    }

    /// Starts c15t's backend on it; nothing where it is not installed, or where the database is none that it can use here.
    pub(crate) fn serve_c15t(&self) -> Result<Option<Program>> {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR"));
        let packages = bench.join("../target/tools/npm");
        if self.on.is_none() || !packages.join("node_modules/@c15t/backend").is_dir() {
            return Ok(None);
        }
        let mut command = Command::new("node");
        command.arg(bench.join("bench/c15t.mjs")).arg(packages.canonicalize()?).arg(&self.url);
        command.env("NODE_ENV", "production").current_dir(self.folder());
        Program::start(command).map(Some)
    }

    /// Makes an operator key for it.
    pub(crate) fn operator_key(&self) -> Result<String> {
        let output = self.command(&["key", "create"])?.output()?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

async fn administer(server: &str, statement: String) -> Result<()> {
    let mut connection = sqlx::PgConnection::connect(&format!("{server}/postgres")).await?;
    // The name in it is our own; identifiers cannot be bound.
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(statement))).await?;
    Ok(())
}

/// What the whole machine has done so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Processor time in hundredths of a second, without this program's own (proc(5)).
    processor: u64,
    /// Flushes that the disks were asked for; zero where the kernel does not count them.
    flushes: u64,
}

impl Effort {
    /// Until now.
    pub(crate) fn now() -> Result<Self> {
        let stat = std::fs::read_to_string("/proc/stat")?;
        let fields = stat.lines().next().context("no line")?.split_whitespace().skip(1);
        let times: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
        ensure!(times.len() > 7, "times of this machine");
        // User, nice, system, interrupts; neither idle nor waiting, nor what was stolen.
        let busy = times[0] + times[1] + times[2] + times[5] + times[6];
        let own = std::fs::read_to_string("/proc/self/stat")?;
        let own: Vec<&str> = own.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let own: u64 = own.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
        let disks = std::fs::read_to_string("/proc/diskstats").unwrap_or_default();
        let flushes = disks.lines().filter_map(|line| line.split_whitespace().nth(18)?.parse::<u64>().ok());
        Ok(Self { processor: busy.saturating_sub(own), flushes: flushes.sum() })
    }

    /// Microseconds of processor time and flushes since `before`.
    pub(crate) fn since(self, before: Self) -> (u64, u64) {
        ((self.processor - before.processor) * 10_000, self.flushes - before.flushes)
    }
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
