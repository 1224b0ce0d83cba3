//! `assort pictures`

use std::rc::Rc;

use assort::Catalog;
use assort_embed::assumed_preparation;

use crate::args::{Global, Pictures};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::files::CurrentName;
use crate::hints;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::text::{count, counted};

pub(crate) fn run(args: &Pictures, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let source = embedder::pictures(&args.place)?;
    let stored = embedder::of_pictures(&catalog, args.embedder.as_deref())?;
    let embedder = embedder::open_for_pictures(&stored, catalog.directory(), global)?;
    let mut console = Console::new(global.quiet);
    console.say(&format!("pictures are embedded by {}", embedder.space()));
    if let Some(preparation) = assumed_preparation(&stored.spec)? {
        console.say(&hints::pictures::preparation_is_assumed(&preparation));
    }
    let name = CurrentName::default();
    name.set(Some(Rc::from("products")));
    let default = catalog.directory().join("pictures-rejects.csv");
    console.rejects = Some(Rejects::listed(args.rejects.as_deref(), default, name));
    let report = catalog.embed_pictures(embedder, &stored.to_string(), &source, &mut console);
    console.finish_rejects()?;
    console.finish();
    let report = report?;
    let mut parts = vec![
        format!("{} embedded", count(report.embedded)),
        format!("{} unchanged", count(report.unchanged)),
    ];
    for (number, what) in [
        (report.without, "without a picture"),
        (report.rejected, "rejected"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    }
    let products = counted(report.products, "product", "products");
    console.say(&format!("{products}: {}", parts.join(", ")));
    if report.stopped {
        return Err(Failure::Stopped(
            "stopped; every picture counted as embedded is kept, and the same command goes on from here"
                .to_owned(),
        ));
    }
    catalog.wait_until_indexed(&mut console)?;
    catalog.prepare(&mut console)?;
    console.finish();
    Ok(match report.rejected {
        0 => Done::Whole,
        _ => Done::WithRejects,
    })
}
