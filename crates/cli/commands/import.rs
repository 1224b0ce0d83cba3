//! `assort import`

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use assort::core::Taxonomy;
use assort::{Adoption, Catalog, ImportOptions, ImportReport};
use tempfile::NamedTempFile;

use crate::args::{Global, Import};
use crate::commands::distill;
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::files::Files;
use crate::hints;
use crate::notes;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::text::{count, counted};

pub(crate) fn run(args: Import, global: &Global) -> Outcome {
    let catalog = Catalog::open(&args.dir)?;
    let kept = if args.strict || args.fast {
        keep(&args.files)?
    } else {
        None
    };
    let kept = kept.as_ref().map(NamedTempFile::path);
    if !args.dry_run {
        catalog.set_attribute_kinds(args.columns.attribute_kinds())?;
    }
    let mut console = Console::new(global.quiet);
    let catalog = if args.fast {
        let moved = with_student(catalog, &args, kept, global, &mut console);
        if moved.is_err() {
            console.finish();
        }
        moved?
    } else {
        embedder::of_catalog(catalog, &args.embedder, global)?
    };
    let outcome = import(&args, kept, &catalog, &mut console);
    console.finish();
    outcome
}

fn import(args: &Import, kept: Option<&Path>, catalog: &Catalog, console: &mut Console) -> Outcome {
    if args.strict && !args.dry_run {
        let (report, _) = pass(args, kept, catalog, true, console)?;
        refuse_rejects(&report)?;
    }
    let (report, categories) = pass(args, kept, catalog, args.dry_run, console)?;
    let changed = report.added + report.updated + report.labelled + report.pruned > 0;
    if !args.dry_run && !report.stopped {
        catalog.wait_until_indexed(console)?;
    }
    if changed && !args.dry_run && !report.stopped {
        catalog.prepare(console)?;
    }
    console.finish();
    summarize(args, console, &report, &categories);
    ended(&report)
}

/// How an import ends that did that.
pub(crate) fn ended(report: &ImportReport) -> Outcome {
    if report.stopped {
        return Err(Failure::Stopped(
            "stopped; everything counted as stored is safe, and the same command goes on from here"
                .to_owned(),
        ));
    }
    Ok(if report.rejected > 0 {
        Done::WithRejects
    } else {
        Done::Whole
    })
}

/// Teaches a student on what is to be imported, and gives it the catalog.
fn with_student(
    catalog: Catalog,
    args: &Import,
    kept: Option<&Path>,
    global: &Global,
    console: &mut Console,
) -> Result<Catalog, Failure> {
    if catalog.stats()?.products > 0 {
        return Err(Failure::Usage(hints::fast_is_too_late(&args.dir)));
    }
    let teacher = embedder::teacher(&catalog, &args.embedder, global)?;
    let files = open_files(args, kept, catalog.taxonomy()?)?;
    let start = embedder::start(&args.teaching, console)?;
    let options = args.teaching.options().with_start(start);
    console.whole(options.sample);
    let outcome = catalog.distill_rows_and_adopt(files, &teacher, &options, console)?;
    let report = &outcome.made.report;
    if outcome.adoption == Adoption::BelowQuality {
        return Err(distill::not_good_enough(report, options.min_quality));
    }
    console.say(&format!(
        "the student's vectors have a mean cosine of {:.3} with the teacher's, on {} held-out texts",
        report.cosine,
        count(report.held_out)
    ));
    distill::tell(&outcome.adoption, &catalog, console)?;
    Ok(catalog)
}

pub(crate) fn open_files(
    args: &Import,
    kept: Option<&Path>,
    taxonomy: Arc<Taxonomy>,
) -> Result<Files, Failure> {
    let mapping = args.columns.mapping(&args.text_columns);
    let mapping = mapping.with_taxonomy(taxonomy);
    Files::open_kept(
        &args.files,
        kept,
        args.columns.encoding.as_deref(),
        &mapping.with_updates(args.update),
    )
    .map_err(|error| Failure::of(error.kind(), hints::told_of_import(&error)))
}

