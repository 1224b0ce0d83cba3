//! Calls of every kind.

use assort_client::core::Product;
use assort_client::{Row, Search, v1};

use crate::common::{Shop, product};

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_is_filled_searched_filed_labelled_and_emptied() {
    let shop = Shop::open().await;
    let client = shop.client().await;
    assert_eq!(client.catalogs().await.unwrap()[0].name, "catalogs/shop");
    let shop = client.catalog("shop");
    assert!(!shop.describe().await.unwrap().read_only);

    let lists = Product {
        attributes: vec![
            ("colour".into(), "blue".into()),
            ("colour".into(), "red".into()),
            ("price".into(), "9".into()),
        ],
        image: Some("data:image/png;base64,TWFu".into()),
        text: "Two\nlines".into(),
        ..product("a/b %", "Paring knife")
    };
    let row = Row {
        product: lists.clone(),
        category: Some("Knives".into()),
    };
    let bad = Row {
        product: product("bad", "Towel"),
        category: Some("Towels".into()),
    };
    let stored = shop.import([row, bad]).await.unwrap();
    assert_eq!((stored.counts.added, stored.counts.labelled), (1, 1));
    assert_eq!(stored.committed_through, 2);
    let [rejected] = &stored.rejected[..] else {
        panic!("{stored:?}");
    };
    assert_eq!((rejected.row, rejected.id.as_str()), (2, "bad"));
    assert_eq!(rejected.refusal.reason, "ARGUMENT");
    assert!(rejected.refusal.message.contains("Towels"));

    let found = shop.get("a/b %").await.unwrap();
    assert_eq!(found.product, lists);
    assert_eq!(found.label.unwrap().path, "Kitchen > Knives");
    assert!(!found.etag.is_empty());
    let missing = shop.get("none").await.unwrap_err();
    assert_eq!(missing.reason(), Some("NOT_FOUND"));

    let mut pages = shop
        .products()
        .filter("title ~ \"knife\" or price > 1")
        .page_size(1);
    let first = pages.next().await;
    // A filter that cannot be read is refused, and names its field.
    let fields: Vec<String> = match &first {
        Ok(_) => Vec::new(),
        Err(error) => error
            .refusal()
            .unwrap()
            .fields()
            .map(|(field, _)| field.into())
            .collect(),
    };
    assert_eq!(fields, ["filter"]);
    let all = shop
        .products()
        .page_size(2)
        .fields(["id"])
        .all()
        .await
        .unwrap();
    let ids: Vec<&str> = all.iter().map(|found| found.product.id.as_str()).collect();
    assert_eq!(ids, ["p1", "p2", "a/b %"]);
    assert!(all.iter().all(|found| found.product.title.is_empty()));

    let results = shop
        .search(&Search::text("paring knife").top(2))
        .await
        .unwrap();
    assert_eq!(results.matches, 3);
    assert_eq!(results.found[0].product.product.id, "a/b %");
    let next = shop
        .search(&Search::text("paring knife").offset(1).top(1))
        .await
        .unwrap();
    assert_eq!(
        next.found[0].product.product.id,
        results.found[1].product.product.id
    );
    let like = shop
        .search(&Search::like("a/b %").filter("price < 10"))
        .await
        .unwrap();
    assert!(like.found.is_empty());
    let dimensions = shop.describe().await.unwrap().space.unwrap().dimensions as usize;
    let near = shop
        .search(&Search::vector(vec![1.0; dimensions]))
        .await
        .unwrap();
    assert_eq!(near.found.len(), 3);
    let grouped = shop
        .search(&Search::text("knife").by_category(1).explain(true))
        .await
        .unwrap();
    assert_eq!(grouped.found.len(), 3);
    assert_eq!(grouped.steps.len(), 1);

    let options = v1::ClassifyOptions {
        explain: true,
        ..v1::ClassifyOptions::default()
    };
    let knife = [product("", "Bread knife")];
    let filed = shop.classify(&knife, &options, false).await.unwrap();
    assert_eq!(filed.decisions.len(), 1);
    assert!(filed.decisions[0].reasons.is_some());
    let kept = shop
        .classify_stored(["p1", "p2"], &options, true)
        .await
        .unwrap();
    assert_eq!((kept.decisions.len(), kept.kept), (2, 2));

    let labelled = shop.label([("p1", "Kettles"), ("p2", "Kitchen > Knives")], false);
    assert_eq!(labelled.await.unwrap().changed, 2);
    let missing = shop.label(
        [("x", "Kettles"), ("p2", "Kettles"), ("y", "Kettles")],
        false,
    );
    let missing = missing.await.unwrap_err();
    let fields: Vec<&str> = missing
        .refusal()
        .unwrap()
        .fields()
        .map(|(field, _)| field)
        .collect();
    assert_eq!(fields, ["labels[0].product", "labels[2].product"]);
    assert_eq!(
        shop.clear_labels(["p1", "p2"], true).await.unwrap().changed,
        2
    );
    assert_eq!(shop.clear_labels(["p1"], false).await.unwrap().changed, 1);

    let tree = shop.taxonomy().await.unwrap();
    assert_eq!(tree.len(), 6);
    let smaller = assort_client::core::Taxonomy::from_paths(["Kitchen > Kettles"]).unwrap();
    assert_eq!(shop.replace_taxonomy(&smaller).await.unwrap(), 2);
    assert_eq!(shop.replace_taxonomy(&tree).await.unwrap(), 0);
    assert_eq!(
        shop.taxonomy().await.unwrap().categories(),
        tree.categories()
    );

    assert_eq!(shop.remove(["p1", "gone", "a/b %"]).await.unwrap(), 2);
    assert_eq!(shop.stats().await.unwrap().products, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_for_a_message_is_cut() {
    let shop = Shop::open().await;
    let shop = shop.catalog().await;
    let many: Vec<Product> = (0..2_500)
        .map(|at| product(&format!("m{at}"), &format!("Kettle {at}")))
        .collect();
    assert_eq!(shop.put(many.clone(), true).await.unwrap().added, 2_500);
    let options = v1::ClassifyOptions::default();
    let filed = shop.classify(&many, &options, false);
    assert_eq!(filed.await.unwrap().decisions.len(), 2_500);
    // Together they are longer than the server takes.
    let text = "x".repeat(900_000);
    let long = (0..25).map(|at| Product {
        text: text.clone(),
        ..product(&format!("long{at}"), "Kettle")
    });
    let long: Vec<Product> = long.collect();
    assert_eq!(shop.put(long.clone(), false).await.unwrap().added, 25);
    let stored = shop.import(long).await.unwrap();
    assert_eq!(stored.counts.unchanged, 25);
    let monster = Product {
        attributes: (0..20).map(|at| (format!("a{at}"), text.clone())).collect(),
        ..product("monster", "Kettle")
    };
    let refused = shop.import([monster]).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("the product `monster` takes"),
        "{refused}"
    );
    assert_eq!(shop.products().all().await.unwrap().len(), 27);
}

#[tokio::test(flavor = "multi_thread")]
async fn long_work_is_followed_to_its_end_and_cancelled() {
    let shop = Shop::open().await;
    let shop = shop.catalog().await;
    let mut seen = 0;
    let mut check = shop.check(false).await.unwrap();
    assert_eq!(check.name(), "operations/shop/1");
    let done = check.follow(|_| seen += 1).await.unwrap();
    assert!(done.problems.is_empty() && seen > 0);
    assert_eq!(check.progress().method, "CheckCatalog");
    let mut compact = shop.compact().await.unwrap();
    compact.cancel().await.unwrap();
    match compact.wait().await {
        Ok(done) => assert!(done.saved_bytes >= 0),
        Err(error) => assert_eq!(error.reason(), Some("INTERRUPTED")),
    }
    let few = shop.train(v1::TrainHeadRequest::default()).await;
    let few = few.unwrap().wait().await.unwrap_err();
    assert_eq!(few.reason(), Some("PRECONDITION"));
}
