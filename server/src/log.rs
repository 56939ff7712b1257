//! Owns what is logged: one line a request, with its id, and the cause of a failure once.
//! Refuses to log an address, a user agent, a referrer, a path beyond its route, a visitor or a body.

use std::io::IsTerminal;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tower_http::request_id::{MakeRequestId, RequestId};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};
use crate::error::{Error, Failure};
use crate::pages;
use crate::store::Store;

/// Starts logging to standard error.
pub fn start(settings: &Settings) -> Result<(), String> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| format!("Setting log: `{}` is no log filter: {error}.", settings.log))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Where standard error is a file on a full disk, complaining there would end the request, not the line alone.
        .log_internal_errors(false);
    match settings.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    }
    .map_err(|error| error.to_string())
}

/// The header that names a request, in both directions.
pub const REQUEST_ID: &str = "x-request-id";

/// Takes the name that a proxy gave a request only if it is one, so that nobody writes into the log.
pub fn drop_odd_request_id(mut request: Request) -> Request {
    let named = request.headers().get(REQUEST_ID).is_none_or(|id| {
        (1..=64).contains(&id.len())
            && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
    });
    if !named {
        request.headers_mut().remove(REQUEST_ID);
    }
    request
}

/// Names each request with 64 random bits, unless a proxy in front named it already.
#[derive(Clone)]
pub struct NameRequests;

impl MakeRequestId for NameRequests {
    fn make_request_id<B>(&mut self, _: &axum::http::Request<B>) -> Option<RequestId> {
        let id = format!("{:016x}", getrandom::u64().ok()?);
        id.parse().ok().map(RequestId::new)
    }
}

const KNOWN_METHODS: [&str; 9] =
    ["GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"];

/// Logs a request when it is answered, and gives a failed one its problem body.
pub async fn log_request(State(store): State<Store>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    // Others are made up by whoever sends them.
    let method = KNOWN_METHODS.into_iter().find(|known| request.method() == known).unwrap_or("other");
    let route =
        request.extensions().get::<MatchedPath>().map_or("none".to_owned(), |path| path.as_str().to_owned());
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .and_then(|id| id.header_value().to_str().ok())
        .map(str::to_owned)
        .unwrap_or_default();

    let as_page = pages::wants_page(request.headers());
    let mut response = next.run(request).await;
    let failure = response.extensions_mut().remove::<Failure>();
    if let Some(Failure(error)) = &failure {
        let headers = std::mem::take(response.headers_mut());
        response = error.to_response(Some(request_id.clone()), as_page);
        // What layers below added (CORS above all) must reach the caller with the problem body too.
        for (name, value) in &headers {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    let status = response.status().as_u16();
    let ms = started.elapsed().as_millis();
    let in_outage = failure.as_ref().is_some_and(|Failure(error)| match &**error {
        Error::Store(cause) => store.failed(cause).is_outage(),
        Error::Unavailable(_) | Error::NotReady(_) | Error::NotSigning(_) | Error::Refused(_) => true,
        _ => false,
    });
    match failure.and_then(|Failure(error)| error.cause()) {
        // What stops everybody has its own line, and there may be thousands who meet it.
        cause if in_outage => {
            tracing::debug!(method, route, status, ms, request_id, cause, "request met the outage");
        }
        Some(cause) => tracing::error!(method, route, status, ms, request_id, cause, "request failed"),
        None if status >= 400 => tracing::info!(method, route, status, ms, request_id, "request refused"),
        // What goes well is not worth a line for every visitor, unless somebody asks: ASSENT_LOG=assent=debug.
        None => tracing::debug!(method, route, status, ms, request_id, "request answered"),
    }
    response
}
