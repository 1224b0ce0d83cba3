//! What operators see.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{SHOP, Shop, product};
use assort_proto::v1;

/// Asks for a page by HTTP.
pub(crate) async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// Metrics of a shop in which something of each kind was done.
pub(crate) async fn measured(shop: &Shop) -> String {
    shop.upsert(vec![product("new", "Mug")]).await.unwrap();
    shop.product("none").await.unwrap_err();
    let search = v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(v1::search_products_request::Query::Text(
            "kettle".to_owned(),
        )),
        ..v1::SearchProductsRequest::default()
    };
    shop.searches().search_products(search).await.unwrap();
    let classify = v1::ClassifyProductsRequest {
        parent: SHOP.to_owned(),
        products: vec![product("a", "Kettle"), product("b", "Knife")],
        ..v1::ClassifyProductsRequest::default()
    };
    let mut classification = shop.classification();
    classification.classify_products(classify).await.unwrap();
    let text = get(&shop.address, "/metrics").await;
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_calls_by_method_and_tell_of_catalogs() {
    let shop = Shop::open().await;
    let text = measured(&shop).await;
    for line in [
        "assort_calls_total{method=\"assort.v1.ProductService/BatchUpsertProducts\",code=\"Ok\"} 1",
        "assort_calls_total{method=\"assort.v1.ProductService/GetProduct\",code=\"NotFound\"} 1",
        "assort_call_seconds_count{method=\"assort.v1.ProductService/GetProduct\"} 1",
        "assort_products{catalog=\"shop\"} 9",
        "assort_live_products{catalog=\"shop\"} 9",
        "assort_segments{catalog=\"shop\"} 0",
        "assort_waiting_calls{pool=\"bulk\"} 0",
        "assort_failing_tasks{catalog=\"shop\"} 0",
        "assort_batch_size_count{catalog=\"shop\",kind=\"queries\"} 1",
        "assort_batch_size_sum{catalog=\"shop\",kind=\"filing\"} 1.0",
        "assort_embed_seconds_count{catalog=\"shop\"} 1",
        "assort_filing_seconds_count{catalog=\"shop\"} 1",
        "assort_search_seconds_count{catalog=\"shop\"} 1",
        concat!(
            "assort_build_info{version=\"",
            env!("CARGO_PKG_VERSION"),
            "\"} 1"
        ),
    ] {
        assert!(
            text.lines().any(|one| one == line),
            "no `{line}` in:\n{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_by_plain_http_without_a_key() {
    let shop = Shop::with(|options, directory| {
        let path = directory.path().join("keys");
        std::fs::write(&path, "").unwrap();
        options.keys = Some(path);
    })
    .await;
    let text = get(&shop.address, "/healthz").await;
    assert!(
        text.starts_with("HTTP/1.1 200 OK") && text.ends_with("serving\n"),
        "{text}"
    );
    let text = get(&shop.address, "/metrics").await;
    assert!(text.starts_with("HTTP/1.1 401"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_has_a_number_or_keeps_its_own() {
    let shop = Shop::open().await;
    let mut numbers = Vec::new();
    for given in ["", "", "mine-1"] {
        let mut request = tonic::Request::new(assort_proto::v1::ListCatalogsRequest {});
        if !given.is_empty() {
            request
                .metadata_mut()
                .insert("x-request-id", given.parse().unwrap());
        }
        let answer = shop.catalogs().list_catalogs(request).await.unwrap();
        numbers.push(answer.metadata().get("x-request-id").unwrap().clone());
    }
    assert_ne!(numbers[0], numbers[1]);
    assert_eq!(numbers[2], "mine-1");
}
