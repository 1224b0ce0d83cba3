//! `assort restore`

use assort::copies::restore;

use super::backup::told;
use super::copies::source;
use crate::args::{Global, Restore};
use crate::failure::{Done, Outcome};
use crate::progress::Console;

pub(crate) fn run(args: &Restore, global: &Global) -> Outcome {
    let mut from = source(&args.from)?;
    let mut console = Console::new(global.quiet);
    let report = restore(from.as_mut(), &args.dir, &mut console)?;
    console.finish();
    global.say(&told(&report));
    Ok(Done::Whole)
}
