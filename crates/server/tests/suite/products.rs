//! `ProductService`, but for streams

use assort_proto::v1;
use assort_proto::v1::attribute_value::Kind;
use assort_proto::v1::image::Source;
use tonic::Code;

use crate::common::{SHOP, Shop, category, name, product, refused};

fn mask(paths: &[&str]) -> Option<prost_types::FieldMask> {
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    Some(prost_types::FieldMask { paths })
}

fn value(kind: Kind) -> v1::AttributeValue {
    v1::AttributeValue { kind: Some(kind) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_is_read_as_it_was_stored() {
    let shop = Shop::open().await;
    let mut given = product("a/1", "  Mug <b>blue</b>  ");
    given.text = "Holds tea.".to_owned();
    given.label = Some(category("Kettles"));
    given.image = Some(v1::Image {
        source: Some(Source::Data(vec![1, 2, 3])),
        media_type: "image/png".to_owned(),
    });
    let litres = v1::Quantity {
        value: 0.3,
        unit: "l".to_owned(),
    };
    given.attributes = [
        ("volume".to_owned(), value(Kind::Number(litres))),
        ("dishwasher".to_owned(), value(Kind::Boolean(true))),
    ]
    .into();
    let counts = shop.upsert(vec![given.clone()]).await.unwrap();
    assert_eq!((counts.added, counts.labelled), (1, 1));
    let counts = shop.upsert(vec![given]).await.unwrap();
    assert_eq!((counts.added, counts.updated, counts.unchanged), (0, 0, 1));

    let got = shop.product("a%2F1").await.unwrap();
    assert_eq!(got.name, name("a%2F1"));
    assert_eq!((got.id.as_str(), got.title.as_str()), ("a/1", "Mug blue"));
    assert_eq!(got.text, "Holds tea.");
    assert_eq!(
        got.attributes["volume"],
        value(Kind::Text("0.3 l".to_owned()))
    );
    assert_eq!(
        got.attributes["dishwasher"],
        value(Kind::Text("true".to_owned()))
    );
    assert_eq!(got.label.unwrap().path, "Kitchen > Kettles");
    let image = got.image.unwrap();
    assert_eq!(image.source, Some(Source::Data(vec![1, 2, 3])));
    assert_eq!(image.media_type, "image/png");

    let request = v1::GetProductRequest {
        name: name("a/1"),
        read_mask: mask(&["title"]),
    };
    let part = shop
        .products()
        .get_product(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(part, product("", "Mug blue"));
    refused(
        shop.product("none").await,
        Code::NotFound,
        "NOT_FOUND",
        None,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_a_bad_product_stores_none_and_names_the_fields() {
    let shop = Shop::open().await;
    let good = || product("new", "Mug");
    let stranger = v1::Product {
        label: Some(category("Toys")),
        ..product("b", "Ball")
    };
    for (bad, field) in [
        (product("", "Mug"), "products[1].id"),
        (product("b", " "), "products[1].title"),
        (product("new", "Twice"), "products[1].id"),
        (stranger, "products[1].label"),
    ] {
        let stored = shop.upsert(vec![good(), bad]).await;
        refused(stored, Code::InvalidArgument, "ARGUMENT", Some(field));
    }
    refused(
        shop.upsert(vec![]).await,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("products"),
    );
    let many = (0..1_001).map(|at| product(&at.to_string(), "Mug"));
    let stored = shop.upsert(many.collect()).await;
    refused(stored, Code::InvalidArgument, "ARGUMENT", Some("products"));
    refused(shop.product("new").await, Code::NotFound, "NOT_FOUND", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_guards_what_was_read() {
    let shop = Shop::open().await;
    let read = shop.product("p1").await.unwrap();
    let changed = v1::Product {
        title: "Kettle, red".to_owned(),
        ..read.clone()
    };
    shop.upsert(vec![changed.clone()]).await.unwrap();
    // What was read is no more.
    let again = shop.upsert(vec![changed.clone()]).await;
    refused(again, Code::Aborted, "ETAG_MISMATCH", None);
    let delete = async |etag: &str| {
        let request = v1::DeleteProductRequest {
            name: name("p1"),
            etag: etag.to_owned(),
            ..v1::DeleteProductRequest::default()
        };
        shop.products().delete_product(request).await
    };
    refused(
        delete(&read.etag).await,
        Code::Aborted,
        "ETAG_MISMATCH",
        None,
    );
    let now = shop.product("p1").await.unwrap();
    assert_eq!(now.title, "Kettle, red");
    delete(&now.etag).await.unwrap();
    refused(delete("").await, Code::NotFound, "NOT_FOUND", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mask_changes_its_fields_alone_and_checking_changes_nothing() {
    let shop = Shop::open().await;
    shop.label(&[("p1", "Kettles")]).await.unwrap();
    let before = shop.product("p1").await.unwrap();
    let request = |validate_only| v1::BatchUpsertProductsRequest {
        parent: SHOP.to_owned(),
        products: vec![v1::Product {
            id: "p1".to_owned(),
            text: "Boils fast.".to_owned(),
            ..v1::Product::default()
        }],
        update_mask: mask(&["text"]),
        validate_only,
    };
    let checked = shop.products().batch_upsert_products(request(true)).await;
    assert_eq!(checked.unwrap().into_inner().counts.unwrap().updated, 1);
    assert_eq!(shop.product("p1").await.unwrap(), before);
    shop.products()
        .batch_upsert_products(request(false))
        .await
        .unwrap();
    let after = shop.product("p1").await.unwrap();
    assert_ne!(after.etag, before.etag);
    let wanted = v1::Product {
        text: "Boils fast.".to_owned(),
        etag: after.etag.clone(),
        ..before
    };
    assert_eq!(after, wanted);
    let unknown = v1::BatchUpsertProductsRequest {
        update_mask: mask(&["colour"]),
        ..request(false)
    };
    let unknown = shop.products().batch_upsert_products(unknown).await;
    refused(
        unknown,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("update_mask"),
    );
}

fn listing(size: i32, token: &str) -> v1::ListProductsRequest {
    v1::ListProductsRequest {
        parent: SHOP.to_owned(),
        page_size: size,
        page_token: token.to_owned(),
        ..v1::ListProductsRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_list_fit_together_and_end() {
    let shop = Shop::open().await;
    let mut ids = Vec::new();
    let mut token = String::new();
    loop {
        let page = shop.products().list_products(listing(3, &token)).await;
        let page = page.unwrap().into_inner();
        ids.extend(page.products.into_iter().map(|product| product.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]);
    let cheap = v1::ListProductsRequest {
        filter: "price < 3".to_owned(),
        ..listing(0, "")
    };
    let cheap = shop
        .products()
        .list_products(cheap)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (cheap.products.len(), cheap.next_page_token.as_str()),
        (2, "")
    );
    let wrong = v1::ListProductsRequest {
        filter: "price <".to_owned(),
        ..listing(0, "")
    };
    let wrong = shop.products().list_products(wrong).await;
    refused(wrong, Code::InvalidArgument, "ARGUMENT", Some("filter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_is_for_its_request_and_its_commit() {
    let shop = Shop::open().await;
    let first = shop.products().list_products(listing(3, "")).await.unwrap();
    let token = first.into_inner().next_page_token;
    let other = v1::ListProductsRequest {
        filter: "price < 3".to_owned(),
        ..listing(3, &token)
    };
    let other = shop.products().list_products(other).await;
    refused(
        other,
        Code::InvalidArgument,
        "PAGE_TOKEN_INVALID",
        Some("page_token"),
    );
    let across = |token: &str| v1::ListProductsRequest {
        across_commits: true,
        ..listing(3, token)
    };
    let begun = shop.products().list_products(across("")).await.unwrap();
    let begun = begun.into_inner().next_page_token;
    shop.upsert(vec![product("p9", "Mug")]).await.unwrap();
    let expired = shop.products().list_products(listing(3, &token)).await;
    refused(
        expired,
        Code::FailedPrecondition,
        "PAGE_TOKEN_EXPIRED",
        None,
    );
    let goes_on = shop.products().list_products(across(&begun)).await.unwrap();
    assert_eq!(goes_on.into_inner().products[0].id, "p4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_makes_a_deletion_happen_once() {
    let shop = Shop::open().await;
    let request = |names: &[&str], id: &str| v1::BatchDeleteProductsRequest {
        parent: SHOP.to_owned(),
        names: names.iter().map(|id| name(id)).collect(),
        validate_only: false,
        request_id: id.to_owned(),
    };
    let delete = async |request| {
        let deleted = shop.products().batch_delete_products(request).await;
        deleted.map(|deleted| deleted.into_inner().deleted)
    };
    let checked = v1::BatchDeleteProductsRequest {
        validate_only: true,
        ..request(&["p1", "none"], "")
    };
    assert_eq!(delete(checked).await.unwrap(), 1);
    assert_eq!(
        delete(request(&["p1", "p2", "none"], "x")).await.unwrap(),
        2
    );
    shop.upsert(vec![product("p1", "Kettle again")])
        .await
        .unwrap();
    assert_eq!(
        delete(request(&["p1", "p2", "none"], "x")).await.unwrap(),
        2
    );
    assert!(shop.product("p1").await.is_ok());
    let reused = delete(request(&["p1"], "x")).await;
    refused(
        reused,
        Code::InvalidArgument,
        "REQUEST_ID_REUSED",
        Some("request_id"),
    );
}
