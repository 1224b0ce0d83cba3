//! Loads a server and prints rates and percentiles as one JSON object:
//!
//! ```text
//! cargo run --release -p assort-server --example load -- ADDRESS CATALOG CALL SECONDS CONNECTIONS IN_FLIGHT [RATE]
//! ```
//!
//! `CALL` is `search` (texts), `vector`, `exact` (vectors, all compared), `classify` or `upsert`. Titles of the catalog's
//! first products are what is searched for, filed and stored; vectors are of chance.
//! Each connection has `IN_FLIGHT` calls open at all times; or with `RATE`, so many
//! calls begin a second, whatever their answers take, each with a deadline of a second.
//! Calls that the server refuses because it has too much to do are counted apart.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assort_proto::v1;
use assort_proto::v1::catalog_service_client::CatalogServiceClient;
use assort_proto::v1::classification_service_client::ClassificationServiceClient;
use assort_proto::v1::product_service_client::ProductServiceClient;
use assort_proto::v1::search_products_request::Query;
use assort_proto::v1::search_service_client::SearchServiceClient;
use assort_testkit::Chance;
use serde_json::json;
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

/// Titles that are asked with.
const TITLES: i32 = 1_000;

/// Products of an upsert.
const UPSERT: usize = 100;

/// What a call may take that begins at its time.
const DEADLINE: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Search,
    Vector,
    Exact,
    Classify,
    Upsert,
}

impl Call {
    fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Search,
            Self::Vector,
            Self::Exact,
            Self::Classify,
            Self::Upsert,
        ];
        all.into_iter().find(|call| call.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Vector => "vector",
            Self::Exact => "exact",
            Self::Classify => "classify",
            Self::Upsert => "upsert",
        }
    }
}

/// What calls are made of.
struct Material {
    call: Call,
    parent: String,
    titles: Vec<String>,
    vectors: Vec<v1::Vector>,
}

/// What callers saw.
#[derive(Default)]
struct Seen {
    milliseconds: Vec<f64>,
    refused: Vec<f64>,
    late: u64,
    failed: u64,
    /// What the first call failed with.
    failure: Option<Status>,
}

impl Seen {
    fn add(&mut self, begun: Instant, answer: &Result<(), Status>) {
        let took = 1_000.0 * begun.elapsed().as_secs_f64();
        match answer {
            Ok(()) => self.milliseconds.push(took),
            Err(status) => match status.code() {
                Code::ResourceExhausted => self.refused.push(took),
                Code::DeadlineExceeded | Code::Cancelled => self.late += 1,
                _ => {
                    self.failed += 1;
                    self.failure.get_or_insert_with(|| status.clone());
                }
            },
        }
    }

    fn merge(&mut self, other: Self) {
        self.milliseconds.extend(other.milliseconds);
        self.refused.extend(other.refused);
        self.late += other.late;
        self.failed += other.failed;
        self.failure = self.failure.take().or(other.failure);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        address,
        catalog,
        call,
        seconds,
        connections,
        in_flight,
        rest @ ..,
    ] = &arguments[..]
    else {
        return Err("usage: load ADDRESS CATALOG CALL SECONDS CONNECTIONS IN_FLIGHT [RATE]".into());
    };
    let call = Call::parse(call).ok_or("the call is search, vector, exact, classify or upsert")?;
    let (seconds, connections): (u64, u32) = (seconds.parse()?, connections.parse()?);
    let in_flight: u32 = in_flight.parse()?;
    let rate: Option<f64> = rest.first().map(|rate| rate.parse()).transpose()?;
    let connect = || Channel::from_shared(format!("http://{address}"));
    let material = Arc::new(material(connect()?.connect().await?, catalog, call).await?);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut callers = Vec::new();
    for connection in 0..connections {
        let channel = connect()?.connect().await?;
        if let Some(rate) = rate {
            let apart = Duration::from_secs_f64(f64::from(connections) / rate);
            let (material, seed) = (Arc::clone(&material), u64::from(connection));
            callers.push(tokio::spawn(at_rate(channel, material, seed, end, apart)));
            continue;
        }
        for number in 0..in_flight {
            let seed = u64::from(connection * in_flight + number);
            let (channel, material) = (channel.clone(), Arc::clone(&material));
            callers.push(tokio::spawn(calls(channel, material, seed, end)));
        }
    }
    let mut all = Seen::default();
    for caller in callers {
        all.merge(caller.await?);
    }
    let done = all.milliseconds.len();
    let per_second = done as f64 / seconds.max(1) as f64;
    let report = json!({
        "call": call.name(),
        "connections": connections,
        "in_flight": in_flight,
        "rate": rate,
        "seconds": seconds,
        "done": done,
        "refused": all.refused.len(),
        "late": all.late,
        "failed": all.failed,
        "calls_per_second": per_second,
        "products_per_second": if call == Call::Upsert { per_second * UPSERT as f64 } else { per_second },
        "milliseconds": percentiles(all.milliseconds),
        "milliseconds_to_refuse": percentiles(all.refused),
    });
    println!("{report}");
    if let Some(failure) = all.failure {
        eprintln!("the first call that failed: {failure}");
    }
    Ok(())
}

