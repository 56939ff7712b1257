//! Owns a real nginx in front of the web host: it hands `/_assent/` straight to the server by the very rule that
//! docs/embedding.md prints, and its log tells what it answered.
//! Refuses to have a rule of its own for Assent, and to leave anything behind.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;

use crate::deadline::{eventually, in_time};
use crate::process::{Guarded, find};

const EMBEDDING: &str = include_str!("../../docs/embedding.md");
/// The line with which the documented rule begins.
const RULE: &str = "location /_assent/ {";
/// Where the documented rule passes requests on.
const UPSTREAM: &str = "http://127.0.0.1:8080;";
/// A page of nginx's own.
const NOTHING: &str = "/_test/nginx";
/// Programs of the system are not on everybody's `PATH`.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// An nginx of its own, with one worker and everything in a temporary folder.
#[derive(Debug)]
pub struct Nginx {
    // Declared before the folder, so that the process ends first.
    process: Guarded,
    folder: TempDir,
    address: SocketAddr,
    asked: AtomicUsize,
}

/// A request to nginx, and what it answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// GET, POST, …
    pub method: String,
    /// With its query.
    pub path: String,
    /// The request's body.
    pub body: String,
    /// The answer's status.
    pub status: u16,
    /// The answer's `Set-Cookie`, empty without one. Of several, nginx before 1.23 tells only the first.
    pub set_cookie: String,
    /// The `assent` cookie that the server's answer sets, empty without one.
    pub decision: String,
    /// The same for `assent_id`.
    pub visitor: String,
}

/// Where nginx is, or what to install.
pub(crate) fn program(path: &[PathBuf]) -> Option<PathBuf> {
    find("nginx", path).or_else(|| find("nginx", &SYSTEM.map(PathBuf::from)))
}

impl Nginx {
    /// Starts `program` at `address`, in front of the web host whose origin is `host` and of the server at `server`.
    pub async fn start(
        program: &Path,
        address: SocketAddr,
        host: &str,
        server: SocketAddr,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("assent-nginx-")
            // Started by root, its worker becomes somebody else, who has to get to the folders of theirs in here.
            .permissions(Permissions::from_mode(0o755))
            .tempdir()?;
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(folder.path(), address, host, server)?)?;
        // `-e`: without it nginx first opens a log in the system's folders.
        let arguments = ["-e", "stderr", "-c"].map(str::to_owned).into_iter();
        let arguments: Vec<String> = arguments.chain([file.display().to_string()]).collect();
        let process = Guarded::start(program, &arguments, &[])?;
        let nginx = Self { process, folder, address, asked: AtomicUsize::default() };
        let answers = in_time(|| async {
            let answer = reqwest::get(format!("{}{NOTHING}", nginx.origin())).await.ok()?;
            answer.status().is_success().then_some(())
        });
        answers.await.with_context(|| format!("nginx does not answer; it says:\n{}", nginx.process.log()))?;
        Ok(nginx)
    }

    /// The origin that visitors see.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything under `/_assent/` that was answered until now, in the order of the answers' ends.
    pub async fn answers(&self) -> Vec<Answer> {
        // The one worker writes line by line, so this line comes after those of all that had ended before.
        let last = format!("{NOTHING}?{}", self.asked.fetch_add(1, Ordering::Relaxed));
        let request = reqwest::get(format!("{}{last}", self.origin()));
        assert!(request.await.expect("nginx answers").status().is_success());
        eventually("nginx has logged everything", || async {
            self.lines().iter().any(|answer| answer.path == last).then_some(())
        })
        .await;
        self.logged()
    }

    /// The same as far as it is in the log: an answer that has just been received may still be missing.
    pub(crate) fn logged(&self) -> Vec<Answer> {
        self.lines().into_iter().filter(|answer| answer.path.starts_with("/_assent/")).collect()
    }

    fn lines(&self) -> Vec<Answer> {
        let log = std::fs::read_to_string(self.folder.path().join("access")).expect("nginx keeps a log");
        log.split_inclusive('\n').filter(|line| line.ends_with('\n')).map(Answer::from_line).collect()
    }
}

impl Answer {
    fn from_line(line: &str) -> Self {
        let line: Value = serde_json::from_str(line).expect("nginx logs JSON");
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        Self {
            method: text("method"),
            path: text("path"),
            body: text("body"),
            status: text("status").parse().expect("an answer has a status"),
            set_cookie: text("set_cookie"),
            decision: text("decision"),
            visitor: text("visitor"),
        }
    }
}

fn configuration(
    folder: &Path,
    address: SocketAddr,
    host: &str,
    server: SocketAddr,
) -> anyhow::Result<String> {
    let rule = documented_rule()?.replace(UPSTREAM, &format!("http://{server};"));
    let folder = folder.display();
    Ok(format!(
        r#"
daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr warn;
events {{}}
http {{
    log_format answers escape=json '{{"method":"$request_method","path":"$request_uri","body":"$request_body",'
        '"status":"$status","set_cookie":"$sent_http_set_cookie",'
        '"decision":"$upstream_cookie_assent","visitor":"$upstream_cookie_assent_id"}}';
    access_log {folder}/access answers;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen {address};
        location = {NOTHING} {{
            return 204;
        }}
        location / {{
            proxy_pass {host};
        }}
{rule}
    }}
}}
"#
    ))
}

/// The rule as operators copy it.
fn documented_rule() -> anyhow::Result<&'static str> {
    let blocks = EMBEDDING.split("```nginx\n").skip(1).filter_map(|rest| rest.split("```").next());
    let mut rules = blocks.filter(|block| block.starts_with(RULE));
    let rule = rules.next().context("docs/embedding.md has no rule for nginx")?;
    ensure!(rules.next().is_none(), "docs/embedding.md has two rules for nginx");
    ensure!(rule.matches(UPSTREAM).count() == 1, "the rule passes nothing on to {UPSTREAM}");
    Ok(rule)
}
