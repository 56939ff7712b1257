//! Owns what is logged: one line a request, with its id, and the cause of a failure once.
//! Refuses to log an address, a user agent, a referrer, a path beyond its route, a visitor or a body.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tower_http::request_id::{MakeRequestId, RequestId};
use tracing::{Event, Instrument, Level, Subscriber};
#[cfg(feature = "otlp")]
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::filter::{Directive, LevelFilter};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{LogFormat, Settings};
use crate::error::{Error, Failure};
use crate::metrics::{Answer, Outcome};
use crate::pages;
use crate::state::App;
use crate::traces;

/// The log, and the spans that go to a collector, while the server runs.
#[derive(Debug)]
#[must_use]
pub struct Log {
    #[cfg(feature = "otlp")]
    exporter: Option<traces::Exporter>,
}

impl Log {
    /// Sends the spans that remain.
    pub fn end(self) {
        #[cfg(feature = "otlp")]
        if let Some(exporter) = self.exporter {
            exporter.end();
        }
    }
}

/// Starts logging to standard error, and sending spans where the settings say so.
pub fn start(settings: &Settings) -> Result<Log, String> {
    let filter = EnvFilter::try_new(&settings.log)
        .map_err(|error| format!("Setting log: `{}` is no log filter: {error}.", settings.log))?;
    // Our spans are for a collector. The log has its lines, and nothing of them.
    let unseen = format!("{}=off", traces::SPANS).parse::<Directive>().map_err(|error| error.to_string())?;
    let filter = filter.add_directive(unseen);
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        // Where standard error is a file on a full disk, complaining there would end the request, not the line alone.
        .log_internal_errors(false);
    let lines = match settings.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let registry = tracing_subscriber::registry();
    #[cfg(feature = "otlp")]
    let (registry, exporter) = {
        let endpoint = settings.otlp_endpoint.as_deref();
        let exporter = endpoint.map(|to| traces::Exporter::new(to, settings.otlp_one_in)).transpose()?;
        let spans = exporter.as_ref().map(|exporter| {
            tracing_opentelemetry::layer()
                .with_tracer(exporter.tracer())
                .with_location(false)
                .with_target(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                // Only our own: libraries say in theirs what we would not.
                .with_filter(filter_fn(|of| of.is_span() && of.target() == traces::SPANS))
        });
        (registry.with(spans), exporter)
    };
    #[cfg(not(feature = "otlp"))]
    if settings.otlp_endpoint.is_some() {
        return Err("Setting otlp_endpoint: this program was built without the feature `otlp`.".to_owned());
    }
    registry
        .with(lines.with_filter(filter))
        .with(Alarms.with_filter(LevelFilter::WARN))
        .try_init()
        .map_err(|error| error.to_string())?;
    Ok(Log {
        #[cfg(feature = "otlp")]
        exporter,
    })
}

/// Lines that somebody should read. Of the whole process, as the log itself is.
static WARNINGS: AtomicU64 = AtomicU64::new(0);
static ERRORS: AtomicU64 = AtomicU64::new(0);

/// Counts them, also where a filter keeps them out of the log.
struct Alarms;

impl<S: Subscriber> Layer<S> for Alarms {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let counter = if *event.metadata().level() == Level::ERROR { &ERRORS } else { &WARNINGS };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// How many warnings and errors there were.
pub(crate) fn alarms() -> (u64, u64) {
    (WARNINGS.load(Ordering::Relaxed), ERRORS.load(Ordering::Relaxed))
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

/// Addresses to which decisions are sent.
const DECISIONS: [&str; 2] = ["/_assent/{site}/decisions", "/_assent/{site}/choices"];

/// Logs and counts a request when it is answered, and gives a failed one its problem body.
pub async fn log_request(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = traces::method_name(request.method());
    // Shared with the router, as the id is with the request: neither is copied.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = request.extensions().get::<RequestId>().cloned();

    let span = traces::request(&request, method, route.as_ref().map_or("none", MatchedPath::as_str));
    let as_page = pages::wants_page(request.headers());
    let mut response = next.run(request).instrument(span.clone()).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let request_id = request_id.as_ref().and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    let failure = response.extensions_mut().remove::<Failure>();
    if let Some(Failure(error)) = &failure {
        if method == "POST" && DECISIONS.contains(&route) {
            app.metrics.decision(Outcome::from(&**error));
        }
        if let Error::Store(_) = **error {
            app.metrics.database_failed();
        }
        let headers = std::mem::take(response.headers_mut());
        response = error.to_response(Some(request_id.to_owned()), as_page);
        // What layers below added (CORS above all) must reach the caller with the problem body too.
        for (name, value) in &headers {
            response.headers_mut().entry(name).or_insert_with(|| value.clone());
        }
    }
    let status = response.status().as_u16();
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    app.metrics.answered(&Answer { route, method, status, bytes, since: started });
    traces::answered(&span, status);
    let ms = started.elapsed().as_millis();
    let in_outage = failure.as_ref().is_some_and(|Failure(error)| match &**error {
        Error::Store(cause) => app.store.failed(cause).is_outage(),
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