fn percentiles(mut times: Vec<f64>) -> serde_json::Value {
    times.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let last = times.len().saturating_sub(1);
        times.get((last as f64 * part).round() as usize)
    };
    json!({ "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0) })
}

/// Reads titles, and how long vectors are.
async fn material(channel: Channel, catalog: &str, call: Call) -> Result<Material, Box<dyn Error>> {
    let parent = format!("catalogs/{catalog}");
    let request = v1::GetCatalogRequest {
        name: parent.clone(),
    };
    let described = CatalogServiceClient::new(channel.clone())
        .get_catalog(request)
        .await?;
    let space = described.into_inner().space.unwrap_or_default();
    let request = v1::ListProductsRequest {
        parent: parent.clone(),
        page_size: TITLES,
        ..v1::ListProductsRequest::default()
    };
    let listed = ProductServiceClient::new(channel)
        .list_products(request)
        .await?;
    let products = listed.into_inner().products.into_iter();
    let titles: Vec<String> = products.map(|product| product.title).collect();
    if titles.is_empty() {
        return Err("the catalog has no products to ask with".into());
    }
    Ok(Material {
        call,
        parent,
        titles,
        vectors: vectors(space.dimensions),
    })
}

/// Vectors that point anywhere.
fn vectors(dimensions: i32) -> Vec<v1::Vector> {
    let mut chance = Chance(1);
    let vectors = (0..TITLES).map(|_| {
        let coordinates = chance.direction(dimensions as usize).into_iter();
        let data: Vec<u8> = coordinates.flat_map(f32::to_le_bytes).collect();
        v1::Vector {
            data: data.into(),
            dimensions,
        }
    });
    vectors.collect()
}

/// Calls one after the other until it is time to end.
async fn calls(channel: Channel, material: Arc<Material>, seed: u64, end: Instant) -> Seen {
    let (mut chance, mut seen) = (Chance(seed), Seen::default());
    while Instant::now() < end {
        let begun = Instant::now();
        let answer = material.one(&channel, &mut chance, None).await;
        seen.add(begun, &answer);
        if answer.is_err_and(|status| status.code() == Code::ResourceExhausted) {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    seen
}

/// Begins a call each time so much has passed, until it is time to end.
async fn at_rate(
    channel: Channel,
    material: Arc<Material>,
    seed: u64,
    end: Instant,
    apart: Duration,
) -> Seen {
    let (tell, mut told) = mpsc::unbounded_channel();
    let seen = tokio::spawn(async move {
        let mut seen = Seen::default();
        while let Some((begun, answer)) = told.recv().await {
            seen.add(begun, &answer);
        }
        seen
    });
    let mut ticks = tokio::time::interval(apart);
    let mut number = seed << 32;
    while Instant::now() < end {
        ticks.tick().await;
        number += 1;
        let (channel, material, tell) = (channel.clone(), Arc::clone(&material), tell.clone());
        tokio::spawn(async move {
            let begun = Instant::now();
            let mut chance = Chance(number);
            let answer = material.one(&channel, &mut chance, Some(DEADLINE)).await;
            // Whoever gathers them waits until all have ended.
            let _ = tell.send((begun, answer));
        });
    }
    drop(tell);
    seen.await.unwrap_or_default()
}

/// A request with its deadline, if it has one.
fn within<T>(message: T, deadline: Option<Duration>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(deadline) = deadline {
        request.set_timeout(deadline);
    }
    request
}

impl Material {
    async fn one(
        &self,
        channel: &Channel,
        chance: &mut Chance,
        deadline: Option<Duration>,
    ) -> Result<(), Status> {
        match self.call {
            Call::Search => {
                let query = Query::Text(self.title(chance));
                self.search(channel, query, deadline).await
            }
            Call::Vector | Call::Exact => {
                let vector = chance.pick(&self.vectors).clone();
                self.search(channel, Query::Vector(vector), deadline).await
            }
            Call::Classify => {
                let product = v1::Product {
                    title: self.title(chance),
                    ..v1::Product::default()
                };
                let request = v1::ClassifyProductsRequest {
                    parent: self.parent.clone(),
                    products: vec![product],
                    ..v1::ClassifyProductsRequest::default()
                };
                let mut client = ClassificationServiceClient::new(channel.clone());
                client
                    .classify_products(within(request, deadline))
                    .await
                    .map(drop)
            }
            Call::Upsert => self.upsert(channel, chance, deadline).await,
        }
    }

    fn title(&self, chance: &mut Chance) -> String {
        chance.pick(&self.titles).clone()
    }

    async fn search(
        &self,
        channel: &Channel,
        query: Query,
        deadline: Option<Duration>,
    ) -> Result<(), Status> {
        let request = v1::SearchProductsRequest {
            parent: self.parent.clone(),
            query: Some(query),
            read_mask: Some(prost_types::FieldMask {
                paths: vec!["id".to_owned()],
            }),
            params: Some(v1::SearchParams {
                exact: self.call == Call::Exact,
                ..v1::SearchParams::default()
            }),
            ..v1::SearchProductsRequest::default()
        };
        let mut client = SearchServiceClient::new(channel.clone());
        client
            .search_products(within(request, deadline))
            .await
            .map(drop)
    }

    async fn upsert(
        &self,
        channel: &Channel,
        chance: &mut Chance,
        deadline: Option<Duration>,
    ) -> Result<(), Status> {
        let products = (0..UPSERT).map(|at| {
            let number = chance.next();
            v1::Product {
                id: format!("load-{number:016x}-{at}"),
                title: format!("{} {number}", self.title(chance)),
                ..v1::Product::default()
            }
        });
        let request = v1::BatchUpsertProductsRequest {
            parent: self.parent.clone(),
            products: products.collect(),
            ..v1::BatchUpsertProductsRequest::default()
        };
        let mut client = ProductServiceClient::new(channel.clone());
        client
            .batch_upsert_products(within(request, deadline))
            .await
            .map(drop)
    }
}
