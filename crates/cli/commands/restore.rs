//! `assort restore`

use assort::copies::{Folder, restore};

use super::backup::told;
use crate::args::{Global, Restore};
use crate::failure::{Done, Outcome};
use crate::progress::Console;

pub(crate) fn run(args: &Restore, global: &Global) -> Outcome {
    let mut console = Console::new(global.quiet);
    let report = restore(&mut Folder::new(&args.from), &args.dir, &mut console)?;
    console.finish();
    global.say(&told(&report));
    Ok(Done::Whole)
}
