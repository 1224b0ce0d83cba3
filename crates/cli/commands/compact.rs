//! `assort compact`

use assort::Catalog;

use crate::args::{Directory, Global};
use crate::failure::{Done, Outcome};
use crate::progress::Console;
use crate::text::bytes;

pub(crate) fn run(args: &Directory, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let mut console = Console::new(global.quiet);
    let saved = catalog.compact(&mut console)?;
    console.finish();
    tell(saved, catalog.stats()?.bytes, global);
    Ok(Done::Whole)
}

/// Tells how many bytes were given back, and how many are left.
pub(crate) fn tell(saved: u64, left: u64, global: &Global) {
    global.say(&format!(
        "{} given back, {} left",
        bytes(saved),
        bytes(left)
    ));
}
