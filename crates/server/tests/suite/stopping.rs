//! How a server ends.

use std::time::Duration;

use assort_proto::v1;
use assort_proto::v1::stream_upsert_products_request::{Message, Open, Rows};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

use crate::common::{SHOP, Shop, product, refused};

#[tokio::test(flavor = "multi_thread")]
async fn open_streams_get_their_last_answer_and_do_not_hold_the_server() {
    let mut shop = Shop::open().await;
    let (sender, messages) = mpsc::channel(4);
    let send = async |message| {
        let message = Some(message);
        let request = v1::StreamUpsertProductsRequest { message };
        sender.send(request).await.unwrap();
    };
    send(Message::Open(Open {
        parent: SHOP.to_owned(),
    }))
    .await;
    let mut client = shop.products();
    let answers = client.stream_upsert_products(ReceiverStream::new(messages));
    let mut answers = answers.await.unwrap().into_inner();
    send(Message::Rows(Rows {
        first_row: 1,
        products: vec![product("last", "Mug")],
    }))
    .await;
    assert_eq!(
        answers.message().await.unwrap().unwrap().committed_through,
        1
    );
    shop.stop();
    let ended = answers.message().await;
    refused(ended, Code::Unavailable, "STOPPING", None);
    shop.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_was_accepted_is_answered() {
    let mut shop = Shop::open().await;
    let many = (0..500).map(|at| product(&format!("m{at}"), &format!("Mug {at}")));
    let mut client = shop.products();
    let request = v1::BatchUpsertProductsRequest {
        parent: SHOP.to_owned(),
        products: many.collect(),
        ..v1::BatchUpsertProductsRequest::default()
    };
    let call = tokio::spawn(async move { client.batch_upsert_products(request).await });
    // It has begun to embed them.
    let begun = |texts: Vec<String>| texts.iter().any(|text| text.starts_with("Mug"));
    while !begun(shop.embedder.embedded()) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    shop.stop();
    let stored = call.await.unwrap().unwrap().into_inner();
    assert_eq!(stored.counts.unwrap().added, 500);
    shop.ended().await;
}
