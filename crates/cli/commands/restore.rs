//! `assort restore`

use assort::copies::restore;

use super::backup::told;
use super::copies::source;
#[cfg(feature = "object-store")]
use super::sharded;
use crate::args::{Global, Restore};
use crate::failure::{Done, Outcome};
use crate::progress::Console;
#[cfg(feature = "object-store")]
use crate::text::address;

pub(crate) fn run(args: &Restore, global: &Global) -> Outcome {
    #[cfg(feature = "object-store")]
    if let Some(url) = address(&args.from)
        && sharded::restore(url, &args.dir, global)?
    {
        return Ok(Done::Whole);
    }
    let mut from = source(&args.from)?;
    let mut console = Console::new(global.quiet);
    let report = restore(from.as_mut(), &args.dir, &mut console)?;
    console.finish();
    global.say(&told(&report));
    Ok(Done::Whole)
}
