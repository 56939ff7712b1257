//! Owns sending spans to a collector, in batches, on a thread of the library's own.
//! Refuses to slow anybody: spans that cannot be sent in time are dropped, and nothing waits for a collector but the end.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What collects spans and sends them.
#[derive(Debug)]
pub(crate) struct Exporter(SdkTracerProvider);

impl Exporter {
    /// Sends one trace in `one_in` to the collector at `endpoint`.
    pub(crate) fn new(endpoint: &str, one_in: u32) -> Result<Self, String> {
        let agent = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Client(agent.build().into()))
            .with_endpoint(endpoint)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| format!("Setting otlp_endpoint: {error}."))?;
        // By the trace's id alone: whoever sends a trace of their own cannot have it kept.
        let sampler = Sampler::TraceIdRatioBased(1.0 / f64::from(one_in.max(1)));
        // An empty start: the library would add what the environment and the machine say of themselves.
        let resource = Resource::builder_empty().with_service_name("assent");
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource.build())
            .build();
        Ok(Self(provider))
    }

    pub(crate) fn tracer(&self) -> SdkTracer {
        self.0.tracer("assent")
    }

    /// Sends what remains.
    pub(crate) fn end(&self) {
        if let Err(error) = self.0.shutdown_with_timeout(PATIENCE) {
            tracing::warn!(%error, "the newest spans did not reach the collector");
        }
    }
}

/// The client that is here anyhow. It is called on the library's thread, where waiting is nobody's loss.
#[derive(Debug)]
struct Client(ureq::Agent);

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(head, body.to_vec()))?;
        let (head, mut body) = answer.into_parts();
        Ok(Response::from_parts(head, body.read_to_vec()?.into()))
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

/// Makes a span part of the trace that a caller names (W3C Trace Context).
pub(super) fn follow(span: &Span, headers: &HeaderMap) {
    if headers.contains_key("traceparent") {
        // It fails only where nobody collects spans, and then nothing is lost.
        let _ = span.set_parent(TraceContextPropagator::new().extract(&Headers(headers)));
    }
}
