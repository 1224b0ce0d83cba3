//! One file for each command.

pub(crate) mod attributes;
pub(crate) mod audit_labels;
pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod classify;
pub(crate) mod compact;
pub(crate) mod completions;
mod copies;
pub(crate) mod crosswalk;
pub(crate) mod demo;
pub(crate) mod distill;
pub(crate) mod duplicates;
pub(crate) mod embedders;
pub(crate) mod evaluate;
pub(crate) mod facets;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod label;
pub(crate) mod list;
pub(crate) mod pack;
#[cfg(feature = "pictures")]
pub(crate) mod pictures;
pub(crate) mod reembed;
pub(crate) mod remove;
pub(crate) mod replicate;
pub(crate) mod restore;
pub(crate) mod search;
#[cfg(feature = "serve")]
pub(crate) mod serve;
#[cfg(all(feature = "object-store", feature = "serve"))]
mod serve_sharded;
#[cfg(feature = "object-store")]
pub(crate) mod sharded;
pub(crate) mod show;
pub(crate) mod stats;
pub(crate) mod taxonomy;
pub(crate) mod train;
pub(crate) mod tune;

use std::path::Path;

use assort::Catalog;

use crate::args::{EmbedderArgs, Global};
use crate::embedder;
use crate::failure::Failure;
use crate::progress::Console;

/// Opens a catalog for writing, so that what is learned on the way is kept, or
/// for reading where another process or the file system forbids writing. Tells
/// whether it may be written.
fn open_for_writing_else_reading(dir: &Path) -> assort::Result<(Catalog, bool)> {
    match Catalog::open(dir) {
        Err(
            assort::Error::Locked(_) | assort::Error::ReadOnlyCopy(_) | assort::Error::Io { .. },
        ) => Ok((Catalog::open_read_only(dir)?, false)),
        other => Ok((other?, true)),
    }
}

/// Embeds the texts of the categories and learns from the catalog, so that whoever
/// reads it need not. What was done before is safe already, so what goes wrong
/// here is only told, after `safe`.
fn learn(
    catalog: Catalog,
    args: &EmbedderArgs,
    global: &Global,
    console: &mut Console,
    safe: &str,
) {
    let learned = embedder::of_catalog(catalog, args, global)
        .and_then(|catalog| Ok(catalog.prepare(console)?));
    console.finish();
    if let Err(Failure::Failed(message) | Failure::Usage(message) | Failure::Stopped(message)) =
        learned
    {
        console.say(&format!("{safe}: {message}"));
    }
}
