//! `AttributeService`

use assort_proto::v1;
use tonic::Code;

use crate::common::{SHOP, Shop, refused};

fn kind(name: &str, kind: &str) -> v1::AttributeKind {
    v1::AttributeKind {
        name: name.to_owned(),
        kind: kind.to_owned(),
    }
}

fn kinds(kinds: Vec<v1::AttributeKind>, validate_only: bool) -> v1::BatchSetKindsRequest {
    v1::BatchSetKindsRequest {
        parent: SHOP.to_owned(),
        kinds,
        validate_only,
        request_id: String::new(),
    }
}

fn facets(attributes: &[&str], filter: &str) -> v1::CountFacetsRequest {
    v1::CountFacetsRequest {
        parent: SHOP.to_owned(),
        attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
        filter: filter.to_owned(),
        limit: 3,
    }
}

async fn listed(shop: &Shop) -> Vec<v1::Attribute> {
    let request = v1::ListAttributesRequest {
        parent: SHOP.to_owned(),
    };
    let listed = shop.attributes().list_attributes(request).await;
    listed.unwrap().into_inner().attributes
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_told_and_their_kinds_set() {
    let shop = Shop::open().await;
    let price = listed(&shop).await.remove(0);
    let told = (price.name.as_str(), price.kind.as_str(), price.products);
    assert_eq!(told, ("price", "any", 8));
    assert_eq!(price.distinct, Some(8));
    let range = (price.least.as_deref(), price.greatest.as_deref());
    assert_eq!(range, (Some("1"), Some("8")));
    let asked = || vec![kind("price", "money"), kind("weight", "mass")];
    for (validate_only, changed) in [(true, 2), (false, 2), (false, 0)] {
        let request = kinds(asked(), validate_only);
        let set = shop.attributes().batch_set_kinds(request).await;
        assert_eq!(set.unwrap().into_inner().changed, changed);
    }
    assert_eq!(listed(&shop).await[0].kind, "money");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_kind_that_cannot_be_set_leaves_all_as_they_are() {
    let shop = Shop::open().await;
    for (asked, field) in [
        (kind("weight", "heavy"), "kinds[1].kind"),
        (kind("PRICE", "text"), "kinds[1].name"),
        (kind(" ", "text"), "kinds[1].name"),
    ] {
        let request = kinds(vec![kind("price", "money"), asked], false);
        let set = shop.attributes().batch_set_kinds(request).await;
        refused(set, Code::InvalidArgument, "ARGUMENT", Some(field));
    }
    let none = shop
        .attributes()
        .batch_set_kinds(kinds(vec![], false))
        .await;
    refused(none, Code::InvalidArgument, "ARGUMENT", Some("kinds"));
    assert_eq!(listed(&shop).await[0].kind, "any");
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_count_what_matches() {
    let shop = Shop::open().await;
    shop.label(&[("p1", "Kettles"), ("p7", "Laptops")])
        .await
        .unwrap();
    let request = facets(&["price", "category"], "price < 6");
    let counted = shop.attributes().count_facets(request).await.unwrap();
    let facets = counted.into_inner().facets;
    let price = &facets[0];
    assert_eq!((price.products, price.present, price.distinct), (5, 5, 5));
    assert_eq!(price.values.len(), 3);
    let category = &facets[1];
    assert_eq!(
        (category.attribute.as_str(), category.present),
        ("category", 1)
    );
    assert_eq!(category.values[0].value, "Kitchen > Kettles");
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_that_cannot_be_counted_are_refused() {
    let shop = Shop::open().await;
    let many: Vec<&str> = (0..101).map(|_| "price").collect();
    for (asked, field) in [
        (facets(&["prize"], ""), "attributes"),
        (facets(&["price"], "price <"), "filter"),
        (facets(&[], ""), "attributes"),
        (facets(&["price", ""], ""), "attributes[1]"),
        (facets(&many, ""), "attributes"),
    ] {
        let counted = shop.attributes().count_facets(asked).await;
        refused(counted, Code::InvalidArgument, "ARGUMENT", Some(field));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_counts_the_values_of_what_is_near() {
    let shop = Shop::open().await;
    let search = |facets: &[&str], filter: &str| v1::SearchProductsRequest {
        parent: SHOP.to_owned(),
        query: Some(v1::search_products_request::Query::Text(
            "kettle".to_owned(),
        )),
        filter: filter.to_owned(),
        facets: facets.iter().map(|&name| name.to_owned()).collect(),
        ..v1::SearchProductsRequest::default()
    };
    let found = shop
        .searches()
        .search_products(search(&["price"], "price < 3"))
        .await;
    let facets = found.unwrap().into_inner().facets;
    assert_eq!((facets[0].products, facets[0].values.len()), (2, 2));
    for (asked, field) in [
        (search(&["prize"], "price < 3"), "facets"),
        (search(&["price"], "price <"), "filter"),
    ] {
        let found = shop.searches().search_products(asked).await;
        refused(found, Code::InvalidArgument, "ARGUMENT", Some(field));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_come_as_json() {
    let shop = Shop::open().await;
    let path = "/v1/catalogs/shop/facets?attributes=price&attributes=category&limit=1";
    let answer = shop.http("GET", path, &[], b"").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told: serde_json::Value = serde_json::from_str(answer.text()).unwrap();
    assert_eq!(told["facets"][0]["values"][0]["products"], "1");
    assert_eq!(told["facets"][1]["attribute"], "category");
}
