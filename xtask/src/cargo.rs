//! Owns how tasks start other programs: the workspace's place, a clean environment, a time limit.
//! Refuses to know what those programs are for.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// What `cargo run` tells this program about itself; a nested cargo must not take it for its own.
const OURS_ALONE: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

/// The workspace's root folder.
pub(crate) fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// The folder of a profile's binaries, wherever cargo was told to build: this program lies in one itself.
pub(crate) fn binaries(profile: &str) -> Result<PathBuf> {
    let here = env::current_exe().context("cannot tell where this program lies")?;
    let target = here.ancestors().nth(2).context("this program lies outside a target folder")?;
    Ok(target.join(profile))
}

/// One environment variable, if it is set to something.
#[expect(
    clippy::disallowed_methods,
    reason = "tasks are steered by their caller; the server's settings are not read here"
)]
pub(crate) fn environment(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Whether this is a continuous-integration run, where nothing may be skipped.
pub(crate) fn strict() -> bool {
    environment("CI").is_some_and(|value| value == "true" || value == "1")
}

/// The cargo that started us, at the workspace's root.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(environment("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace());
    for (name, _) in env::vars_os() {
        if OURS_ALONE.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The path of a program, as the shell would find it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = environment("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

/// Runs a command with its output on our terminal; anything but success is an error.
pub(crate) fn must_run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.status().with_context(|| format!("{what} could not start"))?;
    if !status.success() {
        bail!("{what} failed ({status})");
    }
    Ok(())
}

/// What a command prints, without the last line end; anything but success is an error.
pub(crate) fn output_of(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stderr(Stdio::null()).output().with_context(|| format!("{name} could not start"))?;
    if !output.status.success() {
        bail!("{name} failed ({})", output.status);
    }
    Ok(String::from_utf8(output.stdout)
        .with_context(|| format!("{name} printed something other than text"))?
        .trim_end()
        .to_owned())
}

/// Runs a command silently and ends it after `limit`; `None` when it could not start or took too long.
pub(crate) fn run_within(command: &mut Command, limit: Duration) -> Option<ExitStatus> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        if started.elapsed() > limit {
            // Both can only fail when the child has ended in between.
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        sleep(Duration::from_millis(50));
    }
}

/// Whether we are the super-user, who may install packages and whom Postgres refuses.
pub(crate) fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_ok_and(|id| id == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_hangs_is_ended() {
        let started = Instant::now();
        let status = run_within(Command::new("sleep").arg("60"), Duration::from_millis(100));
        assert_eq!(status, None);
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_command_that_ends_gives_its_status() {
        let status = run_within(&mut Command::new("true"), Duration::from_secs(30));
        assert!(status.is_some_and(|status| status.success()));
        assert_eq!(run_within(&mut Command::new("no-such-program"), Duration::from_secs(1)), None);
    }
}
