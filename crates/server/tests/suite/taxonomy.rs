//! `TaxonomyService`

use assort_proto::v1;
use tonic::Code;

use crate::common::{SHOP, Shop, refused};

fn named() -> String {
    format!("{SHOP}/taxonomy")
}

async fn described(shop: &Shop) -> v1::Taxonomy {
    let request = v1::GetTaxonomyRequest { name: named() };
    shop.taxonomy()
        .get_taxonomy(request)
        .await
        .unwrap()
        .into_inner()
}

fn listing(size: i32, token: &str, find: &str) -> v1::ListCategoriesRequest {
    v1::ListCategoriesRequest {
        parent: named(),
        page_size: size,
        page_token: token.to_owned(),
        find: find.to_owned(),
    }
}

async fn categories(shop: &Shop) -> Vec<v1::Category> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = shop
            .taxonomy()
            .list_categories(listing(4, &token, ""))
            .await;
        let page = page.unwrap().into_inner();
        all.extend(page.categories);
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

fn import(categories: Vec<v1::Category>) -> v1::ImportTaxonomyRequest {
    v1::ImportTaxonomyRequest {
        name: named(),
        categories,
        ..v1::ImportTaxonomyRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_read_and_comes_back_the_same() {
    let shop = Shop::open().await;
    let before = described(&shop).await;
    assert_eq!((before.categories, before.leaves, before.levels), (6, 4, 2));
    let all = categories(&shop).await;
    assert_eq!(all.len(), 6);
    assert_eq!(all[1].path, ["Kitchen", "Kettles"]);
    assert_eq!(all[1].parent_id, all[0].id);
    let found = shop
        .taxonomy()
        .list_categories(listing(0, "", "LAPTOP"))
        .await;
    assert_eq!(found.unwrap().into_inner().categories.len(), 1);

    let same = shop.taxonomy().import_taxonomy(import(all)).await;
    let same = same.unwrap().into_inner();
    assert_eq!(same.taxonomy.unwrap(), before);
    assert_eq!(same.orphaned_labels, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_tree_takes_the_place_of_the_one_that_was_read() {
    let shop = Shop::open().await;
    shop.label(&[("p1", "Kettles"), ("p3", "Knives")])
        .await
        .unwrap();
    let etag = described(&shop).await.etag;
    let token = shop.taxonomy().list_categories(listing(2, "", "")).await;
    let token = token.unwrap().into_inner().next_page_token;
    let mut tree = categories(&shop).await;
    tree.retain(|category| category.display_name != "Knives");
    tree[1].aliases.push("water boilers".to_owned());
    let request = |validate_only| v1::ImportTaxonomyRequest {
        etag: etag.clone(),
        validate_only,
        ..import(tree.clone())
    };
    let checked = shop.taxonomy().import_taxonomy(request(true)).await;
    assert_eq!(checked.unwrap().into_inner().orphaned_labels, 1);
    assert_eq!(described(&shop).await.etag, etag);
    let imported = shop.taxonomy().import_taxonomy(request(false)).await;
    assert_eq!(imported.unwrap().into_inner().orphaned_labels, 1);
    let again = shop.taxonomy().import_taxonomy(request(false)).await;
    refused(again, Code::Aborted, "ETAG_MISMATCH", None);
    let page = shop
        .taxonomy()
        .list_categories(listing(2, &token, ""))
        .await;
    refused(page, Code::FailedPrecondition, "PAGE_TOKEN_EXPIRED", None);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_make_no_tree_are_told() {
    let shop = Shop::open().await;
    let orphan = v1::Category {
        id: "a".to_owned(),
        parent_id: "nobody".to_owned(),
        display_name: "A".to_owned(),
        ..v1::Category::default()
    };
    for (tree, field) in [
        (vec![], "categories"),
        (vec![v1::Category::default()], "categories[0]"),
        (vec![orphan], "categories[0]"),
    ] {
        let imported = shop.taxonomy().import_taxonomy(import(tree)).await;
        refused(imported, Code::InvalidArgument, "ARGUMENT", Some(field));
    }
}
