//! `assort check`

use std::io::Write;

use assort::Catalog;
use assort::copies::is_copy;

use super::open_for_writing_else_reading;
use crate::args::{Check, Global};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::hints;
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
    if problems.is_empty() {
        let products = catalog.stats()?.products;
        global.say(&format!(
            "all is well: {} verified",
            counted(products, "product", "products")
        ));
        return Ok(Done::Whole);
    }
    let mut sink = render::sink(None)?;
    for problem in &problems {
        writeln!(sink, "{}", hints::told_of_problem(problem, &args.dir))?;
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
    global.say(&if repaired == 0 {
        "no segment is damaged".to_owned()
    } else {
        format!(
            "{} embedded again",
            counted(repaired, "product", "products")
        )
    });
    Ok(())
}
