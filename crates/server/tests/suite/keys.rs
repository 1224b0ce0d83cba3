//! Who may call.

use assort_proto::v1;
use tonic::{Code, Request};

use crate::common::{SHOP, guarded, product, refused};

fn with_key<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    if !key.is_empty() {
        let value = format!("Bearer {key}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_may_what_its_role_and_catalogs_allow() {
    let shop = guarded().await;
    let read = async |key: &str| {
        let request = v1::GetCatalogRequest {
            name: SHOP.to_owned(),
        };
        shop.catalogs().get_catalog(with_key(request, key)).await
    };
    let write = async |key: &str| {
        let request = v1::BatchUpsertProductsRequest {
            parent: SHOP.to_owned(),
            products: vec![product("new", "Mug")],
            ..v1::BatchUpsertProductsRequest::default()
        };
        shop.products()
            .batch_upsert_products(with_key(request, key))
            .await
    };
    let import = async |key: &str| {
        let request = v1::ImportTaxonomyRequest {
            name: format!("{SHOP}/taxonomy"),
            ..v1::ImportTaxonomyRequest::default()
        };
        shop.taxonomy()
            .import_taxonomy(with_key(request, key))
            .await
    };
    refused(read("").await, Code::Unauthenticated, "KEY_MISSING", None);
    refused(
        read("wrong").await,
        Code::Unauthenticated,
        "KEY_UNKNOWN",
        None,
    );
    refused(
        read("other").await,
        Code::PermissionDenied,
        "KEY_FORBIDS",
        None,
    );
    read("reader").await.unwrap();
    refused(
        write("reader").await,
        Code::PermissionDenied,
        "KEY_FORBIDS",
        None,
    );
    write("writer").await.unwrap();
    refused(
        import("writer").await,
        Code::PermissionDenied,
        "KEY_FORBIDS",
        None,
    );

    let list = async |key: &str| {
        let request = with_key(v1::ListCatalogsRequest {}, key);
        let listed = shop.catalogs().list_catalogs(request).await.unwrap();
        listed.into_inner().catalogs.len()
    };
    assert_eq!((list("reader").await, list("other").await), (1, 0));
}
