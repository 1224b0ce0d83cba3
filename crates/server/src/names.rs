//! Names of resources in requests, checked.

pub(crate) use assort_proto::names::product as of_product;
use assort_proto::names::product_id;
use tonic::Status;

use crate::reason::Refusal;

/// Whether a catalog, or a backup, may have this name: it stands in paths.
pub(crate) fn is_catalog(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 128 && name.chars().all(plain) && !name.starts_with('.')
}

/// The catalog that `catalogs/{catalog}` names, with what follows it.
fn split<'n>(field: &str, name: &'n str, form: &str) -> Result<(&'n str, &'n str), Status> {
    let after = name.strip_prefix("catalogs/");
    let parts = after.map(|after| after.split_once('/').unwrap_or((after, "")));
    parts
        .filter(|(catalog, _)| !catalog.is_empty())
        .ok_or_else(|| wrong(field, name, form))
}

fn wrong(field: &str, name: &str, form: &str) -> Status {
    let what = format!("`{field}` is `{name}`, and should be of the form `{form}`");
    Refusal::of_field(field, what).status()
}

/// The catalog of `catalogs/{catalog}`.
pub(crate) fn catalog<'n>(field: &str, name: &'n str) -> Result<&'n str, Status> {
    let form = "catalogs/{catalog}";
    match split(field, name, form)? {
        (catalog, "") => Ok(catalog),
        _ => Err(wrong(field, name, form)),
    }
}

/// The catalog of a resource that each catalog has one of, `catalogs/{catalog}/{part}`.
pub(crate) fn part<'n>(field: &str, name: &'n str, part: &str) -> Result<&'n str, Status> {
    let form = format!("catalogs/{{catalog}}/{part}");
    match split(field, name, &form)? {
        (catalog, after) if after == part => Ok(catalog),
        _ => Err(wrong(field, name, &form)),
    }
}

/// The catalog and the id of a snapshot.
pub(crate) fn snapshot<'n>(field: &str, name: &'n str) -> Result<(&'n str, &'n str), Status> {
    let form = "catalogs/{catalog}/snapshots/{snapshot}";
    let (catalog, after) = split(field, name, form)?;
    let id = after.strip_prefix("snapshots/");
    let id = id.filter(|id| !id.is_empty() && !id.contains('/'));
    id.map(|id| (catalog, id))
        .ok_or_else(|| wrong(field, name, form))
}

/// The catalog and the id of a product.
pub(crate) fn product<'n>(field: &str, name: &'n str) -> Result<(&'n str, String), Status> {
    let form = "catalogs/{catalog}/products/{id}";
    product_id(name).ok_or_else(|| wrong(field, name, form))
}

/// The id of a product that must be of a catalog.
pub(crate) fn product_of(field: &str, name: &str, catalog: &str) -> Result<String, Status> {
    match product(field, name)? {
        (of, id) if of == catalog => Ok(id),
        _ => {
            let what = format!("`{field}` names `{name}`, which is not of `catalogs/{catalog}`");
            Err(Refusal::of_field(field, what).status())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_told_from_its_name_again() {
        for id in ["4711", "a/b", "100%", "%2F", "ü ä?#", "a/../b", "/"] {
            let name = of_product("shop", id);
            assert_eq!(name.matches('/').count(), 3, "{name}");
            let (catalog, again) = product("name", &name).unwrap();
            assert_eq!((catalog, again.as_str()), ("shop", id));
        }
        // A slash may stand as it is.
        assert_eq!(
            product("name", "catalogs/shop/products/a/b").unwrap().1,
            "a/b"
        );
    }

    #[test]
    fn a_wrong_name_is_refused_with_the_form_it_should_have() {
        for name in [
            "",
            "shop",
            "catalogs/",
            "catalogs/shop",
            "catalogs/shop/products/",
            "catalogs/shop/products/%zz",
        ] {
            let status = product("name", name).unwrap_err();
            assert!(
                status
                    .message()
                    .contains("catalogs/{catalog}/products/{id}"),
                "{name}"
            );
        }
        assert!(catalog("parent", "catalogs/shop/products").is_err());
        assert!(part("name", "catalogs/shop/stats", "taxonomy").is_err());
        assert!(product_of("like", "catalogs/other/products/1", "shop").is_err());
    }

    #[test]
    fn names_of_catalogs_are_plain() {
        for (name, plain) in [
            ("shop", true),
            ("shop-2.de_x", true),
            ("", false),
            ("a/b", false),
            (".", false),
            ("a b", false),
        ] {
            assert_eq!(is_catalog(name), plain, "{name}");
        }
    }
}
