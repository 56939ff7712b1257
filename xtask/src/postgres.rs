//! Owns the private Postgres of a test run: a fresh cluster in a temporary folder, on a free port of loopback.
//! Refuses to touch a server that somebody else started, and to leave anything behind.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::{is_root, must_run};

/// The server runs as long as its shell's standard input is open. However we end, by a panic, by Ctrl-C or by
/// `kill -9`, the kernel closes that pipe, and the shell stops the server and removes the folder.
const UNTIL_INPUT_ENDS: &str = r#"
trap '' INT TERM HUP
"$1/postgres" -D "$2/data" >"$2/log" 2>&1 &
cat >/dev/null
kill -INT $!
wait $!
cd / && rm -rf "$2"
"#;

/// As the server's own tool does it, and long enough for a slow disk.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running cluster; dropping it stops the server and removes its files.
pub(crate) struct Cluster {
    guard: Child,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Starts a cluster with the server programs in `binaries`.
    pub(crate) fn start(binaries: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("assent-postgres-{}", std::process::id()));
        fs::create_dir(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let user = ordinary_user()?;
        if let Some((uid, gid)) = user {
            chown(&folder, Some(uid), Some(gid)).context("cannot hand the folder to an ordinary user")?;
        }
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(&folder);
            if let Some((uid, gid)) = user {
                command.uid(uid).gid(gid);
            }
            command
        };

        let mut initdb = command(&binaries.join("initdb"));
        initdb
            .args(["--username=assent", "--auth=trust", "--encoding=UTF8", "--locale=C"])
            .args(["--no-sync", "--pgdata=data"])
            .stdout(Stdio::null());
        must_run(&mut initdb, "initdb")?;

        // Another program could take the port between here and the server's start; then the start fails and says so.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nmax_connections = 300\n"
        );
        let configuration = folder.join("data/postgresql.auto.conf");
        fs::write(&configuration, settings).context("cannot write the cluster's settings")?;

        let guard = command(Path::new("/bin/sh"))
            .args(["-c", UNTIL_INPUT_ENDS, "sh"])
            .arg(binaries)
            .arg(&folder)
            .stdin(Stdio::piped())
            .spawn()
            .context("cannot start a shell")?;
        let mut cluster = Self { guard, folder, port };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// The server without a database: each test creates and drops one of its own.
    pub(crate) fn url(&self) -> String {
        format!("postgres://assent@127.0.0.1:{}", self.port)
    }

    /// The server writes `ready` into the eighth line of its pid file; that is what `pg_ctl` waits for too.
    fn wait_until_ready(&mut self) -> Result<()> {
        let started = Instant::now();
        loop {
            let state = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
            if state.lines().nth(7).is_some_and(|line| line.trim() == "ready") {
                return Ok(());
            }
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            if log.contains("FATAL") || started.elapsed() > PATIENCE {
                bail!("PostgreSQL did not start:\n{log}");
            }
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Nothing useful is left to do if waiting fails.
        let _ = self.guard.wait();
    }
}

/// Whom to become when we are root: Postgres's own user where there is one.
fn ordinary_user() -> Result<Option<(u32, u32)>> {
    if !is_root() {
        return Ok(None);
    }
    let users = fs::read_to_string("/etc/passwd").context("cannot read the list of users")?;
    ["postgres", "nobody"]
        .iter()
        .find_map(|name| ids(&users, name))
        .context("PostgreSQL refuses root, and there is no user `postgres` or `nobody`")
        .map(Some)
}

/// A user's and its group's number in the text of `/etc/passwd`.
fn ids(users: &str, name: &str) -> Option<(u32, u32)> {
    let fields: Vec<&str> = users
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields.first() == Some(&name))?;
    Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let users =
            "root:x:0:0:root:/root:/bin/bash\nnobody2:x:1:1::/:/bin/sh\nnobody:x:65534:65533::/:/bin/sh\n";
        assert_eq!(ids(users, "nobody"), Some((65534, 65533)));
        assert_eq!(ids(users, "postgres"), None);
    }
}
