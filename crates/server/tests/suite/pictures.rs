//! Pictures that callers bring: to search by, and of products to be filed.

use std::sync::Arc;

use assort::ImportOptions;
use assort::core::Product;
use assort::read::ProductRow;
use assort_proto::v1;
use assort_proto::v1::image::Source;
use assort_proto::v1::search_products_request::Query;
use assort_proto::v1::stream_classify_products_request::{Message, Open, Rows};
use assort_testkit::toy::Toy;
use tokio_stream::iter;
use tonic::{Code, Status};

use crate::common::{SHOP, Shop, bmp, looking, make, name, picture, product, refused};

fn data(data: Vec<u8>) -> v1::Image {
    v1::Image {
        source: Some(Source::Data(data)),
        media_type: String::new(),
    }
}

fn uri(uri: &str) -> v1::Image {
    v1::Image {
        source: Some(Source::Uri(uri.to_owned())),
        media_type: String::new(),
    }
}

fn request(query: Query) -> v1::SearchProductsRequest {
    v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(query),
        ..v1::SearchProductsRequest::default()
    }
}

async fn search(
    shop: &Shop,
    request: v1::SearchProductsRequest,
) -> Result<v1::SearchProductsResponse, Status> {
    let found = shop.searches().search_products(request).await;
    found.map(tonic::Response::into_inner)
}

