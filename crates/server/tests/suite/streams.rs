//! `ProductService.StreamUpsertProducts`

use assort_proto::v1;
use assort_proto::v1::stream_upsert_products_request::{Message, Open, Rows};
use assort_testkit::toy::Fault;
use tokio::sync::mpsc;
use tokio_stream::iter;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::common::{SHOP, Shop, category, product, refused};

fn open() -> v1::StreamUpsertProductsRequest {
    v1::StreamUpsertProductsRequest {
        message: Some(Message::Open(Open {
            parent: SHOP.to_owned(),
        })),
    }
}

fn rows(first_row: i64, products: Vec<v1::Product>) -> v1::StreamUpsertProductsRequest {
    v1::StreamUpsertProductsRequest {
        message: Some(Message::Rows(Rows {
            first_row,
            products,
        })),
    }
}

fn mugs(from: usize, count: usize) -> Vec<v1::Product> {
    let mugs = from..from + count;
    mugs.map(|at| product(&format!("m{at}"), &format!("Mug number {at}")))
        .collect()
}

/// Sends everything; gives all answers, or what ended the stream.
async fn send(
    shop: &Shop,
    messages: Vec<v1::StreamUpsertProductsRequest>,
) -> (
    Vec<v1::StreamUpsertProductsResponse>,
    Result<(), tonic::Status>,
) {
    let answers = shop.products().stream_upsert_products(iter(messages)).await;
    let mut answers = match answers {
        Ok(answers) => answers.into_inner(),
        Err(status) => return (Vec::new(), Err(status)),
    };
    let mut all = Vec::new();
    loop {
        match answers.message().await {
            Ok(Some(answer)) => all.push(answer),
            Ok(None) => return (all, Ok(())),
            Err(status) => return (all, Err(status)),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_acknowledges_all_rows_and_sent_again_changes_nothing() {
    let shop = Shop::open().await;
    let messages = || {
        let mut messages = vec![open()];
        messages.extend((0..5).map(|at| rows(1 + at * 1_000, mugs(at as usize * 1_000, 1_000))));
        messages
    };
    let (answers, ended) = send(&shop, messages()).await;
    ended.unwrap();
    let through: Vec<i64> = answers
        .iter()
        .map(|answer| answer.committed_through)
        .collect();
    assert!(
        through.is_sorted() && through.last() == Some(&5_000),
        "{through:?}"
    );
    let counts = answers.last().unwrap().counts.unwrap();
    assert_eq!((counts.added, counts.updated), (5_000, 0));
    let (answers, ended) = send(&shop, messages()).await;
    ended.unwrap();
    let counts = answers.last().unwrap().counts.unwrap();
    assert_eq!(
        (counts.added, counts.updated, counts.unchanged),
        (0, 0, 5_000)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_cannot_be_stored_are_told_and_the_others_stored() {
    let shop = Shop::open().await;
    let stranger = v1::Product {
        label: Some(category("Toys")),
        ..product("b", "Ball")
    };
    let tagged = v1::Product {
        etag: "1".to_owned(),
        ..product("e", "Mug")
    };
    let first = vec![
        product("a", "Mug"),
        product("", "Mug"),
        stranger,
        product("c", ""),
    ];
    let second = vec![tagged, product("a", "Mug, the second"), product("d", "Cup")];
    let (answers, ended) = send(&shop, vec![open(), rows(10, first), rows(20, second)]).await;
    ended.unwrap();
    let rejected: Vec<(i64, &str)> = answers
        .iter()
        .flat_map(|answer| &answer.rejected)
        .map(|one| (one.row, one.product_id.as_str()))
        .collect();
    assert_eq!(rejected, [(11, ""), (12, "b"), (13, "c"), (20, "e")]);
    let status = answers[0].rejected[0].status.as_ref().unwrap();
    assert_eq!(status.code, Code::InvalidArgument as i32);
    assert!(!status.details.is_empty());
    assert_eq!(answers.last().unwrap().committed_through, 22);
    assert_eq!(shop.product("a").await.unwrap().title, "Mug, the second");
    assert!(shop.product("d").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_is_answered_before_it_sends_more() {
    let shop = Shop::open().await;
    let (sender, messages) = mpsc::channel(4);
    let answers = tokio::spawn({
        let mut client = shop.products();
        async move {
            client
                .stream_upsert_products(ReceiverStream::new(messages))
                .await
        }
    });
    sender.send(open()).await.unwrap();
    let mut answers = answers.await.unwrap().unwrap().into_inner();
    for at in 0..3 {
        sender
            .send(rows(1 + at, mugs(at as usize, 1)))
            .await
            .unwrap();
        let answer = answers.message().await.unwrap().unwrap();
        assert_eq!(answer.committed_through, 1 + at);
        assert!(shop.product(&format!("m{at}")).await.is_ok());
    }
    drop(sender);
    assert!(answers.message().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_keeps_what_it_acknowledged() {
    let shop = Shop::open().await;
    let (sender, messages) = mpsc::channel(4);
    sender.send(open()).await.unwrap();
    let mut client = shop.products();
    let answers = client.stream_upsert_products(ReceiverStream::new(messages));
    let mut answers = answers.await.unwrap().into_inner();
    sender.send(rows(1, mugs(0, 10))).await.unwrap();
    assert_eq!(
        answers.message().await.unwrap().unwrap().committed_through,
        10
    );
    shop.embedder.break_at(0, Fault::Error);
    sender.send(rows(11, mugs(10, 10))).await.unwrap();
    let status = refused(answers.message().await, Code::Unavailable, "EMBEDDER", None);
    assert!(!status.message().contains("toy"), "{status:?}");
    shop.embedder.mend();
    assert!(shop.product("m9").await.is_ok());
    assert!(shop.product("m10").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_of_rows_grow_and_a_stream_is_opened_once() {
    let shop = Shop::open().await;
    let (_, ended) = send(&shop, vec![]).await;
    refused(ended, Code::InvalidArgument, "MALFORMED", Some("open"));
    let (answers, ended) = send(
        &shop,
        vec![open(), rows(1, mugs(0, 3)), rows(3, mugs(3, 1))],
    )
    .await;
    refused(
        ended,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("rows.first_row"),
    );
    assert_eq!(answers.last().unwrap().committed_through, 3);
    let (_, ended) = send(&shop, vec![open(), open()]).await;
    refused(ended, Code::InvalidArgument, "MALFORMED", Some("rows"));
    let (_, ended) = send(&shop, vec![open(), rows(1, mugs(0, 1_001))]).await;
    refused(
        ended,
        Code::InvalidArgument,
        "ARGUMENT",
        Some("rows.products"),
    );
}
