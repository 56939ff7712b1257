//! Owns spans: which there are, what they say, and sending them to a collector (OTLP over HTTP) where the settings name one.
//! Refuses to say who: a span has the router's own address and never the request's, counts, and how it ended. What else the
//! log or a library knows goes nowhere.

#[cfg(feature = "otlp")]
mod export;

use axum::extract::Request;
use axum::http::Method;
use tracing::Span;
use tracing::field::Empty;

#[cfg(feature = "otlp")]
pub(crate) use export::Exporter;

/// What our own spans are told from all others by. Nobody listens to them unless there is a collector, and what nobody listens to
/// is not made.
pub(crate) const SPANS: &str = "assent_spans";

/// A request, under the router's address.
pub(crate) fn request(request: &Request, method: &'static str, route: &str) -> Span {
    let span = tracing::info_span!(
        target: SPANS,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
    );
    // An operator's program may join our spans to its own. On a site's pages the same header would be a number by which a
    // visitor's requests here are found among those elsewhere, so there it is not read.
    #[cfg(feature = "otlp")]
    if route.starts_with("/api/") && !span.is_disabled() {
        export::follow(&span, request.headers());
    }
    #[cfg(not(feature = "otlp"))]
    let _ = request;
    span
}

/// How the request was answered.
pub(crate) fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// What the recorder takes at once: from gathering it to answering.
pub(crate) fn batch(decisions: usize) -> Span {
    tracing::info_span!(target: SPANS, "recorder batch", decisions)
}

/// The transaction in which a batch is stored.
pub(crate) fn commit() -> Span {
    tracing::info_span!(target: SPANS, "commit", otel.status_code = Empty)
}

/// An export in the background.
pub(crate) fn export(format: &str) -> Span {
    tracing::info_span!(target: SPANS, "export", format, receipts = Empty, result = Empty, otel.status_code = Empty)
}

/// Methods by name; whatever else somebody makes up is one.
pub(crate) fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    KNOWN.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}
