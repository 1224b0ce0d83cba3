//! Exporting spans by OTLP over gRPC. Where to, how often and under which name is said
//! by the variables of the environment that OpenTelemetry has for it.

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::EnvResourceDetector;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tonic::Code;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::error::{Error, Result};
use crate::traces::collector;

/// The service's name, unless the environment gives it another.
const SERVICE: &str = "assort";

/// The export of spans.
pub(crate) struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Begins to export if the environment names a collector.
    pub(crate) fn begin<S>() -> Result<(Self, Option<impl Layer<S>>)>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        if collector().is_none() {
            return Ok((Self(None), None));
        }
        let exporter = SpanExporter::builder().with_tonic().build();
        let exporter = exporter.map_err(|error| Error::Traces(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource())
            .build();
        let layer = tracing_opentelemetry::layer()
            .with_tracer(provider.tracer(SERVICE))
            .with_location(false)
            .with_threads(false)
            .with_filter(LevelFilter::INFO);
        Ok((Self(Some(provider)), Some(layer)))
    }

    /// Exports what is left, and no more.
    pub(crate) fn end(&self) {
        if let Some(provider) = &self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }

    /// Tells who expects spans where they go.
    pub(crate) fn told(&self) {
        if let Some((name, collector)) = self.0.as_ref().and_then(|_| collector()) {
            tracing::info!(collector, "spans are exported, as {name} says");
        }
    }
}

/// What the service is called: as `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say,
/// and by its own name without them.
fn resource() -> Resource {
    let named = std::env::var("OTEL_SERVICE_NAME").ok();
    let named = named.filter(|name| !name.is_empty());
    Resource::builder_empty()
        .with_service_name(SERVICE)
        .with_detector(Box::new(EnvResourceDetector::new()))
        .with_attributes(named.map(|name| opentelemetry::KeyValue::new("service.name", name)))
        .with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ))
        .build()
}

/// Makes the span of a call part of the caller's trace, which the header `traceparent`
/// names.
pub(crate) fn began(span: &Span, method: &str, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    // Fails where no spans are exported.
    if span.set_parent(parent).is_err() {
        return;
    }
    span.record("otel.name", method);
    span.record("otel.kind", "server");
    if let Some((service, method)) = method.split_once('/') {
        span.set_attribute("rpc.system", "grpc");
        span.set_attribute("rpc.service", service.to_owned());
        span.set_attribute("rpc.method", method.to_owned());
    }
}

/// Notes how a call ended.
pub(crate) fn ended(span: &Span, code: Code) {
    span.set_attribute("rpc.grpc.status_code", i64::from(code as i32));
    // Codes of faults of the server; of others the caller knows more.
    let faults = [
        Code::Unknown,
        Code::DeadlineExceeded,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
    ];
    if faults.contains(&code) {
        span.set_status(Status::error(format!("{code:?}")));
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
