//! What operators see.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{Shop, product};

#[tokio::test(flavor = "multi_thread")]
async fn metrics_count_calls_by_method_and_tell_of_catalogs() {
    let shop = Shop::open().await;
    shop.upsert(vec![product("new", "Mug")]).await.unwrap();
    shop.product("none").await.unwrap_err();
    let mut stream = TcpStream::connect(&shop.address).await.unwrap();
    let request = "GET /metrics HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    for line in [
        "assort_calls_total{method=\"assort.v1.ProductService/BatchUpsertProducts\",code=\"Ok\"} 1",
        "assort_calls_total{method=\"assort.v1.ProductService/GetProduct\",code=\"NotFound\"} 1",
        "assort_call_seconds_count{method=\"assort.v1.ProductService/GetProduct\"} 1",
        "assort_products{catalog=\"shop\"} 9",
        "assort_waiting_calls{pool=\"bulk\"} 0",
        "assort_failing_tasks{catalog=\"shop\"} 0",
    ] {
        assert!(
            text.lines().any(|one| one == line),
            "no `{line}` in:\n{text}"
        );
    }
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
