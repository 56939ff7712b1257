//! Owns a PostgreSQL of a test's own, which may be copied, stopped, frozen, killed and started again as the test likes.
//! Refuses to touch a server that somebody else started, and to leave a process or a file behind.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::program::{PATIENCE, signal};

/// However the test ends, by a panic or by `kill -9`, the kernel closes the pipe; then the server is ended, frozen or not, and the
/// folder removed.
const WHEN_INPUT_ENDS: &str = r#"
trap '' INT TERM HUP
cat >/dev/null
if read -r server <"$1/data/postmaster.pid"; then
    # Its number may be another program's by now; this one works in its data.
    if [ "$(readlink "/proc/$server/cwd")" = "$1/data" ]; then
        kill -CONT "$server"
        kill -QUIT "$server"
        while kill -0 "$server"; do sleep 0.1; done
    fi
fi
umount "$1"/room
rm -rf "$1"
"#;

/// How quickly a change of the server's state is looked for.
const LOOK: Duration = Duration::from_millis(20);

/// A cluster; dropping it ends its server and removes its files.
pub(crate) struct Cluster {
    pub(crate) folder: PathBuf,
    pub(crate) port: u16,
    server: Option<Child>,
    guard: Child,
}

impl Cluster {
    /// A new one, not started yet, with these settings beside the usual ones.
    pub(crate) fn create(settings: &str) -> Self {
        // Making one takes seconds of processor time, copying one does not. This one ends with the process, by its guard.
        static NEW: LazyLock<Cluster> = LazyLock::new(|| Cluster::around(Cluster::initialize));
        let cluster = Self::around(|cluster| cluster.copy_data_of(&NEW));
        cluster.set(&format!("max_connections = 50\nfsync = off\nshared_buffers = 16MB\n{settings}"));
        cluster
    }

    fn initialize(&self) {
        let mut initdb = self.command("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        let done = initdb.arg("--pgdata=data").stdout(Stdio::null()).status().unwrap();
        assert!(done.success(), "initdb: {done}");
    }

    fn copy_data_of(&self, other: &Self) {
        let done = self.system("cp").arg("-R").arg(other.folder.join("data")).arg("data").status().unwrap();
        assert!(done.success(), "cp: {done}");
    }

    /// A copy of a cluster that is stopped, to follow it as a replica called `name`.
    pub(crate) fn follow(primary: &Self, name: &str) -> Self {
        let replica = Self::around(|cluster| {
            cluster.copy_data_of(primary);
            fs::write(cluster.folder.join("data/standby.signal"), "").unwrap();
        });
        replica.set(&format!(
            "primary_conninfo = 'host=127.0.0.1 port={} user=postgres application_name={name}'\n",
            primary.port
        ));
        replica
    }

    /// A copy of a cluster that serves, as an operator makes it every day, to be brought on from what it archives.
    pub(crate) fn base_copy_of(primary: &Self) -> Self {
        Self::around(|cluster| {
            let mut base = cluster.command("pg_basebackup");
            base.args(["--host=127.0.0.1", "--username=postgres", "--no-password", "--checkpoint=fast"]);
            base.args([
                "--wal-method=none",
                "--no-sync",
                "--pgdata=data",
                &format!("--port={}", primary.port),
            ]);
            let done = base.stderr(Stdio::null()).status().unwrap();
            assert!(done.success(), "pg_basebackup: {done}");
            fs::write(cluster.folder.join("data/recovery.signal"), "").unwrap();
        })
    }

    fn around(fill: impl FnOnce(&Self)) -> Self {
        let folder = tempfile::TempDir::with_prefix("assent-cluster-").unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let guard = Command::new("/bin/sh")
            .args(["-c", WHEN_INPUT_ENDS, "sh"])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Another program could take the port between here and the start; then the start fails and says so.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { folder, port, server: None, guard };
        hand_over(&cluster.folder);
        fill(&cluster);
        cluster.set(&format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\n",
            cluster.port
        ));
        cluster
    }

    /// A folder that the server may write to.
    pub(crate) fn make_folder(at: &Path) {
        fs::create_dir(at).unwrap();
        hand_over(at);
    }

    /// Adds settings; the last one of a name counts.
    pub(crate) fn set(&self, settings: &str) {
        let file = self.folder.join("data/postgresql.auto.conf");
        let mut all = fs::read_to_string(&file).unwrap();
        all.push_str(settings);
        fs::write(file, all).unwrap();
    }

    /// One of the server's own programs, as a user that may run them.
    fn command(&self, program: &str) -> Command {
        self.system(&programs().join(program).display().to_string())
    }

