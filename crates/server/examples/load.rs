//! Loads a server and prints rates and percentiles as one JSON object:
//!
//! ```text
//! cargo run --release -p assort-server --example load -- ADDRESS CATALOG CALL SECONDS CONNECTIONS IN_FLIGHT
//! ```
//!
//! `CALL` is `search` (texts), `vector`, `classify` or `upsert`. Titles of the catalog's
//! first products are what is searched for, filed and stored; vectors are of chance.
//! Each connection has `IN_FLIGHT` calls open at all times. Calls that the server
//! refuses because it has too much to do are counted apart, and are in no percentile.

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
use tonic::transport::Channel;
use tonic::{Code, Status};

/// Titles that are asked with.
const TITLES: i32 = 1_000;

/// Products of an upsert.
const UPSERT: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    Search,
    Vector,
    Classify,
    Upsert,
}

impl Call {
    fn parse(name: &str) -> Option<Self> {
        let all = [Self::Search, Self::Vector, Self::Classify, Self::Upsert];
        all.into_iter().find(|call| call.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Vector => "vector",
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

/// What one caller saw.
#[derive(Default)]
struct Seen {
    milliseconds: Vec<f64>,
    refused: u64,
    failed: u64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, catalog, call, seconds, connections, in_flight] = &arguments[..] else {
        return Err("usage: load ADDRESS CATALOG CALL SECONDS CONNECTIONS IN_FLIGHT".into());
    };
    let call = Call::parse(call).ok_or("the call is search, vector, classify or upsert")?;
    let (seconds, connections): (u64, u32) = (seconds.parse()?, connections.parse()?);
    let in_flight: u32 = in_flight.parse()?;
    let connect = || Channel::from_shared(format!("http://{address}"));
    let material = Arc::new(material(connect()?.connect().await?, catalog, call).await?);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut callers = Vec::new();
    for connection in 0..connections {
        let channel = connect()?.connect().await?;
        for number in 0..in_flight {
            let seed = u64::from(connection * in_flight + number);
            let (channel, material) = (channel.clone(), Arc::clone(&material));
            callers.push(tokio::spawn(calls(channel, material, seed, end)));
        }
    }
    let mut all = Seen::default();
    for caller in callers {
        let seen = caller.await?;
        all.milliseconds.extend(seen.milliseconds);
        all.refused += seen.refused;
        all.failed += seen.failed;
    }
    all.milliseconds.sort_by(f64::total_cmp);
    let at = |part: f64| {
        let last = all.milliseconds.len().saturating_sub(1);
        all.milliseconds.get((last as f64 * part).round() as usize)
    };
    let rate = all.milliseconds.len() as f64 / seconds.max(1) as f64;
    let report = json!({
        "call": call.name(),
        "connections": connections,
        "in_flight": in_flight,
        "seconds": seconds,
        "done": all.milliseconds.len(),
        "refused": all.refused,
        "failed": all.failed,
        "calls_per_second": rate,
        "products_per_second": if call == Call::Upsert { rate * UPSERT as f64 } else { rate },
        "milliseconds": {
            "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "p999": at(0.999), "max": at(1.0),
        },
    });
    println!("{report}");
    Ok(())
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
        match material.one(&channel, &mut chance).await {
            Ok(()) => seen
                .milliseconds
                .push(1_000.0 * begun.elapsed().as_secs_f64()),
            Err(status) if status.code() == Code::ResourceExhausted => {
                seen.refused += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(_) => seen.failed += 1,
        }
    }
    seen
}

impl Material {
    async fn one(&self, channel: &Channel, chance: &mut Chance) -> Result<(), Status> {
        match self.call {
            Call::Search => self.search(channel, Query::Text(self.title(chance))).await,
            Call::Vector => {
                let vector = chance.pick(&self.vectors).clone();
                self.search(channel, Query::Vector(vector)).await
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
                client.classify_products(request).await.map(drop)
            }
            Call::Upsert => self.upsert(channel, chance).await,
        }
    }

    fn title(&self, chance: &mut Chance) -> String {
        chance.pick(&self.titles).clone()
    }

    async fn search(&self, channel: &Channel, query: Query) -> Result<(), Status> {
        let request = v1::SearchProductsRequest {
            parent: self.parent.clone(),
            query: Some(query),
            read_mask: Some(prost_types::FieldMask {
                paths: vec!["id".to_owned()],
            }),
            ..v1::SearchProductsRequest::default()
        };
        let mut client = SearchServiceClient::new(channel.clone());
        client.search_products(request).await.map(drop)
    }

    async fn upsert(&self, channel: &Channel, chance: &mut Chance) -> Result<(), Status> {
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
        client.batch_upsert_products(request).await.map(drop)
    }
}
