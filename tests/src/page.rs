//! Owns the web host under test: it serves a scenario's page and forwards `/_assent/` to the server, as an operator's
//! reverse proxy does, and it sees, delays and breaks every request on the way.
//! Refuses to touch what it forwards.

use std::net::SocketAddr;
use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::nginx::{Answer, Nginx};

/// What `{{nonce}}` stands for.
pub const NONCE: &str = "8IBTHwOdqNKAWeKl7plt8g";
const HOOK: &str = include_str!("hook.js");

/// A web host: a scenario's pages, and Assent behind `/_assent/`.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    shared: Arc<Shared>,
    nginx: OnceLock<Nginx>,
    task: tokio::task::JoinHandle<()>,
}

/// A request as the host saw it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// GET, POST, …
    pub method: String,
    /// With its query.
    pub path: String,
    /// As text.
    pub body: String,
    /// What the page was answered; `None` while it waits, and for a broken connection.
    pub status: Option<u16>,
    /// The answer's body as text, if it was text.
    pub answer: String,
}

/// What happens to requests instead of being forwarded at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// They wait until the trouble is over.
    Hold,
    /// They are forwarded, but their answers wait.
    HoldAnswer,
    /// The connection breaks, as when the server is down.
    Cut,
    /// They are forwarded twice, one after the other; the page gets the second answer.
    Twice,
    /// They are answered with this status.
    Status(u16),
}

#[derive(Debug)]
struct Shared {
    folders: Vec<PathBuf>,
    tag: Mutex<String>,
    headers: Mutex<Vec<(HeaderName, HeaderValue)>>,
    languages: Mutex<Option<HeaderValue>>,
    policy: Mutex<Option<&'static str>>,
    upstream: Mutex<Option<SocketAddr>>,
    seen: Mutex<Vec<Seen>>,
    errors: Mutex<Vec<String>>,
    troubles: watch::Sender<Vec<(String, Trouble)>>,
    client: reqwest::Client,
}

impl Host {
    /// Serves the files of `folders`, the first that has one wins. In its HTML, `{{tag}}` becomes the tag's address, `{{site}}`
    /// its site and `{{nonce}}` becomes [`NONCE`].
    pub async fn start(folders: Vec<PathBuf>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            folders,
            tag: Mutex::default(),
            headers: Mutex::default(),
            languages: Mutex::default(),
            policy: Mutex::default(),
            upstream: Mutex::default(),
            seen: Mutex::default(),
            errors: Mutex::default(),
            troubles: watch::Sender::default(),
            // The browser follows redirects, and takes their cookies.
            client: reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?,
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            drop(axum::serve(listener, router).await);
        });
        Ok(Self { address, shared, nginx: OnceLock::new(), task })
    }

    /// The host's origin under the name `127.0.0.1`.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same host under another name, and so another origin and another site.
    #[must_use]
    pub fn localhost_origin(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }

    /// The same host under any name that leads to this machine.
    #[must_use]
    pub fn origin_of(&self, name: &str) -> String {
        format!("http://{name}:{}", self.address.port())
    }

    /// Puts nginx in front of this host. `/_assent/` then goes past it, so nothing of that can be delayed or broken.
    pub fn stand_behind(&self, nginx: Nginx) {
        self.nginx.set(nginx).expect("one nginx is enough");
    }

    /// The nginx in front of this host, if there is one.
    #[must_use]
    pub fn nginx(&self) -> Option<&Nginx> {
        self.nginx.get()
    }

    /// What `{{tag}}` stands for.
    pub fn set_tag(&self, tag: &str) {
        tag.clone_into(&mut lock(&self.shared.tag));
    }

    /// From now on, the scenario's own files come with these headers instead of the ones before.
    pub fn set_headers(&self, headers: &[(&'static str, &str)]) {
        let value = |text: &str| HeaderValue::from_str(text).expect("a header's value");
        *lock(&self.shared.headers) =
            headers.iter().map(|(name, text)| (HeaderName::from_static(name), value(text))).collect();
    }

    /// From now on, what is forwarded asks for these languages, as from a browser that is set to them.
    pub fn set_languages(&self, languages: &'static str) {
        *lock(&self.shared.languages) = Some(HeaderValue::from_static(languages));
    }

    /// Where `/_assent/` is forwarded; nowhere means that the server is down.
    pub fn set_upstream(&self, upstream: Option<SocketAddr>) {
        *lock(&self.shared.upstream) = upstream;
    }

    /// The Content-Security-Policy of every page.
    pub fn set_policy(&self, policy: &'static str) {
        *lock(&self.shared.policy) = Some(policy);
    }

    /// From now on, `trouble` for every request whose path starts with `path`, in place of the one before.
    pub fn trouble(&self, path: &str, trouble: Trouble) {
        self.shared.troubles.send_modify(|troubles| {
            troubles.retain(|(prefix, _)| prefix != path);
            troubles.push((path.to_owned(), trouble));
        });
    }

    /// No more trouble for `path`; what waited goes on.
    pub fn relieve(&self, path: &str) {
        self.shared.troubles.send_modify(|troubles| troubles.retain(|(prefix, _)| prefix != path));
    }

    /// The requests so far whose path starts with `path`, in the order of their arrival; those that went past this host
    /// come last, as nginx has logged them.
    #[must_use]
    pub fn seen(&self, path: &str) -> Vec<Seen> {
        let past = self.nginx().map(Nginx::logged).unwrap_or_default().into_iter().map(Seen::from);
        let seen = lock(&self.shared.seen);
        seen.iter().cloned().chain(past).filter(|request| request.path.starts_with(path)).collect()
    }

    /// What the window error hook told so far.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        lock(&self.shared.errors).clone()
    }

    /// Takes errors that the scenario provoked out of the list.
    pub fn forgive(&self, provoked: &str) {
        lock(&self.shared.errors).retain(|error| !error.contains(provoked));
    }
}

