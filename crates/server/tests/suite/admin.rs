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

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_made_in_the_operators_folder_alone() {
    let backup = async |shop: &Shop, name: &str, validate_only: bool| {
        let request = v1::BackupCatalogRequest {
            name: SHOP.to_owned(),
            backup: name.to_owned(),
            validate_only,
            ..v1::BackupCatalogRequest::default()
        };
        let begun = admin(shop).backup_catalog(request).await;
        begun.map(tonic::Response::into_inner)
    };
    let closed = Shop::open().await;
    let refusal = backup(&closed, "monday", true).await;
    refused(refusal, Code::FailedPrecondition, "PRECONDITION", None);
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().to_owned();
    let shop = Shop::with(|options, _| options.backups = Some(folder.clone())).await;
    for name in ["", "..", "a/b", "/tmp/x", ".hidden"] {
        let refusal = backup(&shop, name, false).await;
        refused(refusal, Code::InvalidArgument, "ARGUMENT", Some("backup"));
    }
    assert!(backup(&shop, "monday", true).await.unwrap().done);
    assert!(!folder.join("monday").exists());
    for products in [8, 9] {
        if products == 9 {
            shop.upsert(vec![product("new", "Mug")]).await.unwrap();
        }
        let mut copied = 0;
        // The catalog learns by itself, which is a commit too.
        for at in 0.. {
            let begun = backup(&shop, "monday", false).await.unwrap();
            let (operation, outcome) = ended(&shop, begun).await;
            let metadata: v1::OperationMetadata = operation.metadata.unwrap().to_msg().unwrap();
            assert_eq!(metadata.method, "BackupCatalog");
            let told: v1::BackupCatalogResponse = response(&outcome);
            if told.copied_bytes == 0 {
                break;
            }
            copied += told.copied_bytes;
            assert!(at < 20, "a backup is never up to date");
        }
        assert!(copied > 0);
        let copy = assort::Catalog::open_read_only(folder.join("monday")).unwrap();
        assert_eq!(copy.stats().unwrap().products, products);
        assert_eq!(copy.check().unwrap(), []);
    }
    std::fs::create_dir(folder.join("letters")).unwrap();
    std::fs::write(folder.join("letters/letter"), "dear").unwrap();
    let begun = backup(&shop, "letters", false).await.unwrap();
    let (_, outcome) = ended(&shop, begun).await;
    assert_eq!(code(&outcome), Code::AlreadyExists as i32);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_moves_to_an_embedder_that_the_operator_named() {
    let shop = Shop::with(|options, _| {
        let open: assort_server::OpenEmbedder = std::sync::Arc::new(|| {
            let toy = assort_testkit::toy::Toy::new("b");
            Ok((std::sync::Arc::new(toy), "toy b".to_owned()))
        });
        options.embedders.0.insert("b".to_owned(), open);
    })
    .await;
    let move_to = async |embedder: &str| {
        let request = v1::ReembedCatalogRequest {
            name: SHOP.to_owned(),
            embedder: embedder.to_owned(),
            request_id: "once".to_owned(),
            ..v1::ReembedCatalogRequest::default()
        };
        let begun = admin(&shop).reembed_catalog(request).await;
        begun.map(tonic::Response::into_inner)
    };
    let refusal = move_to("dir:/etc").await;
    refused(refusal, Code::InvalidArgument, "ARGUMENT", Some("embedder"));
    let begun = move_to("b").await.unwrap();
    let (_, outcome) = ended(&shop, begun.clone()).await;
    let told: v1::ReembedCatalogResponse = response(&outcome);
    assert_eq!((told.products, told.embedded), (8, 8));
    assert_eq!(move_to("b").await.unwrap().name, begun.name);
    let request = v1::GetCatalogRequest {
        name: SHOP.to_owned(),
    };
    let catalog = shop.catalogs().get_catalog(request).await.unwrap();
    assert_eq!(catalog.into_inner().space.unwrap().model, "toy-b");
    let search = v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(v1::search_products_request::Query::Text(
            "kettle".to_owned(),
        )),
        ..v1::SearchProductsRequest::default()
    };
    let found = shop.searches().search_products(search).await.unwrap();
    assert!(!found.into_inner().results.is_empty());
}
