//! `assort reembed`

use assort::Catalog;

use crate::args::{Global, Reembed};
use crate::commands::distill;
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::progress::Console;
use crate::text::count;

pub(crate) fn run(args: Reembed, global: &Global) -> Outcome {
    if args.distilled {
        return to_student(&args, global);
    }
    if args.embedder.embedder.is_none() {
        return Err(Failure::Usage(
            "name the embedder to move to with --embedder; `assort embedders` lists them"
                .to_owned(),
        ));
    }
    let catalog = Catalog::open(&args.dir)?;
    let opened = embedder::open(&args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    console.say(&format!(
        "moving from {} to {}",
        catalog.space()?,
        opened.embedder.space()
    ));
    let report = catalog.reembed(opened.embedder, &opened.spec, &mut console);
    console.finish();
    let report = report?;
    if report.stopped {
        return Err(Failure::Stopped(
            "stopped; the catalog is still in its old space, and the same command goes on from here".to_owned(),
        ));
    }
    catalog.wait_until_indexed(&mut console)?;
    catalog.prepare(&mut console)?;
    console.finish();
    let embedded = count(report.embedded);
    console.say(&format!(
        "{} products moved, {embedded} of them embedded now",
        count(report.products)
    ));
    Ok(Done::Whole)
}

fn to_student(args: &Reembed, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let none_waits = || {
        let dir = args.dir.display();
        Failure::Usage(format!(
            "no student waits in {dir}; `assort distill {dir}` makes one and moves to it"
        ))
    };
    if catalog.waiting_student()?.is_none() {
        return Err(none_waits());
    }
    let teacher = embedder::teacher(&catalog, &args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    let adoption = catalog.adopt_waiting_student(&teacher, &mut console);
    console.finish();
    distill::tell(&adoption?.ok_or_else(none_waits)?, &catalog, &console)?;
    Ok(Done::Whole)
}
