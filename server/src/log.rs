//! Owns what is logged: one line a request, with its id, and the cause of a failure once.
//! Refuses to log an address, a user agent, a referrer, a path beyond its route, a visitor or a body.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::body::HttpBody;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use tokio::time::Instant;
use tracing::{Event, Level, Span, Subscriber};
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
    // Each has its filter. One without, even one that is nobody, would have every span of every library made.
    let mut layers = vec![lines.with_filter(filter).boxed(), Alarms.with_filter(LevelFilter::WARN).boxed()];
    #[cfg(feature = "otlp")]
    let exporter = {
        let endpoint = settings.otlp_endpoint.as_deref();
        let exporter = endpoint.map(|to| traces::Exporter::new(to, settings.otlp_one_in)).transpose()?;
        layers.extend(exporter.as_ref().map(|exporter| {
            tracing_opentelemetry::layer()
                .with_tracer(exporter.tracer())
                .with_location(false)
                .with_target(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                // Only our own: libraries say in theirs what we would not.
                .with_filter(filter_fn(|of| of.is_span() && of.target() == traces::SPANS))
                .boxed()
        }));
        exporter
    };
    #[cfg(not(feature = "otlp"))]
    if settings.otlp_endpoint.is_some() {
        return Err("Setting otlp_endpoint: this program was built without the feature `otlp`.".to_owned());
    }
    tracing_subscriber::registry().with(layers).try_init().map_err(|error| error.to_string())?;
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

/// The name of a request: what a proxy in front gave it, if that is one, so that nobody writes into the log; else 64 random bits.
pub(crate) fn name(headers: &HeaderMap) -> Option<HeaderValue> {
    let given = headers.get(REQUEST_ID).filter(|id| {
        (1..=64).contains(&id.len())
            && id.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
    });
    given.cloned().or_else(|| HeaderValue::try_from(format!("{:016x}", getrandom::u64().ok()?)).ok())
}

/// Addresses to which decisions are sent.
const DECISIONS: [&str; 2] = ["/_assent/{site}/decisions", "/_assent/{site}/choices"];

/// A request's line, from when it comes to when it is answered.
pub(crate) struct Line {
    started: Instant,
    method: &'static str,
    /// Shared with the router.
    route: Option<MatchedPath>,
    as_page: bool,
    span: Span,
}

impl Line {
    /// Notes what is known before a request goes its way.
    pub(crate) fn begin(request: &Request) -> Self {
        let method = traces::method_name(request.method());
        let route = request.extensions().get::<MatchedPath>().cloned();
        let span = traces::request(request, method, route.as_ref().map_or("none", MatchedPath::as_str));
        Self { started: Instant::now(), method, route, as_page: pages::wants_page(request.headers()), span }
    }

    /// In which the request is handled.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// Logs and counts the request under its name, and gives a failed one its problem body.
    pub(crate) fn end(self, app: &App, mut response: Response, name: Option<&HeaderValue>) -> Response {
        let Self { started, method, route, as_page, span } = self;
        let route = route.as_ref().map_or("none", MatchedPath::as_str);
        let request_id = name.and_then(|name| name.to_str().ok()).unwrap_or_default();
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
}
