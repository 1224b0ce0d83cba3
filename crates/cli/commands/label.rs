//! `assort label`

use std::sync::Arc;

use assort::core::Taxonomy;
use assort::read::{Mapping, Quoting};
use assort::{Catalog, LabelOptions, LabelReport};

use super::learn;
use crate::args::{Global, Label};
use crate::failure::{Done, Failure, Outcome};
use crate::files::Files;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::text::{count, counted};

pub(crate) fn run(args: Label, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let (files, mut console) = begin(&args, global, catalog.taxonomy()?)?;
    let default = catalog.directory().join("rejects-label.csv");
    let rejects = Rejects::listed(args.rejects.as_deref(), default, files.name());
    console.rejects = Some(rejects);
    let options = LabelOptions::default()
        .with_clear(args.clear)
        .with_strict(args.strict);
    let report = catalog.label(files, options, &mut console);
    let (report, done) = end(report.map_err(Into::into), &args, &mut console)?;
    if report.changed > 0 {
        let safe = "the labels are stored; the next classify learns from them";
        learn(catalog, &args.embedder, global, &mut console, safe);
    }
    Ok(done)
}

/// Opens the file of labels.
pub(crate) fn begin(
    args: &Label,
    global: &Global,
    taxonomy: Arc<Taxonomy>,
) -> Result<(Files, Console), Failure> {
    let mapping = Mapping::default()
        .with_id(args.id.clone())
        .with_category(args.category.clone())
        .with_taxonomy(taxonomy)
        .with_quoting(Quoting::Auto)
        .with_require_title(false);
    let files = Files::open(
        std::slice::from_ref(&args.file),
        args.encoding.as_deref(),
        &mapping,
    )?;
    let console = Console::new(global.quiet);
    files.guesses.iter().for_each(|guess| console.say(guess));
    Ok((files, console))
}

/// Tells what labelling did.
pub(crate) fn end(
    report: Result<LabelReport, Failure>,
    args: &Label,
    console: &mut Console,
) -> Result<(LabelReport, Done), Failure> {
    console.finish();
    console.finish_rejects()?;
    let report = report?;
    let done = format!(
        "{}: {} {}, {} unchanged, {} rejected",
        counted(report.rows, "row", "rows"),
        counted(report.changed, "label", "labels"),
        if args.clear { "cleared" } else { "set" },
        count(report.unchanged),
        count(report.rejected),
    );
    console.say(&done);
    if args.strict && report.rejected > 0 {
        return Err(Failure::Failed(
            "nothing was labelled because of --strict".to_owned(),
        ));
    }
    let done = match report.rejected {
        0 => Done::Whole,
        _ => Done::WithRejects,
    };
    Ok((report, done))
}
