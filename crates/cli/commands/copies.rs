//! Where copies are: in folders and in object stores.

use std::path::Path;

use assort::Catalog;
use assort::copies::{CopyOptions, CopyReport, Folder, Source};
#[cfg(feature = "object-store")]
use assort_replica::Objects;

use crate::failure::Failure;
use crate::hints;
use crate::progress::Console;
use crate::text::address;

/// How addresses of object stores begin.
const STORES: [&str; 4] = ["s3://", "gs://", "az://", "file://"];

/// The copy in a folder or an object store.
pub(super) fn source(from: &Path) -> Result<Box<dyn Source>, Failure> {
    match address(from) {
        Some(url) => objects(url),
        None => Ok(Box::new(Folder::new(from))),
    }
}

/// Refuses an address that no object store has.
pub(super) fn check(url: &str) -> Result<(), Failure> {
    match STORES.iter().any(|begin| url.starts_with(begin)) {
        true => Ok(()),
        false => Err(Failure::Usage(hints::copies::no_place_of_copies(url))),
    }
}

#[cfg(feature = "object-store")]
fn objects(url: &str) -> Result<Box<dyn Source>, Failure> {
    check(url)?;
    Ok(Box::new(Objects::open(url)?))
}

#[cfg(not(feature = "object-store"))]
fn objects(url: &str) -> Result<Box<dyn Source>, Failure> {
    check(url)?;
    Err(Failure::Usage(hints::needs_the_feature(
        url,
        "object-store",
    )))
}

/// Copies a catalog to an object store.
#[cfg(feature = "object-store")]
pub(super) fn send(
    catalog: &Catalog,
    url: &str,
    options: CopyOptions,
    console: &mut Console,
) -> Result<CopyReport, Failure> {
    check(url)?;
    Ok(Objects::open(url)?.backup(catalog, options, console)?)
}

#[cfg(not(feature = "object-store"))]
pub(super) fn send(
    _: &Catalog,
    url: &str,
    _: CopyOptions,
    _: &mut Console,
) -> Result<CopyReport, Failure> {
    objects(url).map(|_| CopyReport::default())
}
