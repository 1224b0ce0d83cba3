//! Rows that are no products, in files that have other records beside them.

use crate::named::Named;
use crate::names::plain;
use crate::sample::Sample;

/// What columns are called that say what a row is.
const COLUMNS: [&str; 9] = [
    "type",
    "recordtype",
    "rowtype",
    "objecttype",
    "entitytype",
    "entity",
    "doctype",
    "typename",
    "class",
];

/// What they say of products.
const PRODUCTS: [&str; 9] = [
    "product",
    "products",
    "item",
    "items",
    "offer",
    "article",
    "goods",
    "individualproduct",
    "productmodel",
];

/// What they say of other records.
const OTHERS: [&str; 26] = [
    "category",
    "categories",
    "taxon",
    "taxonomy",
    "brand",
    "manufacturer",
    "vendor",
    "supplier",
    "collection",
    "store",
    "shop",
    "onlinestore",
    "localbusiness",
    "organization",
    "corporation",
    "website",
    "webpage",
    "collectionpage",
    "breadcrumblist",
    "imageobject",
    "person",
    "customer",
    "user",
    "order",
    "review",
    "currency",
];

/// The column that says of some rows that they are products.
pub(crate) fn column(named: &Named<'_>, sample: &Sample) -> Option<usize> {
    let called = |at: &usize| COLUMNS.contains(&named.plain[*at].as_str());
    let mut columns = (0..named.names.len()).filter(called);
    columns.find(|at| sample.values(*at).any(|value| is_among(value, &PRODUCTS)))
}

/// Whether a value of it says that a row is something else.
pub(crate) fn is_other(value: &str) -> bool {
    is_among(value, &OTHERS)
}

/// Whether a value is one of the words, perhaps behind an address:
/// `https://schema.org/Product`.
fn is_among(value: &str, words: &[&str]) -> bool {
    let name = value.rsplit(['/', '#', ':']).next().unwrap_or_default();
    words.contains(&plain(name).as_str())
}
