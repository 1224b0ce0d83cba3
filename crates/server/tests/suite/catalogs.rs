//! `CatalogService` and `ServerService`

use assort_proto::v1;
use assort_proto::v1::background_task::State;
use tonic::Code;

use crate::common::{SHOP, Shop, refused};

#[tokio::test(flavor = "multi_thread")]
async fn a_server_tells_what_it_is_and_has() {
    let shop = Shop::open().await;
    let info = shop
        .info()
        .get_server_info(v1::GetServerInfoRequest {})
        .await;
    let limits = info.unwrap().into_inner().limits.unwrap();
    assert_eq!(limits.max_request_bytes, 16 << 20);
    assert_eq!(limits.max_batch_size, 1_000);

    let listed = shop
        .catalogs()
        .list_catalogs(v1::ListCatalogsRequest {})
        .await;
    let listed = listed.unwrap().into_inner().catalogs;
    assert_eq!(listed.len(), 1);
    let request = v1::GetCatalogRequest {
        name: SHOP.to_owned(),
    };
    let catalog = shop
        .catalogs()
        .get_catalog(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(catalog.name, SHOP);
    assert_eq!(catalog.space.unwrap().dimensions, 32);
    assert!(!catalog.read_only);
    assert_ne!(catalog.indexing.unwrap().state(), State::Unspecified);

    let request = v1::GetCatalogStatsRequest {
        name: format!("{SHOP}/stats"),
    };
    let stats = shop.catalogs().get_catalog_stats(request).await;
    let stats = stats.unwrap().into_inner();
    assert_eq!((stats.products, stats.leaves, stats.levels), (8, 4, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_that_is_not_there_is_not_found_and_a_wrong_name_told() {
    let shop = Shop::open().await;
    let get = async |name: &str| {
        let request = v1::GetCatalogRequest {
            name: name.to_owned(),
        };
        shop.catalogs().get_catalog(request).await
    };
    refused(
        get("catalogs/other").await,
        Code::NotFound,
        "NOT_FOUND",
        None,
    );
    let status = refused(
        get("shop").await,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("name"),
    );
    assert!(status.message().contains("catalogs/{catalog}"));
}
