//! Owns processes that must not outlive the tests, whatever ends them: a panic, Ctrl-C, `kill -9`.
//! Refuses to know what they do; that is `engine.rs`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use tempfile::TempDir;

/// Starts the program, waits until its standard input ends, then kills its own process group. The input is a pipe that
/// this process holds, so it ends on drop and, because the kernel closes it, on every kind of death too.
const GUARDIAN: &str = r#""$@" </dev/null & read -r _; kill -KILL 0"#;

/// A program and everything it started, in a process group and a temporary folder of their own.
#[derive(Debug)]
pub struct Guarded {
    guardian: Child,
    // Declared after the guardian's handle, but removed only once `drop` has seen the whole group die.
    folder: TempDir,
}

impl Guarded {
    /// Starts `program`; what it says goes to a log in its folder.
    pub fn start(
        program: &Path,
        arguments: &[String],
        environment: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("assent-driver-").tempdir()?;
        let log = File::create(folder.path().join("log"))?;
        let guardian = command(program, arguments, environment, folder.path())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        Ok(Self { guardian, folder })
    }

    /// Starts `program` and waits for the first line that it writes.
    pub fn start_and_read_line(program: &Path, arguments: &[String]) -> anyhow::Result<(Self, String)> {
        let folder = tempfile::Builder::new().prefix("assent-driver-").tempdir()?;
        let mut guardian = command(program, arguments, &[], folder.path())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("log"))?)
            .spawn()
            .with_context(|| format!("{} does not start", program.display()))?;
        let output = guardian.stdout.take().context("its output is piped")?;
        let guarded = Self { guardian, folder };
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(!line.trim().is_empty(), "{} said nothing: {}", program.display(), guarded.log());
        Ok((guarded, line.trim().to_owned()))
    }

    /// What the program said so far.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        drop(self.guardian.wait());
    }
}

fn command(program: &Path, arguments: &[String], environment: &[(&str, String)], folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", GUARDIAN, "sh"])
        .arg(program)
        .args(arguments)
        // Profiles land in the folder that is removed at the end, and nobody's own browser settings leak in.
        .env("TMPDIR", folder)
        .env("HOME", folder)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::piped())
        .process_group(0);
    command
}

/// A port that nothing listens on at this moment.
pub fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Where `program` is on the `PATH`.
#[must_use]
pub fn find(program: &str, path: &[PathBuf]) -> Option<PathBuf> {
    path.iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}