/// Reads all files once; gives the columns of categories, too.
fn pass(
    args: &Import,
    kept: Option<&Path>,
    catalog: &Catalog,
    dry_run: bool,
    console: &mut Console,
) -> Result<(ImportReport, Vec<String>), Failure> {
    let files = open_files(args, kept, catalog.taxonomy()?)?;
    let (notes, categories) = (files.notes(), files.categories.clone());
    if dry_run || !args.strict {
        files.guesses.iter().for_each(|guess| console.say(guess));
    }
    console.rejects = Some(if args.dry_run && args.rejects.is_none() {
        Rejects::shown(files.name())
    } else {
        let default = catalog.directory().join("rejects.csv");
        Rejects::listed(args.rejects.as_deref(), default, files.name())
    });
    let options = ImportOptions::default()
        .with_dry_run(dry_run)
        .with_prune(args.prune)
        .with_only_known_categories(args.strict);
    let done = files.done();
    let report = catalog.import(files, &options, &done, console);
    console.finish_rejects()?;
    if dry_run == args.dry_run {
        notes().iter().for_each(|note| console.say(note));
    }
    Ok((report?, categories))
}

/// Tells what an import did; `categories` are the columns that categories stood in.
pub(crate) fn summarize(
    args: &Import,
    console: &Console,
    report: &ImportReport,
    categories: &[String],
) {
    let would = if args.dry_run { "would be " } else { "" };
    let mut parts = vec![
        format!("{} {would}added", count(report.added)),
        format!("{} {would}updated", count(report.updated)),
        format!("{} unchanged", count(report.unchanged)),
    ];
    let mut also = |number: u64, what: &str| {
        if number > 0 {
            parts.push(format!("{} {what}", count(number)));
        }
    };
    let labels = if report.labelled == 1 {
        "label"
    } else {
        "labels"
    };
    also(report.labelled, &format!("{labels} {would}set"));
    also(report.duplicates, "with the content of another one");
    also(report.pruned, &format!("{would}removed"));
    also(report.rejected, "rejected");
    console.say(&format!(
        "{}: {}",
        counted(report.rows, "row", "rows"),
        parts.join(", ")
    ));
    if let Some(told) = notes::of_categories(&report.foreign, categories) {
        console.say(&told);
    }
    if let Some(told) = notes::of_kinds(&report.kinds, &args.dir) {
        console.say(&told);
    }
    if let Some(told) = hints::unknown_products(&report.unknown, &args.dir) {
        console.say(&told);
    }
    if args.prune && (report.without_id > 0 || report.stopped) {
        console.say("nothing was pruned, because ids could not be read or the import was stopped");
    }
}

/// Fails if rows were rejected, because of `--strict`.
pub(crate) fn refuse_rejects(report: &ImportReport) -> Result<(), Failure> {
    let verb = match report.rejected {
        0 => return Ok(()),
        1 => "is",
        _ => "are",
    };
    let rows = counted(report.rejected, "row", "rows");
    Err(Failure::Failed(format!(
        "{rows} {verb} bad; nothing was imported because of --strict"
    )))
}

/// Copies standard input to a file, because it is read twice.
pub(crate) fn keep(files: &[String]) -> Result<Option<NamedTempFile>, Failure> {
    if !files.iter().any(|file| file == "-") {
        return Ok(None);
    }
    let failed = |error: std::io::Error| {
        Failure::Failed(format!(
            "standard input could not be kept to be read twice: {error}; free space in the temporary directory"
        ))
    };
    let mut kept = NamedTempFile::new().map_err(failed)?;
    std::io::copy(&mut std::io::stdin().lock(), &mut kept).map_err(failed)?;
    kept.flush().map_err(failed)?;
    Ok(Some(kept))
}
