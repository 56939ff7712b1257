//! Owns the binary as a supervisor runs it: a database of its own with the site `shop`, started, ended, killed and started again.
//! Refuses to leave a process behind.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use assent::notices;
use assent::sealer::Sealer;
use assent::signing_keys::KeySource;
use assent::store::{Environment, Filter, Place, Site, Store};
use assent_shared::{Receipt, SiteId};
use serde_json::Value;
use tempfile::TempDir;

use super::{Database, Engine, NOTICE, NOW, PAGE, check_ledgers};

/// How long anything may take that a test waits for.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// An installation: the database, the key, and the folder in which the server runs.
pub(crate) struct Installation {
    pub(crate) url: String,
    pub(crate) folder: TempDir,
    database: Option<Database>,
}

impl Installation {
    pub(crate) async fn create(engine: Engine) -> Self {
        let database = Database::create(engine).await;
        let on = Self::on(&database.url).await;
        Self { database: Some(database), ..on }
    }

    /// On an empty database that somebody else made.
    pub(crate) async fn on(url: &str) -> Self {
        let installation = Self { url: url.to_owned(), folder: TempDir::new().unwrap(), database: None };
        let store = installation.open().await;
        let site = Site {
            id: shop(),
            name: "Shop".to_owned(),
            environment: Environment::Production,
            origins: vec![PAGE.to_owned()],
            share_subdomains: false,
        };
        assert!(store.add_site(&site, NOW).await.unwrap());
        notices::publish(&store, &site.id, NOTICE, &[], NOW).await.unwrap();
        store.close().await;
        installation
    }

    /// The database, beside whatever server runs on it.
    pub(crate) async fn open(&self) -> Store {
        let key = KeySource::File(self.folder.path().join("assent.key"));
        Store::open(&self.url, Sealer::new(key)).await.unwrap()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assent"));
        command.current_dir(self.folder.path()).args(arguments).env_clear().stdin(Stdio::null());
        command.env("ASSENT_DATABASE_URL", &self.url);
        command.env("ASSENT_SIGNING_KEY_FILE", self.folder.path().join("assent.key"));
        command
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(&self, arguments: &[&str]) -> Program {
        self.try_start(arguments).unwrap_or_else(|said| panic!("it does not start: {said}"))
    }

    /// As [`Installation::start`], or what it says when it refuses.
    pub(crate) fn try_start(&self, arguments: &[&str]) -> Result<Program, String> {
        let mut all = vec!["serve", "--port", "0", "--log-format", "json"];
        all.extend(arguments);
        let mut child = self.command(&all).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (log, (found, address)) = (Arc::new(Mutex::new(Vec::new())), mpsc::channel());
        let lines = BufReader::new(child.stderr.take().unwrap());
        let keep = log.clone();
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                let said: Value = serde_json::from_str(&line).unwrap_or_default();
                if said["message"] == "listening" {
                    let _ = found.send(said["address"].as_str().unwrap().parse().unwrap());
                }
                keep.lock().unwrap().push(line);
            }
        });
        match address.recv_timeout(PATIENCE) {
            Ok(address) => Ok(Program { child, address, log }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(log.lock().unwrap().join("\n"))
            }
        }
    }

    /// Checks what must hold whatever failed, while no server runs: what was acknowledged is stored, once; nothing else is,
    /// because every visitor went on until the answer came; and the ledger verifies.
    pub(crate) async fn check(&self, acknowledged: &[String]) {
        let store = self.open().await;
        check_ledgers(&store).await;
        let rows = store.receipts(&shop(), &Filter::default(), Place::START, 1_000_000).await.unwrap();
        let mut stored: BTreeMap<String, u32> = BTreeMap::new();
        for row in &rows {
            let receipt: Receipt = serde_json::from_str(&row.body).unwrap();
            assert_eq!(row.body, receipt.canonical_json());
            *stored.entry(receipt.decision.to_string()).or_default() += 1;
        }
        for decision in acknowledged {
            assert!(stored.contains_key(decision), "{decision} was acknowledged and is lost");
        }
        let doubled: Vec<_> = stored.iter().filter(|(_, times)| **times > 1).collect();
        assert!(doubled.is_empty(), "stored twice: {doubled:?}");
        assert_eq!(stored.len(), acknowledged.len(), "everything that is stored was answered at last");
        store.close().await;
    }

    pub(crate) async fn remove(self) {
        if let Some(database) = self.database {
            database.drop().await;
        }
    }
}

fn shop() -> SiteId {
    "shop".parse().unwrap()
}

/// The server, listening; killed when the test ends.
pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
}

impl Program {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has said so far, a line each.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Whether it still runs.
    pub(crate) fn lives(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Ends it as a supervisor does.
    pub(crate) fn ends(mut self) {
        self.signal("-TERM");
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.log().join("\n"));
    }

    /// What a probe answers: the status and the line.
    pub(crate) async fn probe(&self, path: &str) -> (u16, String) {
        let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
        let answer = client.get(format!("http://{}{path}", self.address)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until it has said something so often.
    pub(crate) async fn until_logged(&self, message: &str, times: usize) {
        let said = || self.log().iter().filter(|line| line.contains(message)).count();
        let waiting = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(20));
            while said() < times {
                ticks.tick().await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        assert!(found.is_ok(), "`{message}` is not said {times} times:\n{}", self.log().join("\n"));
    }

    /// Asks until the line is ready, or names the reason.
    pub(crate) async fn until_ready_says(&self, wanted: &str) {
        let mut last = String::new();
        let asked = async {
            let mut ticks = tokio::time::interval(Duration::from_millis(100));
            loop {
                ticks.tick().await;
                let (status, line) = self.probe("/readyz").await;
                assert_eq!(status == 200, line.starts_with("ready"), "{status} {line}");
                assert_eq!(self.probe("/healthz").await, (200, "alive\n".to_owned()));
                if line.contains(wanted) {
                    return;
                }
                last = line;
            }
        };
        let found = tokio::time::timeout(PATIENCE, asked).await;
        assert!(found.is_ok(), "it never said `{wanted}`, but at last `{last}`:\n{}", self.log().join("\n"));
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that the test started.
pub(crate) fn signal(process: u32, name: &str) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

/// Runs a command of the system's that must go well.
pub(crate) fn must_run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// The bytes of a file, or nothing.
pub(crate) fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |about| about.len())
}
