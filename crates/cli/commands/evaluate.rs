//! `assort evaluate`

use std::path::Path;
use std::time::Instant;

use assort::{Catalog, CrossValidateOptions, EvaluateOptions, Evaluation};

use super::open_for_writing_else_reading;
use crate::args::{Evaluate, EvaluationFormat, Global};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::files::Files;
use crate::hints;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::render::{self, Evaluated, HtmlReport};
use crate::text::counted;

pub(crate) fn run(args: Evaluate, global: &Global) -> Outcome {
    if let Some(report) = &args.report {
        can_be_written(report)?;
    }
    // Cross-validation takes long and keeps nothing: others may write meanwhile.
    let catalog = match args.file {
        Some(_) => open_for_writing_else_reading(&args.dir)?.0,
        None => Catalog::open_read_only(&args.dir)?,
    };
    let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
    #[cfg(feature = "pictures")]
    let catalog = embedder::with_pictures(catalog, &args.place, global)?;
    let mut console = Console::new(global.quiet);
    let (evaluation, judged, seconds) = evaluation(&catalog, &args, &mut console)?;
    let taxonomy = catalog.taxonomy()?;
    let evaluated = Evaluated {
        evaluation: &evaluation,
        taxonomy: &taxonomy,
        seconds,
        listed: args.confusions,
    };
    if let Some(path) = &args.report {
        let report = HtmlReport {
            evaluated: &evaluated,
            catalog: &args.dir,
            judged: &judged,
        };
        let page = report.page();
        assort_files::save(&assort_files::Disk, path, page.as_bytes())
            .map_err(|error| Failure::Failed(error.to_string()))?;
        console.say(&format!("the report is in {}", path.display()));
    }
    let mut sink = render::sink(None)?;
    match args.format {
        EvaluationFormat::Json => evaluated.json(&mut sink)?,
        EvaluationFormat::Csv => evaluated.csv(&mut sink)?,
        EvaluationFormat::Table => evaluated.table(&mut sink)?,
    }
    sink.flush()?;
    if let Some(told) = evaluation
        .pictures
        .as_ref()
        .and_then(hints::pictures::use_of)
    {
        console.say(&told);
    }
    if evaluation.rejected > 0 {
        console.say(&format!(
            "{} left out; the figures are of the others",
            counted(evaluation.rejected, "row was", "rows were")
        ));
        return Ok(Done::WithRejects);
    }
    Ok(Done::Whole)
}

/// The evaluation, what was judged, and the seconds it took.
fn evaluation(
    catalog: &Catalog,
    args: &Evaluate,
    console: &mut Console,
) -> Result<(Evaluation, String, f64), Failure> {
    let classify = args.deciding.options().with_top(1).with_explain(false);
    let options = EvaluateOptions::from(classify)
        .with_compare(args.compare)
        .with_seed(args.seed);
    let Some(file) = &args.file else {
        return cross_validation(catalog, args, options, console);
    };
    let encoding = args.columns.encoding.as_deref();
    let mapping = args.columns.mapping(&args.text_columns);
    let mapping = mapping.with_taxonomy(catalog.taxonomy()?);
    let files = Files::open(std::slice::from_ref(file), encoding, &mapping)?;
    files.guesses.iter().for_each(|guess| console.say(guess));
    catalog.prepare(console)?;
    let default = catalog.directory().join("rejects-evaluate.csv");
    let rejects = Rejects::listed(args.rejects.as_deref(), default, files.name());
    console.rejects = Some(rejects);
    let begun = Instant::now();
    let evaluation = catalog.evaluate(files, &options, console);
    console.finish();
    console.finish_rejects()?;
    let judged = match file.as_str() {
        "-" => "standard input".to_owned(),
        file => {
            let name = Path::new(file).file_name();
            name.map_or(file.into(), |name| name.to_string_lossy().into_owned())
        }
    };
    Ok((evaluation?, judged, begun.elapsed().as_secs_f64()))
}

fn cross_validation(
    catalog: &Catalog,
    args: &Evaluate,
    options: EvaluateOptions,
    console: &mut Console,
) -> Result<(Evaluation, String, f64), Failure> {
    let folds = args.folds.unwrap_or_default();
    let options = CrossValidateOptions::default()
        .with_folds(folds)
        .with_learning_curve(args.learning_curve)
        .with_evaluate(options);
    let begun = Instant::now();
    let evaluation = catalog.cross_validate(&options, console);
    console.finish();
    let evaluation = match evaluation {
        Err(error @ assort::Error::Argument(_)) => {
            return Err(Failure::Usage(hints::folds_do_not_fit(&error)));
        }
        other => other?,
    };
    let judged = format!("the catalog's own labels, divided into {folds} parts");
    Ok((evaluation, judged, begun.elapsed().as_secs_f64()))
}

/// Finds mistakes in the name of a report before the work is done.
fn can_be_written(report: &Path) -> Result<(), Failure> {
    let parent = report
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let what = if report == Path::new("-") {
        "standard output has the figures"
    } else if report.is_dir() {
        "that is a directory"
    } else if parent.is_some_and(|parent| !parent.is_dir()) {
        "there is no such directory"
    } else {
        return Ok(());
    };
    let report = report.display();
    Err(Failure::Usage(format!(
        "the report cannot be written to {report}: {what}; choose another file"
    )))
}