    fn system(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder);
        if let Some((user, group)) = ordinary_user() {
            command.uid(user).gid(group);
        }
        command
    }

    /// Starts the server and waits until it takes connections.
    pub(crate) fn start(&mut self) {
        assert!(self.server.is_none(), "it runs already");
        let log = fs::OpenOptions::new().create(true).append(true).open(self.folder.join("log")).unwrap();
        let mut command = self.command("postgres");
        let server =
            command.args(["-D", "data"]).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        self.server = Some(server.spawn().unwrap());
        // It writes `ready` into the eighth line of its pid file; that is what `pg_ctl` waits for too.
        self.wait_until("it does not start", |cluster| {
            let state = fs::read_to_string(cluster.folder.join("data/postmaster.pid")).unwrap_or_default();
            let own = state.lines().next().map(str::to_owned) == Some(cluster.process().to_string());
            own && matches!(state.lines().nth(7).map(str::trim), Some("ready" | "standby"))
        });
    }

    pub(crate) fn process(&self) -> u32 {
        self.server.as_ref().expect("the server runs").id()
    }

    /// Ends the server: `-INT` as `pg_ctl stop -m fast` does it, `-QUIT` as `-m immediate` does.
    pub(crate) fn stop(&mut self, how: &str) {
        signal(self.process(), how);
        self.server.take().unwrap().wait().unwrap();
    }

    /// Stops or continues the server's processes: with `-STOP` it is as if the machine hung.
    pub(crate) fn freeze(&self, how: &str) {
        let server = self.process();
        let mut all = vec![server];
        for entry in fs::read_dir("/proc").unwrap().map_while(Result::ok) {
            let Ok(process) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            // The second field is a name in brackets, the fourth the parent.
            let parent =
                stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
            if parent == Some(server) {
                all.push(process);
            }
        }
        for process in all {
            // One that has just ended needs no signal.
            let _ = Command::new("kill").args([how, &process.to_string()]).stderr(Stdio::null()).status();
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    pub(crate) async fn run(&self, statement: &'static str) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        connection.execute(statement).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Makes a database whose tables are in `folder`.
    pub(crate) async fn create_on(&self, database: &str, folder: &Path) {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        // Both names are the test's own; neither can be bound.
        for statement in [
            format!("create tablespace room location '{}'", folder.display()),
            format!("create database {database} tablespace room"),
        ] {
            connection.execute(sqlx::QueryBuilder::<sqlx::Postgres>::new(statement).build()).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// The one number that a statement asks for.
    pub(crate) async fn number(&self, statement: &'static str) -> i64 {
        let mut connection = PgConnection::connect(&self.url("postgres")).await.unwrap();
        let number = sqlx::query_scalar(statement).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        number
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn wait_until(&self, complaint: &str, reached: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        while !reached(self) {
            assert!(started.elapsed() < PATIENCE, "{complaint}: {}", self.log());
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.freeze("-CONT");
            self.stop("-QUIT");
        }
        drop(self.guard.stdin.take());
        // Nothing useful is left to do if waiting fails.
        let _ = self.guard.wait();
    }
}

/// Where PostgreSQL's programs are: as `cargo xtask test` says, else the newest of Debian's versions, else the PATH's.
#[expect(clippy::disallowed_methods, reason = "a setting of the test suite")]
fn find_programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("ASSENT_TEST_POSTGRES_BINARIES") {
        return Some(folder.into());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().map_while(Result::ok);
    let number = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().parse::<u32>().ok();
    let mut debian: Vec<(u32, PathBuf)> =
        versions.filter_map(|entry| Some((number(&entry)?, entry.path().join("bin")))).collect();
    debian.sort_by(|one, other| other.cmp(one));
    let mut folders = debian.into_iter().map(|(_, folder)| folder).chain(on_path());
    folders
        .find(|folder| ["initdb", "pg_basebackup", "postgres"].iter().all(|name| folder.join(name).is_file()))
}

fn programs() -> PathBuf {
    find_programs().expect("ASSENT_TEST_POSTGRES_BINARIES names the folder of PostgreSQL's programs; without, -- --skip postgres::")
}

#[expect(clippy::disallowed_methods, reason = "where programs are; no setting of the server")]
fn on_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// The PATH for commands that run PostgreSQL's programs, where there are any.
pub(crate) fn path() -> String {
    let folders = find_programs().into_iter().chain(on_path());
    std::env::join_paths(folders).unwrap().into_string().unwrap()
}

/// Gives a folder to whoever runs the server.
fn hand_over(folder: &Path) {
    if let Some((user, group)) = ordinary_user() {
        chown(folder, Some(user), Some(group)).unwrap();
    }
}

/// Whom to become where we are root, which PostgreSQL refuses to be.
fn ordinary_user() -> Option<(u32, u32)> {
    if !is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let fields: Vec<&str> = users
            .lines()
            .map(|line| line.split(':').collect())
            .find(|fields: &Vec<&str>| fields[0] == name)?;
        Some((fields[2].parse().ok()?, fields[3].parse().ok()?))
    };
    Some(["postgres", "nobody"].into_iter().find_map(ids).expect("a user `postgres` or `nobody`"))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
}
