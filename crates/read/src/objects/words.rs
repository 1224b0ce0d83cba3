//! What lists and objects of JSON and elements of XML are called, and what their keys say.

use crate::language::is_language;
use crate::names::{ID, TITLE, plain};

/// Parts of a product or a category that look like one.
pub(super) const PARTS: &[&str] = &[
    "variants",
    "variant",
    "options",
    "images",
    "media",
    "children",
    "subcategories",
    "ancestors",
    "attributes",
    "tags",
    "reviews",
    "offers",
    "skus",
    "related",
    "bundle",
    "components",
];

/// Names of what has an id and a name beside products.
pub(super) const OTHERS: &[&str] = &[
    "categories",
    "category",
    "brands",
    "brand",
    "collections",
    "stores",
    "store",
    "shops",
    "shop",
    "suppliers",
    "vendors",
    "manufacturers",
    "currencies",
    "languages",
    "attributesets",
];

/// Names of lists of what products have, or of what a shop has beside them.
const NO_PRODUCTS: &[&str] = &[
    "category",
    "categories",
    "kategorien",
    "catégories",
    "categorías",
    "collections",
    "brand",
    "brands",
    "marken",
    "hersteller",
    "manufacturer",
    "manufacturers",
    "supplier",
    "suppliers",
    "vendor",
    "vendors",
    "color",
    "colors",
    "colour",
    "colours",
    "farben",
    "size",
    "sizes",
    "größen",
    "material",
    "materials",
    "tag",
    "tags",
    "unit",
    "units",
    "attribute",
    "attributes",
    "attributesets",
    "option",
    "options",
    "filters",
    "facets",
    "currency",
    "currencies",
    "language",
    "languages",
    "country",
    "countries",
    "customer",
    "customers",
    "user",
    "users",
    "order",
    "orders",
    "review",
    "reviews",
    "warehouse",
    "warehouses",
    "taxes",
    "taxclasses",
    "coupons",
    "discounts",
    "pages",
    "posts",
    "errors",
    "warnings",
    "messages",
];

/// What objects say that are products, whatever their list is called.
const OF_PRODUCTS: &[&str] = &[
    "sku", "asin", "gtin", "ean", "upc", "mpn", "barcode", "price", "stock", "quantity", "category",
];

/// Names of products.
pub(super) const PRODUCTS: &[&str] = &[
    "products", "product", "items", "item", "entries", "entry", "offer", "articles", "article",
    "goods",
];

/// Names of categories.
pub(super) const CATEGORIES: &[&str] = &[
    "categories",
    "category",
    "taxonomy",
    "taxonomies",
    "verticals",
    "tree",
    "nodes",
    "departments",
];

/// What categories say of themselves.
pub(super) const OF_CATEGORIES: &[&str] = &[
    "id",
    "name",
    "title",
    "label",
    "slug",
    "path",
    "code",
    "url",
    "description",
    "image",
    "parent",
    "parentid",
    "count",
    "position",
];

/// Keys of what stands beside products, or is a part of one.
pub(super) const NO_IDS: &[&str] = &[
    "meta",
    "metadata",
    "info",
    "status",
    "header",
    "headers",
    "paging",
    "pagination",
    "links",
    "config",
    "settings",
    "context",
    "request",
    "response",
    "result",
    "error",
    "data",
    "extensions",
];

/// Names of lists of products that other lists have, too.
const PICKS: &[&str] = &[
    "all",
    "new",
    "featured",
    "bestsellers",
    "sale",
    "recommended",
    "related",
    "similar",
    "popular",
    "latest",
    "trending",
    "top",
    "upsells",
    "results",
    "suggestions",
    "sponsored",
    "promoted",
    "accessories",
    "crosssells",
];

/// Names of an object that stands for its row, beside what tells of it.
pub(super) const NODES: &[&str] = &["node", "source", "fields", "document"];

/// Whether a key holds the categories below one, whatever it has.
pub(crate) fn is_of_children(key: &str) -> bool {
    let name = plain(key);
    name.starts_with("child")
        || name.starts_with("subcategor")
        || name == "子类目"
        || name == "子分类"
}

/// Whether a list of that name is one of categories.
pub(super) fn is_of_categories(name: &str) -> bool {
    CATEGORIES.contains(&plain(name).as_str())
}

/// Whether a list of that name in a category is of those below it.
pub(super) fn is_below_categories(name: &str) -> bool {
    is_of_children(name) || is_of_categories(name)
}

/// Whether an element has a code and a name, and is no category.
pub(crate) fn is_attribute(element: &str) -> bool {
    element.to_lowercase().starts_with("att")
}

/// Whether a list of that name has no products, but what they have, as far as the keys of
/// its objects tell.
pub(super) fn is_of_no_products(name: &str, keys: &[String]) -> bool {
    let is_telling = |key: &String| OF_PRODUCTS.contains(&plain(key).as_str());
    NO_PRODUCTS.contains(&plain(name).as_str()) && !keys.iter().any(is_telling)
}

pub(super) fn is_id(name: &str) -> bool {
    ID.contains(&name)
        || name.ends_with("id")
        || ["code", "number", "identifier", "slug", "编码"].contains(&name)
}

pub(super) fn is_title(name: &str) -> bool {
    TITLE.contains(&name)
        || ["title", "name", "path", "label"]
            .iter()
            .any(|end| name.ends_with(end))
}

pub(super) fn is_model(name: &str) -> bool {
    name == "model"
}

/// Whether a name is that of something that is no product, or of what holds some.
pub(super) fn is_known(name: &str) -> bool {
    [PARTS, OTHERS, PRODUCTS, CATEGORIES, NODES]
        .iter()
        .any(|names| names.contains(&name))
}

/// Whether a key may be a name that somebody gave a list: it is none that files have for
/// what is in it, and no language.
pub(super) fn names_a_list(key: &str) -> bool {
    let plain = plain(key);
    !is_known(&plain)
        && !NO_IDS.contains(&plain.as_str())
        && !PICKS.contains(&plain.as_str())
        && !is_language(key)
}

/// Whether the name of a list is that of a category, and not the number of a page.
pub(super) fn may_be_category(key: &str) -> bool {
    key.contains(char::is_alphabetic) && !key.ends_with(|c: char| c.is_ascii_digit())
}
