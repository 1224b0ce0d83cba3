//! Spans of calls, for a collector of OpenTelemetry: only with the feature `otel`, and
//! only where the environment names a collector.

#[cfg(feature = "otel")]
mod exported;
#[cfg(not(feature = "otel"))]
mod left_out;

#[cfg(feature = "otel")]
pub(crate) use exported::{Traces, began, ended};
#[cfg(not(feature = "otel"))]
pub(crate) use left_out::{Traces, began, ended};

/// Variables of the environment that name a collector, as OpenTelemetry has them.
const COLLECTORS: [&str; 2] = [
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
];

/// The variable that names a collector, and the collector; none if spans go nowhere.
pub fn collector() -> Option<(&'static str, String)> {
    COLLECTORS.into_iter().find_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.is_empty()).then_some((name, value))
    })
}

/// Whether this program can export spans.
pub const EXPORTS_SPANS: bool = cfg!(feature = "otel");
