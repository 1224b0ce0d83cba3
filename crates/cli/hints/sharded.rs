//! What to do about places in object stores, and the sharded catalogs there.

/// An address at which no copy can be.
pub(crate) fn no_place_of_copies(url: &str) -> String {
    format!(
        "{url}: copies are in folders and in object stores, which are named as s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, \
         az://CONTAINER/PREFIX or file:///FOLDER; `assort replicate` copies the catalogs of servers, too"
    )
}

/// A sharded catalog without a version.
pub(crate) fn no_version(url: &str) -> String {
    format!(
        "{url} has no version of a sharded catalog yet; a job commits one at its end, as `df.write.format(\"assort\")` does"
    )
}

/// A sharded catalog was to be served, and there is no folder for it.
pub(crate) fn needs_a_cache(url: &str) -> String {
    format!(
        "{url} is kept on this machine while it is served; name a folder for it with --cache DIR"
    )
}

/// Another process serves from the same folder.
pub(crate) fn cache_in_use(folder: &std::path::Path) -> String {
    format!(
        "{} is in use by another server; name another folder with --cache DIR, or stop that server",
        folder.display()
    )
}
