//! What to do about packs.

use std::path::Path;

use assort::Error;

use super::joined;

/// What a student does in a pack that it does not in its catalog.
pub(crate) const STUDENT: &str = "texts that the student hardly knows are embedded by it in the pack, where the catalog asks its teacher";

/// Why a pack cannot be opened, with what to do about it.
pub(crate) fn told(error: &Error) -> String {
    let made = "name the directory of a catalog, or make a pack with `assort pack DIR`";
    joined(error.to_string(), Some(made.to_owned()))
}

/// A pack was to keep decisions.
pub(crate) fn keeps_nothing() -> String {
    "--apply keeps decisions in a catalog, and a pack never changes; leave it out, or name the catalog's directory".to_owned()
}

/// A pack was to file its own products.
pub(crate) fn has_no_products(pack: &Path) -> String {
    format!(
        "a pack has no products of its own to file; name a file of products, or a title: `assort classify {} --text TITLE`",
        pack.display()
    )
}
