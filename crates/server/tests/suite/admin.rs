//! `AdminService` and `google.longrunning.Operations`

use assort_proto::longrunning as lro;
use assort_proto::longrunning::operation::Result as Outcome;
use assort_proto::longrunning::operations_client::OperationsClient;
use assort_proto::v1;
use assort_proto::v1::admin_service_client::AdminServiceClient;
use tonic::transport::Channel;
use tonic::{Code, Request};

use crate::common::{SHOP, Shop, category, product, refused};

fn admin(shop: &Shop) -> AdminServiceClient<Channel> {
    AdminServiceClient::new(shop.channel())
}

fn operations(shop: &Shop) -> OperationsClient<Channel> {
    OperationsClient::new(shop.channel())
}

/// Waits for an operation; gives what came of it.
async fn ended(shop: &Shop, begun: lro::Operation) -> (lro::Operation, Outcome) {
    let request = lro::WaitOperationRequest {
        name: begun.name,
        timeout: None,
    };
    let ended = operations(shop).wait_operation(request).await;
    let ended = ended.unwrap().into_inner();
    assert!(ended.done);
    let outcome = ended.result.clone().unwrap();
    (ended, outcome)
}

fn response<M: prost::Message + prost::Name + Default>(outcome: &Outcome) -> M {
    match outcome {
        Outcome::Response(any) => any.to_msg().unwrap(),
        Outcome::Error(status) => panic!("{status:?}"),
    }
}

fn code(outcome: &Outcome) -> i32 {
    match outcome {
        Outcome::Error(status) => status.code,
        Outcome::Response(_) => 0,
    }
}

async fn begin_training(
    shop: &Shop,
    validate_only: bool,
    request_id: &str,
) -> Result<lro::Operation, tonic::Status> {
    let request = v1::TrainHeadRequest {
        name: SHOP.to_owned(),
        heads: 1,
        epochs: 2,
        validate_only,
        request_id: request_id.to_owned(),
        ..v1::TrainHeadRequest::default()
    };
    let begun = admin(shop).train_head(request).await;
    begun.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_is_trained_once_for_each_request() {
    let shop = Shop::open().await;
    let begun = begin_training(&shop, false, "").await.unwrap();
    let (_, outcome) = ended(&shop, begun).await;
    // Nothing has a label yet.
    assert_eq!(code(&outcome), Code::FailedPrecondition as i32);
    let labelled = (0..40).map(|at| v1::Product {
        label: Some(category(["Kettles", "Knives"][at % 2])),
        ..product(
            &format!("l{at}"),
            &format!("{} {at}", ["kettle", "knife"][at % 2]),
        )
    });
    shop.upsert(labelled.collect()).await.unwrap();
    let checked = begin_training(&shop, true, "").await.unwrap();
    assert!(checked.done && checked.name.is_empty());
    let begun = begin_training(&shop, false, "once").await.unwrap();
    assert_eq!(begun.name, "operations/shop/2");
    let (ended, outcome) = ended(&shop, begun.clone()).await;
    assert_eq!(response::<v1::TrainHeadResponse>(&outcome).labels, 40);
    let metadata: v1::OperationMetadata = ended.metadata.unwrap().to_msg().unwrap();
    assert_eq!(
        (metadata.catalog.as_str(), metadata.method.as_str()),
        (SHOP, "TrainHead")
    );
    assert!(metadata.end_time.is_some());
    assert_eq!(
        begin_training(&shop, false, "once").await.unwrap().name,
        begun.name
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_is_sealed_checked_and_compacted() {
    let shop = Shop::open().await;
    let name = || SHOP.to_owned();
    let seal = v1::SealCatalogRequest { name: name() };
    let begun = admin(&shop).seal_catalog(seal).await.unwrap().into_inner();
    let (_, outcome) = ended(&shop, begun).await;
    response::<v1::SealCatalogResponse>(&outcome);
    let check = v1::CheckCatalogRequest {
        name: name(),
        repair: true,
    };
    let begun = admin(&shop)
        .check_catalog(check)
        .await
        .unwrap()
        .into_inner();
    let (_, outcome) = ended(&shop, begun).await;
    assert_eq!(response::<v1::CheckCatalogResponse>(&outcome).problems, []);
    let compact = v1::CompactCatalogRequest { name: name() };
    let begun = admin(&shop)
        .compact_catalog(compact)
        .await
        .unwrap()
        .into_inner();
    let (_, outcome) = ended(&shop, begun).await;
    response::<v1::CompactCatalogResponse>(&outcome);
    let tune = v1::TuneCatalogRequest {
        name: name(),
        ..v1::TuneCatalogRequest::default()
    };
    let begun = admin(&shop).tune_catalog(tune).await.unwrap().into_inner();
    // So few products have no index.
    let (_, outcome) = ended(&shop, begun).await;
    assert_eq!(code(&outcome), Code::FailedPrecondition as i32);
    let distill = v1::DistillStudentRequest {
        name: name(),
        ..v1::DistillStudentRequest::default()
    };
    let begun = admin(&shop)
        .distill_student(distill)
        .await
        .unwrap()
        .into_inner();
    let (_, outcome) = ended(&shop, begun).await;
    assert_eq!(code(&outcome), Code::FailedPrecondition as i32);

    let list = async |size, token: &str| {
        let request = lro::ListOperationsRequest {
            name: "operations".to_owned(),
            page_size: size,
            page_token: token.to_owned(),
            ..lro::ListOperationsRequest::default()
        };
        let listed = operations(&shop).list_operations(request).await;
        listed.unwrap().into_inner()
    };
    let first = list(3, "").await;
    let second = list(3, &first.next_page_token).await;
    let names = first.operations.iter().chain(&second.operations);
    let names: Vec<&str> = names.map(|operation| operation.name.as_str()).collect();
    let wanted = [5, 4, 3, 2, 1].map(|number| format!("operations/shop/{number}"));
    assert_eq!(
        (names, second.next_page_token.as_str()),
        (wanted.iter().map(String::as_str).collect(), "")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_that_is_not_there_is_not_found() {
    let shop = Shop::open().await;
    for name in ["operations/shop/1", "operations/other/1", "shop"] {
        let request = lro::GetOperationRequest {
            name: name.to_owned(),
        };
        let got = operations(&shop).get_operation(Request::new(request)).await;
        refused(got, Code::NotFound, "NOT_FOUND", None);
        let request = lro::CancelOperationRequest {
            name: name.to_owned(),
        };
        let cancelled = operations(&shop).cancel_operation(request).await;
        refused(cancelled, Code::NotFound, "NOT_FOUND", None);
    }
}
