//! What is too much, too late, or not what the contract says.

use std::sync::Arc;
use std::time::Duration;

use assort_proto::v1;
use assort_proto::v1::search_products_request::Query;
use assort_testkit::toy::Toy;
use tonic::{Code, Request};
use tonic_types::StatusExt;

use crate::common::{SHOP, Shop, make, product, refused};

fn search(text: &str) -> v1::SearchProductsRequest {
    v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(Query::Text(text.to_owned())),
        ..v1::SearchProductsRequest::default()
    }
}

/// A shop whose embedder takes its time.
async fn slow(delay: Duration, change: impl FnOnce(&mut assort_server::Options)) -> Shop {
    let directory = tempfile::tempdir().unwrap();
    drop(make(&directory, Arc::new(Toy::new("a"))));
    let embedder = Arc::new(Toy::new("a").slow(delay));
    let catalog = assort::Catalog::open(directory.path().join("shop")).unwrap();
    let catalog = catalog.with_embedder(Arc::clone(&embedder) as _).unwrap();
    Shop::of(directory, embedder, catalog, |options, _| change(options)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_too_large_is_told_with_the_limit() {
    let shop = Shop::open().await;
    let long = "x".repeat(17 << 20);
    let stored = shop.upsert(vec![v1::Product {
        text: long,
        ..product("a", "Mug")
    }]);
    let status = refused(
        stored.await,
        Code::InvalidArgument,
        "MESSAGE_TOO_LARGE",
        None,
    );
    assert!(status.message().contains("16777216 bytes"), "{status:?}");
    assert!(status.get_error_details().retry_info().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_at_once_and_says_when_to_come_again() {
    let shop = slow(Duration::from_millis(200), |options| {
        options.load.threads = 1;
        options.load.batch = 1;
        options.load.waiting = 2;
    })
    .await;
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let mut client = shop.searches();
            tokio::spawn(async move { client.search_products(search("kettle")).await })
        })
        .collect();
    let (mut done, mut full) = (0, 0);
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => done += 1,
            refusal => {
                let status = refused(refusal, Code::ResourceExhausted, "QUEUE_FULL", None);
                let details = status.get_error_details();
                assert!(details.retry_info().unwrap().retry_delay.is_some());
                full += 1;
            }
        }
    }
    assert!(done >= 2 && full >= 1, "{done} done, {full} refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_a_call() {
    let shop = slow(Duration::from_millis(400), |_| {}).await;
    // The client of this process keeps the time too, and may be the first to give up.
    for _ in 0..50 {
        let mut request = Request::new(search("kettle"));
        let timeout = "100m".parse().unwrap();
        request.metadata_mut().insert("grpc-timeout", timeout);
        let found = shop.searches().search_products(request).await;
        if found
            .as_ref()
            .is_err_and(|status| !status.details().is_empty())
        {
            refused(found, Code::DeadlineExceeded, "DEADLINE_EXCEEDED", None);
            return;
        }
        assert_eq!(found.unwrap_err().code(), Code::Cancelled);
    }
    panic!("the server never told that the deadline has passed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deeper_result_than_searches_give_is_no_page() {
    let shop = Shop::open().await;
    let deep = v1::SearchProductsRequest {
        page_size: 1_000_000,
        ..search("kettle")
    };
    let found = shop.searches().search_products(deep).await.unwrap();
    assert_eq!(found.into_inner().results.len(), 8);
}
