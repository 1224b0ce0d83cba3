//! What operators measure, in the text form of Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use assort::TaskState;

use crate::served::{Served, Shared};

/// The kind of text that [`Metrics::text`] gives.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of seconds: from half a millisecond to half a minute.
const SHORTEST: f64 = 0.0005;
const BOUNDS: u16 = 17;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MethodLabel {
    method: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CallLabels {
    method: String,
    code: String,
}

/// What is counted of calls, and looked up of catalogs.
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<CallLabels, Counter>,
    seconds: Family<MethodLabel, Histogram, fn() -> Histogram>,
    open: Gauge,
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(SHORTEST, 2.0, BOUNDS))
}

impl Metrics {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut registry = Registry::with_prefix("assort");
        let calls = Family::default();
        let about = "Calls that have ended, by method and code";
        registry.register("calls", about, calls.clone());
        let latency = Family::new_with_constructor(seconds as fn() -> Histogram);
        let about = "Seconds from the first byte of a call to the last one of its answer";
        registry.register("call_seconds", about, latency.clone());
        let open = Gauge::default();
        registry.register("open_calls", "Calls that are open", open.clone());
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", version);
        registry.register_collector(Box::new(Looked(Arc::clone(shared))));
        Self {
            registry,
            calls,
            seconds: latency,
            open,
        }
    }

    /// A call begins.
    pub(crate) fn begun(&self) {
        self.open.inc();
    }

    /// A call has ended.
    pub(crate) fn ended(&self, method: &str, code: &str, took: Duration) {
        self.open.dec();
        let method = method.to_owned();
        let labels = CallLabels {
            method: method.clone(),
            code: code.to_owned(),
        };
        self.calls.get_or_create(&labels).inc();
        let labels = MethodLabel { method };
        self.seconds
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// All of it as text. Looks catalogs up, and may wait for a disk.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What is looked up when somebody asks.
struct Looked(Arc<Shared>);

impl fmt::Debug for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looked").finish_non_exhaustive()
    }
}

/// A number by catalog, or by another name.
type Row = (String, i64);

impl Collector for Looked {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let shared = &self.0;
        let pools = [("quick", &shared.quick), ("bulk", &shared.bulk)];
        let waiting = pools.map(|(name, pool)| (name.to_owned(), pool.waiting() as i64));
        gauges(
            &mut encoder,
            "waiting_calls",
            "Calls that wait for a thread",
            "pool",
            waiting,
        )?;
        let of = |count: fn(&Served) -> i64| -> Vec<Row> {
            let served = shared.catalogs.values();
            served
                .map(|served| (served.name.clone(), count(served)))
                .collect()
        };
        let filing = of(|served| served.filing.waiting() as i64);
        gauges(
            &mut encoder,
            "waiting_filing",
            "Requests that wait to be filed",
            "catalog",
            filing,
        )?;
        let queries = of(|served| served.queries.waiting() as i64);
        gauges(
            &mut encoder,
            "waiting_queries",
            "Texts that wait to be embedded",
            "catalog",
            queries,
        )?;
        let batches = of(|served| (served.filing.done().0 + served.queries.done().0) as i64);
        counters(
            &mut encoder,
            "batches",
            "Batches that were embedded",
            batches,
        )?;
        let requests = of(|served| (served.filing.done().1 + served.queries.done().1) as i64);
        counters(
            &mut encoder,
            "batched_requests",
            "Requests in those batches",
            requests,
        )?;
        let failing = of(|served| {
            let health = served.catalog.health();
            let tasks = [health.indexing, health.learning].into_iter();
            tasks
                .filter(|task| matches!(task, TaskState::Retrying { .. }))
                .count() as i64
        });
        let about = "Background tasks that failed and are tried again";
        gauges(&mut encoder, "failing_tasks", about, "catalog", failing)?;
        // What cannot be read is told by the calls that need it.
        let stats = shared.catalogs.values().filter_map(|served| {
            let stats = served.catalog.stats().ok()?;
            Some((served.name.clone(), stats))
        });
        let stats: Vec<_> = stats.collect();
        let of = |count: fn(&assort::Stats) -> i64| -> Vec<Row> {
            stats
                .iter()
                .map(|(name, stats)| (name.clone(), count(stats)))
                .collect()
        };
        for (name, about, rows) in [
            ("products", "Products", of(|stats| stats.products as i64)),
            (
                "labelled_products",
                "Products with a label",
                of(|stats| stats.labelled as i64),
            ),
            (
                "live_products",
                "Products in no segment yet",
                of(|stats| stats.live as i64),
            ),
            (
                "segments",
                "Segments of the index",
                of(|stats| stats.segments.len() as i64),
            ),
            (
                "disk_bytes",
                "Bytes on disk",
                of(|stats| stats.bytes as i64),
            ),
        ] {
            gauges(&mut encoder, name, about, "catalog", rows)?;
        }
        if let Some(bytes) = resident() {
            let metric = ConstGauge::new(bytes);
            let about = "Bytes of memory that the process holds";
            let encoder =
                encoder.encode_descriptor("resident_bytes", about, None, MetricType::Gauge)?;
            metric.encode(encoder)?;
        }
        Ok(())
    }
}

fn gauges(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    about: &str,
    label: &'static str,
    rows: impl IntoIterator<Item = Row>,
) -> fmt::Result {
    let mut encoder = encoder.encode_descriptor(name, about, None, MetricType::Gauge)?;
    for (value, number) in rows {
        let labels = [(label, value)];
        ConstGauge::new(number).encode(encoder.encode_family(&labels)?)?;
    }
    Ok(())
}

fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    about: &str,
    rows: Vec<Row>,
) -> fmt::Result {
    let mut encoder = encoder.encode_descriptor(name, about, None, MetricType::Counter)?;
    for (value, number) in rows {
        let labels = [("catalog", value)];
        ConstCounter::new(number as u64).encode(encoder.encode_family(&labels)?)?;
    }
    Ok(())
}

/// Bytes of memory that the process holds, where the system tells.
fn resident() -> Option<i64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
