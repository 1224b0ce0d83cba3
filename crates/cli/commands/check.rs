//! `assort check`

use std::io::Write;

use super::open_for_writing_else_reading;
use crate::args::{Directory, Global};
use crate::failure::{Done, Failure, Outcome};
use crate::output;
use crate::text::counted;

pub(crate) fn run(args: &Directory, global: &Global) -> Outcome {
    let (mut catalog, writable) = open_for_writing_else_reading(&args.dir)?;
    if !writable {
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
    let mut sink = output::sink(None)?;
    for problem in &problems {
        writeln!(sink, "{}: {}", problem.what, problem.mend)?;
    }
    sink.flush()?;
    Err(Failure::Failed(format!(
        "{} found",
        counted(problems.len() as u64, "problem", "problems")
    )))
}
