//! Sharded catalogs: `assort gc`, and what `serve` and `restore` need of them.

use std::path::Path;

use assort_replica::sharded::Sharded;

use super::copies::check;
use crate::args::{Gc, Global};
use crate::failure::{Done, Failure, Outcome};
use crate::hints::sharded::no_version;
use crate::progress::Console;
use crate::text::{bytes, count, counted};

pub(crate) fn gc(args: &Gc, global: &Global) -> Outcome {
    let sharded = open(&args.catalog)?;
    let report = sharded.gc(args.keep.get(), args.older_than)?;
    if report.objects == 0 && sharded.versions()?.is_empty() {
        return Err(Failure::Failed(no_version(&args.catalog)));
    }
    global.say(&format!(
        "removed {}, {} and {} objects ({})",
        counted(report.versions as u64, "version", "versions"),
        counted(report.shards as u64, "shard", "shards"),
        count(report.objects as u64),
        bytes(report.bytes)
    ));
    Ok(Done::Whole)
}

/// The sharded catalog at an address.
pub(super) fn open(url: &str) -> Result<Sharded, Failure> {
    check(url)?;
    Ok(Sharded::open(url)?)
}

/// Makes one catalog of the last version at an address; false if there is none.
pub(super) fn restore(url: &str, dir: &Path, global: &Global) -> Result<bool, Failure> {
    let sharded = open(url)?;
    let Some(version) = sharded.last()? else {
        return Ok(false);
    };
    let mut console = Console::new(global.quiet);
    let cache = dir.with_added_extension("shards");
    let report = sharded.assemble(&version, &cache, dir, &mut console)?;
    console.finish();
    // They are in the catalog.
    let _ = std::fs::remove_dir_all(&cache);
    global.say(&format!(
        "version {}: {} of {}",
        count(version.number),
        counted(report.products, "product", "products"),
        counted(version.shards.len() as u64, "shard", "shards"),
    ));
    if report.replaced > 0 {
        global.say(&format!(
            "{} gave way to others of the same id in later shards",
            counted(report.replaced, "product", "products")
        ));
    }
    Ok(true)
}
