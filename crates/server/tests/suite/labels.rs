//! `LabelService`

use assort_proto::v1;
use tonic::Code;

use crate::common::{SHOP, Shop, label, name, refused};

#[tokio::test(flavor = "multi_thread")]
async fn labels_are_set_and_taken_away() {
    let shop = Shop::open().await;
    let set = shop
        .label(&[("p1", "Kettles"), ("p3", "Kitchen > Knives")])
        .await
        .unwrap();
    assert_eq!((set.changed, set.unchanged), (2, 0));
    let set = shop
        .label(&[("p1", "Kettles"), ("p3", "Laptops")])
        .await
        .unwrap();
    assert_eq!((set.changed, set.unchanged), (1, 1));
    assert_eq!(
        shop.product("p3").await.unwrap().label.unwrap().path,
        "Electronics > Laptops"
    );
    let clear = |validate_only| v1::BatchClearLabelsRequest {
        parent: SHOP.to_owned(),
        products: vec![name("p3"), name("p4")],
        validate_only,
        request_id: String::new(),
    };
    for validate_only in [true, false] {
        let cleared = shop.labels().batch_clear_labels(clear(validate_only)).await;
        let cleared = cleared.unwrap().into_inner();
        assert_eq!((cleared.changed, cleared.unchanged), (1, 1));
    }
    assert_eq!(shop.product("p3").await.unwrap().label, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_label_that_cannot_be_set_leaves_all_as_they_are() {
    let shop = Shop::open().await;
    let unknown = shop.label(&[("p1", "Kettles"), ("none", "Kettles")]).await;
    refused(
        unknown,
        Code::NotFound,
        "NOT_FOUND",
        Some("labels[1].product"),
    );
    let stranger = shop.label(&[("p1", "Kettles"), ("p2", "Toys")]).await;
    refused(
        stranger,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("labels[1].category"),
    );
    let twice = shop.label(&[("p1", "Kettles"), ("p1", "Knives")]).await;
    refused(
        twice,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("labels[1].product"),
    );
    assert_eq!(shop.product("p1").await.unwrap().label, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_makes_labels_be_set_once() {
    let shop = Shop::open().await;
    let request = || v1::BatchSetLabelsRequest {
        parent: SHOP.to_owned(),
        labels: vec![label("p1", "Kettles")],
        validate_only: false,
        request_id: "once".to_owned(),
    };
    let set = async || {
        let set = shop.labels().batch_set_labels(request()).await;
        set.unwrap().into_inner().changed
    };
    assert_eq!(set().await, 1);
    shop.label(&[("p1", "Knives")]).await.unwrap();
    assert_eq!(set().await, 1);
    assert_eq!(
        shop.product("p1").await.unwrap().label.unwrap().path,
        "Kitchen > Knives"
    );
}
