//! Owns PostgreSQL clusters of a test's own: made, archived, brought back to a moment, and stopped whatever happens.
//! Refuses to run where PostgreSQL's server programs are missing; leave these tests out then: `--skip cluster`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// PostgreSQL's programs: those of the newest version under Debian's folder, or those of the PATH.
pub(crate) fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.filter_map(|entry| {
        Some((entry.file_name().to_string_lossy().parse::<u32>().ok()?, entry.path().join("bin")))
    });
    let folder = debian.max().map(|(_, folder)| folder);
    let on_path =
        || std::env::split_paths(&search_path()).find(|folder| folder.join("pg_basebackup").is_file());
    folder.or_else(on_path).filter(|folder| folder.join("pg_basebackup").is_file()).expect(
        "PostgreSQL's programs (initdb, pg_basebackup, pg_dump) are needed; without them, leave these out: -- --skip cluster",
    )
}

#[expect(clippy::disallowed_methods, reason = "where programs are; no setting of the server")]
fn search_path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

/// The PATH for commands that need them.
pub(crate) fn path() -> String {
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = debian.map(|entry| entry.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders.extend(std::env::split_paths(&search_path()));
    std::env::join_paths(folders).unwrap().into_string().unwrap()
}

/// Ends the server when its input ends: however the test ends, the kernel closes that pipe.
const UNTIL_INPUT_ENDS: &str = r#"
trap '' INT TERM HUP
"$1/postgres" -D "$2" >"$2.log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
"#;

/// A folder that the user who runs PostgreSQL may write to, and its clusters.
pub(crate) struct Clusters {
    pub(crate) folder: TempDir,
    user: Option<(u32, u32)>,
}

impl Clusters {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let user = ordinary_user();
        if let Some((uid, gid)) = user {
            std::os::unix::fs::chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        Self { folder, user }
    }

    /// One of PostgreSQL's programs, as somebody who may run it.
    pub(crate) fn command(&self, program: &str) -> Command {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(programs().join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn make_folder(&self, name: &str) {
        fs::create_dir(self.path(name)).unwrap();
        if let Some((uid, gid)) = self.user {
            std::os::unix::fs::chown(self.path(name), Some(uid), Some(gid)).unwrap();
        }
    }

    /// A new cluster's files.
    pub(crate) fn init(&self, name: &str) {
        let mut initdb = self.command("initdb");
        initdb.args(["--username=assent", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        assert!(initdb.arg(format!("--pgdata={name}")).status().unwrap().success());
    }

    /// Starts the cluster of that name with these settings.
    pub(crate) fn start(&self, name: &str, settings: &str) -> Cluster {
        use std::os::unix::process::CommandExt;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let common = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nfsync = off\n"
        );
        fs::write(self.path(name).join("postgresql.auto.conf"), common + settings).unwrap();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", UNTIL_INPUT_ENDS, "sh"]).arg(programs()).arg(self.path(name));
        shell.current_dir(self.folder.path()).stdin(Stdio::piped());
        if let Some((uid, gid)) = self.user {
            shell.uid(uid).gid(gid);
        }
        let cluster = Cluster { guard: shell.spawn().unwrap(), folder: self.path(name), port };
        cluster.wait_until_ready();
        cluster
    }
}

/// A running cluster; dropping it stops it.
pub(crate) struct Cluster {
    guard: Child,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://assent@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) fn port(&self) -> String {
        self.port.to_string()
    }

    /// PostgreSQL writes `ready` into the eighth line of its pid file; what `pg_ctl` waits for, too.
    fn wait_until_ready(&self) {
        let started = Instant::now();
        loop {
            let state = fs::read_to_string(self.folder.join("postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return;
            }
            let log = fs::read_to_string(log_of(&self.folder)).unwrap_or_default();
            assert!(
                !log.contains("FATAL") && started.elapsed() < Duration::from_mins(1),
                "PostgreSQL did not start:\n{log}"
            );
            sleep(Duration::from_millis(20));
        }
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.with_extension("log")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

/// PostgreSQL refuses root; then its own user runs it, or nobody.
fn ordinary_user() -> Option<(u32, u32)> {
    use std::os::unix::fs::MetadataExt;
    if fs::metadata("/proc/self").map_or(1, |own| own.uid()) != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2).map(|number| number.parse().ok());
        Some((numbers.next()??, numbers.next()??))
    };
    ids("postgres").or_else(|| ids("nobody"))
}