fn ids(found: &v1::SearchProductsResponse) -> Vec<&str> {
    let products = found.results.iter();
    products
        .map(|found| found.product.as_ref().unwrap().id.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_found_by_a_picture_page_by_page() {
    let shop = Shop::with_pictures().await;
    let asked = request(Query::Picture(data(bmp([85, 165, 60]))));
    let all = search(&shop, asked.clone()).await.unwrap();
    assert_eq!(ids(&all)[..3], ["p4", "p3", "p5"]);
    assert!(all.results[0].similarity > 0.99);
    let first = v1::SearchProductsRequest {
        page_size: 2,
        filter: "price >= 4".to_owned(),
        ..asked
    };
    let page = search(&shop, first.clone()).await.unwrap();
    assert_eq!((page.matches, ids(&page)), (5, vec!["p4", "p5"]));
    let second = v1::SearchProductsRequest {
        page_token: page.next_page_token.clone(),
        ..first.clone()
    };
    assert_eq!(ids(&search(&shop, second).await.unwrap())[0], "p6");
    // A token is for its own picture.
    let other = v1::SearchProductsRequest {
        page_token: page.next_page_token,
        query: Some(Query::Picture(data(bmp([1, 2, 3])))),
        ..first
    };
    let told = search(&shop, other).await;
    refused(told, Code::InvalidArgument, "PAGE_TOKEN_INVALID", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_like_another_by_text_by_picture_or_by_both() {
    let shop = Shop::with_pictures().await;
    let like = |by: v1::LikeBy| v1::SearchProductsRequest {
        like_by: by.into(),
        ..request(Query::Like(name("p1")))
    };
    let by_text = search(&shop, like(v1::LikeBy::Unspecified)).await.unwrap();
    assert_eq!(ids(&by_text)[0], "p2");
    let by_picture = search(&shop, like(v1::LikeBy::Picture)).await.unwrap();
    assert_eq!(ids(&by_picture), ["p2", "p3", "p4", "p5", "p6", "p7", "p8"]);
    let both = search(&shop, like(v1::LikeBy::Both)).await.unwrap();
    let of = |found: &v1::SearchProductsResponse| found.results[0].similarity;
    assert_eq!(ids(&both)[0], "p2");
    assert!((of(&both) - (of(&by_text) + of(&by_picture)) / 2.0).abs() < 2e-3);
    let grouped = v1::SearchProductsRequest {
        grouping: Some(v1::Grouping {
            by: Some(v1::grouping::By::Category(v1::grouping::Category {})),
            size: 1,
        }),
        ..like(v1::LikeBy::Both)
    };
    let told = search(&shop, grouped).await;
    refused(told, Code::InvalidArgument, "ARGUMENT", Some("grouping"));
    let unknown = v1::SearchProductsRequest {
        like_by: 99,
        ..like(v1::LikeBy::Both)
    };
    let told = search(&shop, unknown).await;
    refused(told, Code::InvalidArgument, "ARGUMENT", Some("like_by"));
    shop.upsert(vec![product("bare", "Kettle")]).await.unwrap();
    let bare = v1::SearchProductsRequest {
        filter: "price > 1".to_owned(),
        query: Some(Query::Like(name("bare"))),
        ..like(v1::LikeBy::Picture)
    };
    let told = search(&shop, bare).await;
    refused(told, Code::InvalidArgument, "ARGUMENT", Some("query"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_catalog_without_vectors_of_pictures_refuses_to_search_by_them() {
    let shop = Shop::open().await;
    let by_picture = request(Query::Picture(data(bmp([1, 2, 3]))));
    let like = v1::SearchProductsRequest {
        like_by: v1::LikeBy::Picture.into(),
        ..request(Query::Like(name("p1")))
    };
    for asked in [by_picture, like] {
        let told = search(&shop, asked).await;
        let status = refused(told, Code::FailedPrecondition, "PRECONDITION", None);
        assert!(
            status.message().contains("no vectors of pictures"),
            "{status:?}"
        );
    }
}

/// A PNG that says it has 30,000 × 30,000 pixels.
fn bomb() -> Vec<u8> {
    let side = 30_000u32.to_be_bytes();
    let header = [b"IHDR", &side[..], &side, &[8, 2, 0, 0, 0]].concat();
    let mut sum = flate2::Crc::new();
    sum.update(&header);
    let start = b"\x89PNG\r\n\x1a\n\0\0\0\x0d";
    [&start[..], &header, &sum.sum().to_be_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_cannot_be_used_is_told_with_its_field() {
    let shop = Shop::with_pictures().await;
    for (image, field, why) in [
        (data(b"<html></html>".to_vec()), "picture.data", "HTML"),
        (
            data(bmp([1, 2, 3])[..40].to_vec()),
            "picture.data",
            "damaged",
        ),
        (data(bomb()), "picture.data", "30000 × 30000 pixels"),
        (
            data(vec![0; (1 << 20) + 1]),
            "picture.data",
            "1048577 bytes",
        ),
        (uri("images/a.bmp"), "picture.uri", "no folder"),
        (
            uri("http://127.0.0.1:9/a.bmp"),
            "picture.uri",
            "not fetched",
        ),
        (uri("file:///etc/passwd"), "picture.uri", "no folder"),
        (
            v1::Image::default(),
            "picture.data",
            "neither data nor a URI",
        ),
    ] {
        let told = search(&shop, request(Query::Picture(image))).await;
        let status = refused(told, Code::InvalidArgument, "ARGUMENT", Some(field));
        assert!(status.message().contains(why), "{status:?}");
    }
}

/// The colour of a category's pictures: reddish kettles and bluish knives.
fn colour(at: u8) -> [u8; 3] {
    match at % 2 {
        0 => [200 + at % 50, at, 10],
        _ => [10, at, 200 + at % 50],
    }
}

const PATHS: [&str; 2] = ["Kitchen > Kettles", "Kitchen > Knives"];

/// The shop with products whose pictures alone tell where they belong, and with labels.
async fn taught() -> Shop {
    let directory = tempfile::tempdir().unwrap();
    let embedder = Arc::new(Toy::new("a"));
    let catalog = make(&directory, Arc::clone(&embedder));
    let rows = (0..120).map(|at| ProductRow {
        category: Some(PATHS[usize::from(at % 2)].to_owned()),
        ..Product {
            id: format!("a{at}"),
            title: title(at),
            image: Some(picture(colour(at))),
            ..Product::default()
        }
        .into()
    });
    let options = ImportOptions::default();
    let report = catalog.import(rows, &options, &|| None, &mut ());
    assert_eq!(report.unwrap().labelled, 120);
    let catalog = looking(catalog);
    catalog.prepare(&mut ()).unwrap();
    Shop::of(directory, embedder, catalog, |_, _| {}).await
}

/// A title that says nothing, with a word of its own.
fn title(at: u8) -> String {
    let letters = [at / 100, at / 10 % 10, at % 10].map(|digit| char::from(b'b' + digit));
    format!("Article {}", letters.iter().collect::<String>())
}

fn pictured(at: u8, image: v1::Image) -> v1::Product {
    v1::Product {
        image: Some(image),
        ..product("", &title(at))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn products_are_filed_by_the_pictures_that_they_bring() {
    let shop = taught().await;
    let options = v1::ClassifyOptions {
        method: v1::Method::Pictures.into(),
        ..v1::ClassifyOptions::default()
    };
    let mut products: Vec<v1::Product> = (120..140)
        .map(|at| pictured(at, data(bmp(colour(at)))))
        .collect();
    products.extend([
        product("", "Kettle"),
        pictured(150, data(bomb())),
        pictured(151, uri("http://[::1]/a.bmp")),
        pictured(152, data(bmp([0, 0, 0]))),
    ]);
    let asked = v1::ClassifyProductsRequest {
        parent: SHOP.to_owned(),
        products: products.clone(),
        options: Some(options),
        ..v1::ClassifyProductsRequest::default()
    };
    let filed = shop.classification().classify_products(asked.clone()).await;
    let decisions = filed.unwrap().into_inner().decisions;
    let path = |one: &v1::Decision| one.category.as_ref().map(|category| category.path.clone());
    for (at, decision) in decisions[..20].iter().enumerate() {
        assert_eq!(path(decision).as_deref(), Some(PATHS[at % 2]), "{at}");
        assert_eq!(decision.picture_problem, "");
    }
    let problems = [
        "",
        "30000 × 30000 pixels",
        "not fetched",
        // Nothing of the model.
        "the picture could not be embedded",
    ];
    for (decision, problem) in decisions[20..].iter().zip(problems) {
        assert_eq!(path(decision), None);
        let told = &decision.picture_problem;
        assert!(told.contains(problem) && !told.contains("secret"), "{told}");
        assert_eq!(told.is_empty(), problem.is_empty(), "{told}");
    }
    // By everything there is each is filed, and pictures are among the reasons.
    let auto = v1::ClassifyProductsRequest {
        options: Some(v1::ClassifyOptions {
            explain: true,
            ..v1::ClassifyOptions::default()
        }),
        ..asked
    };
    let filed = shop.classification().classify_products(auto).await;
    let decisions = filed.unwrap().into_inner().decisions;
    assert!(decisions.iter().all(|one| one.category.is_some()));
    assert_eq!(path(&decisions[3]).as_deref(), Some(PATHS[1]));
    let sources = &decisions[3].reasons.as_ref().unwrap().sources;
    assert!(
        sources.iter().any(|one| one.source == "pictures"),
        "{sources:?}"
    );
    // And so on a stream.
    let open = Message::Open(Open {
        parent: SHOP.to_owned(),
        options: Some(options),
    });
    let rows = Message::Rows(Rows {
        first_row: 1,
        products,
    });
    let messages = [open, rows].map(|message| v1::StreamClassifyProductsRequest {
        message: Some(message),
    });
    let mut client = shop.classification();
    let answers = client.stream_classify_products(iter(messages));
    let mut answers = answers.await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let decisions = answer
        .decisions
        .into_iter()
        .map(|row| row.decision.unwrap());
    let decisions: Vec<v1::Decision> = decisions.collect();
    assert_eq!(path(&decisions[7]).as_deref(), Some(PATHS[1]));
    assert!(decisions[21].picture_problem.contains("pixels"));
}
