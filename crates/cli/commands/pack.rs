//! `assort pack`, and `assort classify` by a pack.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort::core::{Decision, Product, Taxonomy, UnknownTexts};
use assort::{ClassifyOptions, Error, Pack};

use super::classify::{Filing, look, reads_vectors, refuse_own_output, run_by};
use super::open_for_writing_else_reading;
use crate::args::{Classify, Global, Pack as PackArgs};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::files::CurrentName;
use crate::hints::packs;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::text::{bytes, counted};

pub(crate) fn run(args: &PackArgs, global: &Global) -> Outcome {
    let (catalog, _) = open_for_writing_else_reading(&args.dir)?;
    let catalog = embedder::of_catalog(catalog, &args.embedder, global)?;
    let mut console = Console::new(global.quiet);
    let output = match &args.output {
        Some(output) => output.clone(),
        None => usual_output(&args.dir)?,
    };
    let report = catalog.pack(&output, &mut console)?;
    console.finish();
    let student = match report.has_student {
        true => ", the student that embeds",
        false => "",
    };
    global.say(&format!(
        "{}, {}: {}, {}, {}{student}; digest {:032x}",
        output.display(),
        bytes(report.size),
        counted(report.categories as u64, "category", "categories"),
        counted(report.labels as u64, "label", "labels"),
        counted(report.heads as u64, "head", "heads"),
        report.digest
    ));
    if report.has_student {
        global.say(packs::STUDENT);
    }
    Ok(Done::Whole)
}

/// The catalog's name with an ending, beside it.
fn usual_output(dir: &Path) -> Result<PathBuf, Failure> {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let name = whole.file_name().ok_or_else(|| {
        Failure::Usage("the catalog's directory has no name; name a file with -o".to_owned())
    })?;
    let mut name = name.to_owned();
    name.push(".pack");
    Ok(whole.parent().unwrap_or_else(|| Path::new(".")).join(name))
}

/// A pack that files.
struct Packed {
    pack: Pack,
    options: ClassifyOptions,
}

pub(crate) fn classify(args: &Classify, global: &Global) -> Outcome {
    refuse_own_output(args)?;
    if args.apply {
        return Err(Failure::Usage(packs::keeps_nothing()));
    }
    let options = args
        .deciding
        .options()
        .with_top(args.shown())
        .with_explain(args.explain);
    let pack = Pack::open(&args.dir).map_err(|error| match error {
        error @ Error::Pack { .. } => Failure::of(error.kind(), packs::told(&error)),
        error => error.into(),
    })?;
    let pack = match args.explain || reads_vectors(options.method) {
        true => embedder::of_pack(pack, &args.embedder, global)?,
        false => pack,
    };
    let mut console = Console::new(global.quiet);
    run_by(&Packed { pack, options }, args, &mut console)
}

impl Filing for Packed {
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure> {
        Ok(Arc::clone(self.pack.taxonomy()))
    }

    fn group(&self) -> Result<usize, Failure> {
        Ok(self.pack.classify_batch(&self.options)?)
    }

    fn file(&self, products: &[Product]) -> Result<Vec<Decision>, Failure> {
        Ok(self.pack.classify(products, &self.options)?)
    }

    fn keep(&self, _: &[Product], _: &[Decision]) -> Result<usize, Failure> {
        Err(Failure::Usage(packs::keeps_nothing()))
    }

    fn unlabelled(&self) -> Result<Vec<String>, Failure> {
        let told = packs::has_no_products(self.pack.path());
        Err(Failure::Usage(told))
    }

    fn judge(&self, _: &[String]) -> Result<(Vec<Product>, Vec<Decision>), Failure> {
        self.unlabelled().map(|_| Default::default())
    }

    fn look(&self, products: &[Product], unknown: &mut UnknownTexts) -> Result<(), Failure> {
        if reads_vectors(self.options.method) {
            look(self.pack.embedder()?.as_ref(), products, unknown);
        }
        Ok(())
    }

    fn pack(&self) -> Option<String> {
        Some(format!("{:032x}", self.pack.digest()))
    }

    fn rejects(&self, named: Option<&Path>, name: CurrentName) -> Rejects {
        Rejects::listed_or_shown(named, name)
    }
}
