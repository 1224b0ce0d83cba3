//! `SearchService`

use assort_proto::v1;
use assort_proto::v1::search_products_request::Query;
use tonic::Code;

use crate::common::{SHOP, Shop, name, product, refused};

fn request(query: Query) -> v1::SearchProductsRequest {
    v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(query),
        ..v1::SearchProductsRequest::default()
    }
}

fn text(text: &str) -> v1::SearchProductsRequest {
    request(Query::Text(text.to_owned()))
}

fn ids(found: &v1::SearchProductsResponse) -> Vec<&str> {
    let products = found.results.iter();
    products
        .map(|found| found.product.as_ref().unwrap().id.as_str())
        .collect()
}

async fn search(
    shop: &Shop,
    request: v1::SearchProductsRequest,
) -> Result<v1::SearchProductsResponse, tonic::Status> {
    let found = shop.searches().search_products(request).await;
    found.map(tonic::Response::into_inner)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_a_vector_and_a_product_find_the_same() {
    let shop = Shop::open().await;
    let title = "Paring knife";
    let by_text = search(&shop, text(title)).await.unwrap();
    assert_eq!((by_text.matches, ids(&by_text)[0]), (8, "p4"));
    let coordinates = shop.embedder.vector(title);
    let data: Vec<u8> = coordinates.iter().flat_map(|x| x.to_le_bytes()).collect();
    let vector = v1::Vector {
        data: data.into(),
        dimensions: 32,
    };
    let by_vector = search(&shop, request(Query::Vector(vector))).await.unwrap();
    assert_eq!(ids(&by_vector), ids(&by_text));
    let by_like = search(&shop, request(Query::Like(name("p4"))))
        .await
        .unwrap();
    assert_eq!(ids(&by_like), ids(&by_text)[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_a_search_fit_together_and_expire_with_a_commit() {
    let shop = Shop::open().await;
    let all = search(&shop, text("kettle")).await.unwrap();
    let page = |token: &str| v1::SearchProductsRequest {
        page_size: 3,
        page_token: token.to_owned(),
        ..text("kettle")
    };
    let (mut found, mut token) = (Vec::new(), String::new());
    loop {
        let got = search(&shop, page(&token)).await.unwrap();
        found.extend(ids(&got).into_iter().map(str::to_owned));
        token = got.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(found, ids(&all));
    let token = search(&shop, page("")).await.unwrap().next_page_token;
    shop.upsert(vec![product("p9", "Mug")]).await.unwrap();
    let expired = search(&shop, page(&token)).await;
    refused(
        expired,
        Code::FailedPrecondition,
        "PAGE_TOKEN_EXPIRED",
        None,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_and_an_explanation_tells_the_steps() {
    let shop = Shop::open().await;
    let asked = v1::SearchProductsRequest {
        filter: "price >= 7".to_owned(),
        explain: true,
        read_mask: Some(prost_types::FieldMask {
            paths: vec!["id".to_owned()],
        }),
        ..text("kettle")
    };
    let found = search(&shop, asked).await.unwrap();
    assert_eq!((found.matches, found.results.len()), (2, 2));
    assert_eq!((found.steps[0].products, found.steps[0].matches), (8, 2));
    assert_eq!(found.results[0].product.as_ref().unwrap().title, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_searched_for_is_told_by_field() {
    let shop = Shop::open().await;
    let vector = |bytes: usize, dimensions| {
        request(Query::Vector(v1::Vector {
            data: vec![0; bytes].into(),
            dimensions,
        }))
    };
    let nothing = v1::SearchProductsRequest {
        query: None,
        ..text("")
    };
    let filter = v1::SearchProductsRequest {
        filter: "price <".to_owned(),
        ..text("kettle")
    };
    let ef = v1::SearchProductsRequest {
        params: Some(v1::SearchParams {
            ef: -1,
            ..v1::SearchParams::default()
        }),
        ..text("kettle")
    };
    let like = request(Query::Like("catalogs/other/products/p1".to_owned()));
    for (asked, field) in [
        (text(" "), "text"),
        (nothing, "query"),
        (vector(127, 32), "vector.data"),
        (vector(128, 31), "vector.data"),
        (vector(64, 16), "query"),
        (vector(128, 32), "query"),
        (filter, "filter"),
        (ef, "params.ef"),
        (like, "like"),
    ] {
        let found = search(&shop, asked).await;
        refused(found, Code::InvalidArgument, "ARGUMENT", Some(field));
    }
    let missing = search(&shop, request(Query::Like(name("none")))).await;
    refused(missing, Code::NotFound, "NOT_FOUND", None);
}
