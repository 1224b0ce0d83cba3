//! What names of columns mean.

// Names as `plain` leaves them, the likeliest first.
pub(crate) const ID: &[&str] = &[
    "id",
    "productid",
    "itemid",
    "sku",
    "skuid",
    "asin",
    "gtin",
    "ean",
    "upc",
    "uid",
    "uuid",
    "productcode",
    "itemcode",
    "partnumber",
    "mpn",
    "handle",
    "variantsku",
    "编号",
    "商品id",
    "商品编号",
    "产品id",
    "产品编号",
    "商品编码",
    "货号",
    "sku编号",
];
pub(crate) const TITLE: &[&str] = &[
    "title",
    "name",
    "producttitle",
    "productname",
    "itemname",
    "itemtitle",
    "标题",
    "商品标题",
    "产品标题",
    "名称",
    "商品名称",
    "商品名",
    "产品名称",
    "产品名",
    "品名",
];
pub(crate) const TEXT: &[&str] = &[
    "description",
    "productdescription",
    "shortdescription",
    "longdescription",
    "text",
    "body",
    "bodyhtml",
    "summary",
    "details",
    "features",
    "bulletpoints",
    "描述",
    "商品描述",
    "产品描述",
    "详情",
    "商品详情",
    "简介",
];
pub(crate) const CATEGORY: &[&str] = &[
    "labelid",
    "categoryid",
    "category",
    "categorypath",
    "categories",
    "productcategory",
    "googleproductcategory",
    "producttype",
    "categoryname",
    "taxonomy",
    "breadcrumb",
    "breadcrumbs",
    "label",
    "labelpath",
    "类目id",
    "分类id",
    "类目",
    "分类",
    "类目路径",
    "分类路径",
    "商品类目",
    "商品分类",
    "类别",
    "品类",
];
pub(crate) const IMAGE: &[&str] = &[
    "image",
    "imageurl",
    "imagelink",
    "imagesrc",
    "imagepath",
    "mainimage",
    "picture",
    "pictureurl",
    "photo",
    "img",
    "thumbnail",
    "图片",
    "主图",
    "商品图片",
    "图片链接",
];

/// What a catalog's own list of products says of decisions, which are no facts about
/// the products.
const DECISION: &[&str] = &[
    "decision",
    "decisionid",
    "decisioncategory",
    "decisionpath",
    "decisionconfidence",
    "decisionmethod",
];

/// Before the name of an attribute: keys of an object `attributes` get it too.
const OF_ATTRIBUTES: &str = "attributes.";

/// Whether a column of that plain name is no attribute, unless somebody says so. What
/// names the category under another heading would give the answer away if it were kept
/// as a fact about the product.
pub(crate) fn is_no_attribute(plain: &str) -> bool {
    plain.is_empty() || CATEGORY.contains(&plain) || DECISION.contains(&plain)
}

/// The attribute that a column of that name has.
pub(crate) fn attribute(column: &str) -> &str {
    match column.strip_prefix(OF_ATTRIBUTES) {
        Some(name) if !plain(name).is_empty() => name,
        _ => column,
    }
}

/// A name for the column of an attribute by which a [`ProductReader`](crate::ProductReader) knows it
/// again: its own, or `attributes.NAME` where a column of its own name would be taken
/// for something else.
///
/// ```
/// use assort_read::attribute_column;
///
/// assert_eq!(attribute_column("price"), "price");
/// assert_eq!(attribute_column("Category"), "attributes.Category");
/// ```
pub fn attribute_column(name: &str) -> String {
    let simple = plain(name);
    let means_more = [ID, TITLE, TEXT, IMAGE]
        .iter()
        .any(|names| names.contains(&simple.as_str()));
    match means_more || is_no_attribute(&simple) || name.starts_with(OF_ATTRIBUTES) {
        true => format!("{OF_ATTRIBUTES}{name}"),
        false => name.to_owned(),
    }
}

/// A name without case, spaces and punctuation.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}
