//! Streams of products that break and go on.

use crate::common::{Shop, product};

#[tokio::test(flavor = "multi_thread")]
async fn an_import_goes_on_when_the_server_comes_back() {
    let shop = Shop::open().await;
    let catalog = shop.catalog().await;
    let mut upserts = catalog.upserts().await.unwrap();
    let row = |at: usize| product(&format!("s{at}"), &format!("Kettle {at}"));
    let mut shop = Some(shop);
    for at in 1..=20_000 {
        upserts.send(row(at)).await.unwrap();
        if at == 12_000 {
            let ended = shop.take().unwrap().end().await;
            shop = Some(Shop::again(ended).await);
        }
    }
    let stored = upserts.finish().await.unwrap();
    assert_eq!(stored.committed_through, 20_000);
    assert!(stored.rejected.is_empty());
    let counts = stored.counts;
    // Rows whose answer was lost were stored before they were sent again.
    assert_eq!(counts.added + counts.unchanged, 20_000);
    assert_eq!(catalog.stats().await.unwrap().products, 20_002);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_stopped_tells_what_is_stored() {
    let shop = Shop::open().await;
    let catalog = shop.catalog().await;
    let mut upserts = catalog.upserts().await.unwrap();
    for at in 1..=5_000 {
        let id = format!("s{at}");
        upserts.send(product(&id, "Kettle")).await.unwrap();
    }
    let stored = upserts.stop().await.unwrap();
    assert!(stored.committed_through <= upserts.last_row());
    let there = catalog.stats().await.unwrap().products - 2;
    assert_eq!(there as u64, stored.committed_through);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_cannot_be_opened_fails_before_anything_is_sent() {
    let shop = Shop::open().await;
    let refused = shop.client().await.catalog("toys").upserts().await;
    assert_eq!(refused.unwrap_err().reason(), Some("NOT_FOUND"));
}
