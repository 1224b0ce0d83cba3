//! Names of resources: `catalogs/{catalog}/products/{id}`.

/// The name of a catalog.
pub fn catalog(catalog: &str) -> String {
    format!("catalogs/{catalog}")
}

/// The name of a product, in which `%` and `/` of its id are escaped.
///
/// ```
/// use assort_proto::names::{product, product_id};
///
/// let name = product("shop", "a/b");
/// assert_eq!(name, "catalogs/shop/products/a%2Fb");
/// assert_eq!(product_id(&name), Some(("shop", "a/b".to_owned())));
/// ```
pub fn product(catalog: &str, id: &str) -> String {
    let id = id.replace('%', "%25").replace('/', "%2F");
    format!("catalogs/{catalog}/products/{id}")
}

/// The catalog and the id of the product of a name; none if it is no name of a product.
pub fn product_id(name: &str) -> Option<(&str, String)> {
    let (catalog, after) = name.strip_prefix("catalogs/")?.split_once('/')?;
    let id = decoded(after.strip_prefix("products/")?)?;
    (!catalog.is_empty() && !id.is_empty()).then_some((catalog, id))
}

/// A text with its percent escapes replaced; none if one is broken.
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(part.get(2..)?.as_bytes());
    }
    String::from_utf8(bytes).ok()
}
