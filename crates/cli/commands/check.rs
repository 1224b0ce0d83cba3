//! `assort check`

use std::io::Write;

use assort::copies::is_copy;
use assort::{Catalog, Problem};

use super::open_for_writing_else_reading;
use crate::args::{Check, Global};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints::{self, Named};
use crate::progress::Console;
use crate::render;
use crate::text::counted;

pub(crate) fn run(args: &Check, global: &Global) -> Outcome {
    if args.repair {
        repair(args, global)?;
    }
    let (catalog, writable) = open_for_writing_else_reading(&args.dir)?;
    if !writable && !is_copy(&args.dir) {
        global.say("note: the catalog cannot be opened for writing, so the file's checksums are not verified");
    }
    let problems = catalog.check()?;
    let products = || Ok(catalog.stats()?.products);
    print(&problems, products, &Named::of(&args.dir), global)
}

/// Prints what is wrong with a catalog, or tells how many products it has.
pub(crate) fn print(
    problems: &[Problem],
    products: impl FnOnce() -> Result<u64, Failure>,
    named: &Named<'_>,
    global: &Global,
) -> Outcome {
    if problems.is_empty() {
        let products = products()?;
        global.say(&format!(
            "all is well: {} verified",
            counted(products, "product", "products")
        ));
        return Ok(Done::Whole);
    }
    let mut sink = render::sink(None)?;
    for problem in problems {
        writeln!(sink, "{}", hints::told_of_problem(problem, named))?;
    }
    sink.flush()?;
    Err(Failure::Failed(format!(
        "{} found",
        counted(problems.len() as u64, "problem", "problems")
    )))
}

/// Embeds the products of damaged segments again.
fn repair(args: &Check, global: &Global) -> Result<(), Failure> {
    let catalog = embedder::of_catalog(Catalog::open(&args.dir)?, &args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    let repaired = catalog.repair(&mut console)?;
    catalog.wait_until_indexed(&mut console)?;
    console.finish();
    tell_repaired(repaired, global);
    Ok(())
}

/// Tells how many products of damaged segments were embedded again.
pub(crate) fn tell_repaired(repaired: u64, global: &Global) {
    global.say(&if repaired == 0 {
        "no segment is damaged".to_owned()
    } else {
        format!(
            "{} embedded again",
            counted(repaired, "product", "products")
        )
    });
}
