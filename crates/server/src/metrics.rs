//! What operators measure, in the text form of Prometheus.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use assort::{Stats, TaskState};

use crate::measure::seconds;
use crate::served::{Served, Shared};

/// The kind of text that [`Metrics::text`] gives.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

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
        self.queues(&mut encoder)?;
        self.batches(&mut encoder)?;
        self.catalogs(&mut encoder)?;
        process(&mut encoder)
    }
}

impl Looked {
    /// A number of each catalog.
    fn of(&self, count: fn(&Served) -> i64) -> Vec<Row> {
        let served = self.0.catalogs.all().into_iter();
        let rows = served.map(|served| (served.name.clone(), count(&served)));
        rows.collect()
    }

    fn queues(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let shared = &self.0;
        let pools = [
            ("quick", &*shared.quick),
            ("bulk", &shared.bulk),
            ("web", &shared.web),
        ];
        let waiting = pools.map(|(name, pool)| (name.to_owned(), pool.waiting() as i64));
        let about = "Calls that wait for a thread";
        gauges(encoder, "waiting_calls", about, "pool", waiting)?;
        let filing = self.of(|served| served.filing.waiting() as i64);
        let about = "Requests that wait to be filed";
        gauges(encoder, "waiting_filing", about, "catalog", filing)?;
        let queries = self.of(|served| served.queries.waiting() as i64);
        let about = "Texts that wait to be embedded";
        gauges(encoder, "waiting_queries", about, "catalog", queries)
    }

    fn batches(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let about = "Requests in a batch of products to be filed, or of texts to be embedded";
        let all = self.0.catalogs.all();
        let sizes = all.iter().flat_map(|served| {
            let (filing, queries) = (served.filing.sizes(), served.queries.sizes());
            [(served, "filing", filing), (served, "queries", queries)]
        });
        let sizes = sizes.map(|(served, kind, sizes)| {
            let labels = vec![("catalog", served.name.as_str()), ("kind", kind)];
            (labels, sizes)
        });
        histograms(encoder, "batch_size", about, sizes)?;
        let about = "Seconds of filing a batch of products, embedding them included";
        self.times(encoder, "filing_seconds", about, |served| {
            served.filing.seconds()
        })?;
        let about = "Seconds of embedding a batch of texts to be searched for";
        self.times(encoder, "embed_seconds", about, |served| {
            served.queries.seconds()
        })?;
        let about = "Seconds of searching, without embedding and waiting";
        self.times(encoder, "search_seconds", about, |served| {
            served.searches.clone()
        })
    }

    /// Times of each catalog.
    fn times(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        about: &str,
        of: fn(&Served) -> Histogram,
    ) -> fmt::Result {
        let all = self.0.catalogs.all();
        let rows = all
            .iter()
            .map(|served| (vec![("catalog", served.name.as_str())], of(served)));
        histograms(encoder, name, about, rows)
    }

    fn catalogs(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let failing = self.of(|served| {
            let health = served.catalog.health();
            let tasks = [health.indexing, health.learning].into_iter();
            let failing = tasks.filter(|task| matches!(task, TaskState::Retrying { .. }));
            failing.count() as i64
        });
        let about = "Background tasks that failed and are tried again";
        gauges(encoder, "failing_tasks", about, "catalog", failing)?;
        // What cannot be read is told by the calls that need it.
        let stats = self.0.catalogs.all().into_iter().filter_map(|served| {
            let stats = served.catalog.stats().ok()?;
            Some((served.name.clone(), stats))
        });
        let stats: Vec<_> = stats.collect();
        let of = |count: fn(&Stats) -> i64| -> Vec<Row> {
            let rows = stats
                .iter()
                .map(|(name, stats)| (name.clone(), count(stats)));
            rows.collect()
        };
        let products = of(|stats| stats.products as i64);
        let labelled = of(|stats| stats.labelled as i64);
        let live = of(|stats| stats.live as i64);
        let segments = of(|stats| stats.segments.len() as i64);
        let bytes = of(|stats| stats.bytes as i64);
        for (name, about, rows) in [
            ("products", "Products", products),
            ("labelled_products", "Products with a label", labelled),
            ("live_products", "Products in no segment yet", live),
            ("segments", "Segments of the index", segments),
            ("disk_bytes", "Bytes on disk", bytes),
        ] {
            gauges(encoder, name, about, "catalog", rows)?;
        }
        Ok(())
    }
}

fn process(encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Some(bytes) = resident() else {
        return Ok(());
    };
    let about = "Bytes of memory that the process holds";
    let encoder = encoder.encode_descriptor("resident_bytes", about, None, MetricType::Gauge)?;
    ConstGauge::new(bytes).encode(encoder)
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

/// Labels of a histogram, and what it counted.
type Counted<'a> = (Vec<(&'static str, &'a str)>, Histogram);

fn histograms<'a>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    about: &str,
    rows: impl Iterator<Item = Counted<'a>>,
) -> fmt::Result {
    let mut encoder = encoder.encode_descriptor(name, about, None, MetricType::Histogram)?;
    for (labels, histogram) in rows {
        histogram.encode(encoder.encode_family(&labels)?)?;
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
