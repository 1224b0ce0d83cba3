//! What to do about places of copies.

/// An address at which no copy can be.
pub(crate) fn no_place_of_copies(url: &str) -> String {
    format!(
        "{url}: copies are in folders and in object stores, which are named as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, \
         az://CONTAINER/PREFIX or file:///FOLDER; `assort replicate` copies the catalogs of servers, too"
    )
}
