//! What to do about sharded catalogs.

#[cfg(feature = "serve")]
use std::path::Path;

/// A sharded catalog without a version.
pub(crate) fn no_version(url: &str) -> String {
    format!(
        "{url} has no version of a sharded catalog yet; a job commits one at its end, as `df.write.format(\"assort\")` does"
    )
}

/// A sharded catalog was to be served, and there is no folder for it.
#[cfg(feature = "serve")]
pub(crate) fn needs_a_cache(url: &str) -> String {
    format!(
        "{url} is kept on this machine while it is served; name a folder for it with --cache DIR"
    )
}

/// Another process serves from the same folder.
#[cfg(feature = "serve")]
pub(crate) fn cache_in_use(folder: &Path) -> String {
    format!(
        "{} is in use by another server; name another folder with --cache DIR, or stop that server",
        folder.display()
    )
}