impl From<Answer> for Seen {
    fn from(answer: Answer) -> Self {
        let Answer { method, path, body, status, .. } = answer;
        Self { method, path, body, status: Some(status), answer: String::new() }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn note(&self, number: usize, status: StatusCode, answer: &[u8]) {
        if let Some(seen) = lock(&self.seen).get_mut(number) {
            seen.status = Some(status.as_u16());
            std::str::from_utf8(answer).unwrap_or_default().clone_into(&mut seen.answer);
        }
    }

    fn trouble(&self, path: &str) -> Option<Trouble> {
        let troubles = self.troubles.borrow();
        let (_, trouble) = troubles.iter().find(|(prefix, _)| path.starts_with(prefix.as_str()))?;
        Some(*trouble)
    }

    /// Waits until `path` is in no such trouble.
    async fn wait_out(&self, path: &str, trouble: Trouble) {
        let mut changes = self.troubles.subscribe();
        while self.trouble(path) == Some(trouble) {
            if changes.changed().await.is_err() {
                break;
            }
        }
    }

    async fn forward(&self, request: Request, body: Bytes) -> anyhow::Result<(StatusCode, HeaderMap, Bytes)> {
        let upstream = (*lock(&self.upstream)).context("the server is down")?;
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        // With the Host that the browser named: by it the server knows a first-party request.
        let mut headers = request.headers().clone();
        if let Some(languages) = &*lock(&self.languages) {
            headers.insert(ACCEPT_LANGUAGE, languages.clone());
        }
        let answer = self
            .client
            .request(request.method().clone(), format!("http://{upstream}{path}"))
            .headers(headers)
            .body(body)
            .send()
            .await?;
        let status = answer.status();
        let mut headers = answer.headers().clone();
        // This host frames the body anew.
        headers.remove("transfer-encoding");
        headers.remove("connection");
        Ok((status, headers, answer.bytes().await?))
    }

    fn file(&self, path: &str) -> Response {
        let name = match path.trim_start_matches('/') {
            "" => "page.html",
            name => name,
        };
        let found = self.folders.iter().find_map(|folder| std::fs::read(folder.join(name)).ok());
        let Some(bytes) = found else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let kind = match name.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript",
            Some("css") => "text/css",
            _ => "application/octet-stream",
        };
        let tag = lock(&self.tag).clone();
        let bytes = match String::from_utf8(bytes) {
            Ok(text) if kind.starts_with("text/html") => text
                .replacen("<head>", r#"<head><script nonce="{{nonce}}" src="/_test/hook.js"></script>"#, 1)
                .replace("{{nonce}}", NONCE)
                .replace("{{tag}}", &tag)
                .replace("{{site}}", site_of(&tag))
                .into_bytes(),
            Ok(text) => text.into_bytes(),
            Err(binary) => binary.into_bytes(),
        };
        let mut response = ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], bytes).into_response();
        response.headers_mut().extend(lock(&self.headers).iter().cloned());
        if let Some(policy) = *lock(&self.policy) {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
        }
        response
    }
}

/// The site of a tag's address.
fn site_of(tag: &str) -> &str {
    let file = tag.rsplit('/').next().unwrap_or_default();
    file.split('.').next().unwrap_or_default()
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    let method = request.method().to_string();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    match path.as_str() {
        "/_test/hook.js" => return ([(CONTENT_TYPE, "text/javascript")], HOOK).into_response(),
        "/_test/error" => {
            lock(&shared.errors).push(String::from_utf8_lossy(&body).into_owned());
            return StatusCode::NO_CONTENT.into_response();
        }
        "/_test/settle" => return StatusCode::NO_CONTENT.into_response(),
        _ => {}
    }
    let number = {
        let mut seen = lock(&shared.seen);
        seen.push(Seen {
            method,
            path: path.clone(),
            body: String::from_utf8_lossy(&body).into_owned(),
            status: None,
            answer: String::new(),
        });
        seen.len() - 1
    };
    shared.wait_out(&path, Trouble::Hold).await;
    match shared.trouble(&path) {
        Some(Trouble::Cut) => cut(),
        Some(Trouble::Status(status)) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            shared.note(number, status, &[]);
            return status.into_response();
        }
        _ => {}
    }
    if !path.starts_with("/_assent/") {
        let response = shared.file(parts.uri.path());
        shared.note(number, response.status(), &[]);
        return response;
    }
    if shared.trouble(&path) == Some(Trouble::Twice) {
        let first = Request::from_parts(parts.clone(), Body::empty());
        if shared.forward(first, body.clone()).await.is_err() {
            cut();
        }
    }
    let Ok((status, headers, bytes)) = shared.forward(Request::from_parts(parts, Body::empty()), body).await
    else {
        cut();
    };
    shared.wait_out(&path, Trouble::HoldAnswer).await;
    shared.note(number, status, &bytes);
    (status, headers, bytes).into_response()
}

/// Ends the connection without an answer: unwinding ends the task that serves it, and without the panic hook's words.
fn cut() -> ! {
    resume_unwind(Box::new("the scenario breaks this connection"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
