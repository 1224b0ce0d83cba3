//! `ClassificationService`

use assort_proto::v1;
use assort_proto::v1::stream_classify_products_request::{Message, Open, Rows};
use tokio_stream::iter;
use tonic::Code;

use crate::common::{SHOP, Shop, name, product, refused};

fn request(products: Vec<v1::Product>) -> v1::ClassifyProductsRequest {
    v1::ClassifyProductsRequest {
        parent: SHOP.to_owned(),
        products,
        ..v1::ClassifyProductsRequest::default()
    }
}

fn path(decision: &v1::Decision) -> &str {
    &decision.category.as_ref().unwrap().path
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_filed_with_alternatives_and_reasons() {
    let shop = Shop::open().await;
    let asked = v1::ClassifyProductsRequest {
        options: Some(v1::ClassifyOptions {
            explain: true,
            top: 2,
            ..v1::ClassifyOptions::default()
        }),
        ..request(vec![
            product("", "kettles of steel"),
            product("", "two laptops"),
        ])
    };
    let filed = shop.classification().classify_products(asked).await;
    let decisions = filed.unwrap().into_inner().decisions;
    assert_eq!(path(&decisions[0]), "Kitchen > Kettles");
    assert_eq!(path(&decisions[1]), "Electronics > Laptops");
    assert_eq!(decisions[0].alternatives.len(), 2);
    assert_eq!(decisions[0].levels.len(), 2);
    assert!(!decisions[0].reasons.as_ref().unwrap().texts.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn products_of_the_catalog_are_filed_by_name_and_decisions_kept() {
    let shop = Shop::open().await;
    let asked = v1::ClassifyProductsRequest {
        names: vec![name("p8"), name("p1")],
        keep: true,
        ..request(vec![])
    };
    let filed = shop.classification().classify_products(asked).await;
    let filed = filed.unwrap().into_inner();
    assert_eq!(filed.kept, 2);
    let kept = shop.product("p8").await.unwrap().decision.unwrap();
    assert_eq!(kept.category, filed.decisions[0].category);
    assert_eq!(kept.method, "auto");
    let missing = v1::ClassifyProductsRequest {
        names: vec![name("none")],
        ..request(vec![])
    };
    let missing = shop.classification().classify_products(missing).await;
    refused(missing, Code::NotFound, "NOT_FOUND", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_filed_is_told_by_field() {
    let shop = Shop::open().await;
    let classify = async |request| shop.classification().classify_products(request).await;
    let empty = classify(request(vec![product("", "mug"), product("", "")])).await;
    refused(
        empty,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("products[1].title"),
    );
    let options = |options| v1::ClassifyProductsRequest {
        options: Some(options),
        ..request(vec![product("", "mug")])
    };
    let unsure = v1::ClassifyOptions {
        min_confidence: 1.5,
        ..v1::ClassifyOptions::default()
    };
    let unsure = classify(options(unsure)).await;
    refused(
        unsure,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("options.min_confidence"),
    );
    let neighbors = v1::ClassifyOptions {
        method: v1::Method::Neighbors.into(),
        ..v1::ClassifyOptions::default()
    };
    let neighbors = classify(options(neighbors)).await;
    refused(neighbors, Code::FailedPrecondition, "PRECONDITION", None);
    let unknown = v1::ClassifyOptions {
        method: 77,
        ..v1::ClassifyOptions::default()
    };
    let unknown = classify(options(unknown)).await;
    refused(
        unknown,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("options.method"),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_each_get_what_they_would_get_alone() {
    let shop = Shop::open().await;
    let titles = [
        "steel kettle",
        "sharp knife",
        "loud headphones",
        "thin laptop",
    ];
    let mut alone = Vec::new();
    for title in titles {
        let asked = request(vec![product("", title)]);
        let filed = shop.classification().classify_products(asked).await;
        alone.push(filed.unwrap().into_inner());
    }
    let mut calls = Vec::new();
    for at in 0..64 {
        let mut client = shop.classification();
        let title = if at % 8 == 7 { "" } else { titles[at % 4] };
        let asked = request(vec![product("", title)]);
        calls.push(tokio::spawn(async move {
            client.classify_products(asked).await
        }));
    }
    for (at, call) in calls.into_iter().enumerate() {
        let answer = call.await.unwrap();
        if at % 8 == 7 {
            refused(
                answer,
                Code::InvalidArgument,
                "ARGUMENT",
                Some("products[0].title"),
            );
        } else {
            let (one, other) = (&answer.unwrap().into_inner(), &alone[at % 4]);
            let (one, other) = (&one.decisions[0], &other.decisions[0]);
            assert_eq!(path(one), path(other));
            // A batch may be rounded otherwise.
            assert!((one.confidence - other.confidence).abs() < 1e-4);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_answers_each_row_once() {
    let shop = Shop::open().await;
    let message = |message| v1::StreamClassifyProductsRequest {
        message: Some(message),
    };
    let open = message(Message::Open(Open {
        parent: SHOP.to_owned(),
        options: None,
    }));
    let rows = |first_row, titles: &[&str]| {
        let products = titles.iter().map(|title| product("", title)).collect();
        message(Message::Rows(Rows {
            first_row,
            products,
        }))
    };
    let sent = vec![
        open,
        rows(1, &["steel kettle", "", "sharp knife"]),
        rows(10, &["thin laptop"]),
    ];
    let mut answers = shop
        .classification()
        .stream_classify_products(iter(sent))
        .await
        .unwrap()
        .into_inner();
    let (mut decided, mut rejected) = (Vec::new(), Vec::new());
    while let Some(answer) = answers.message().await.unwrap() {
        decided.extend(answer.decisions.iter().map(|one| one.row));
        rejected.extend(answer.rejected.iter().map(|one| one.row));
    }
    assert_eq!((decided, rejected), (vec![1, 3, 10], vec![2]));

    let mut client = shop.classification();
    let unopened = client.stream_classify_products(iter(vec![rows(1, &["a"])]));
    refused(
        unopened.await,
        Code::InvalidArgument,
        "MALFORMED",
        Some("open"),
    );
}
