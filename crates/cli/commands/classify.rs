//! `assort classify`

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use assort::core::{
    Decision, Embedder, Method, Product, Taxonomy, TextInput, UnknownTexts, clean, sources,
};
use assort::{Catalog, ClassifyOptions, Observer};
use rayon::prelude::*;

use super::open_for_writing_else_reading;
use crate::args::{Classify, Global};
use crate::embedder;
use crate::failure::{Done, Failure, Outcome};
use crate::files::{CurrentName, Files};
use crate::hints;
use crate::hints::pictures::UnusablePictures;
use crate::progress::Console;
use crate::rejects::Rejects;
use crate::render::{self, Filed, Results};
use crate::stop;
use crate::text::counted;

/// Products of the catalog, whose vectors are there, that are classified together.
const STORED_GROUP: usize = 4096;

/// What files products.
pub(crate) trait Filing: Sync {
    /// The taxonomy it files by.
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure>;

    /// How many products of a file are filed together.
    fn group(&self) -> Result<usize, Failure>;

    /// Files products.
    fn file(&self, products: &[Product]) -> Result<Vec<Decision>, Failure>;

    /// Keeps decisions in the catalog; gives how many.
    fn keep(&self, products: &[Product], decisions: &[Decision]) -> Result<usize, Failure>;

    /// Ids of the products that have no label.
    fn unlabelled(&self) -> Result<Vec<String>, Failure>;

    /// Products of the catalog, with decisions on them.
    fn judge(&self, ids: &[String]) -> Result<(Vec<Product>, Vec<Decision>), Failure>;

    /// Counts products of which the embedder knows nothing, where that can be told and
    /// counts.
    fn look(&self, products: &[Product], unknown: &mut UnknownTexts) -> Result<(), Failure>;

    /// The digest of the pack that files, if one does.
    fn pack(&self) -> Option<String> {
        None
    }

    /// Rejected rows, listed where the arguments say, or else where they usually are.
    fn rejects(&self, named: Option<&Path>, name: CurrentName) -> Rejects;
}

/// A catalog that is open here.
struct Open {
    catalog: Catalog,
    options: ClassifyOptions,
}

impl Filing for Open {
    fn taxonomy(&self) -> Result<Arc<Taxonomy>, Failure> {
        Ok(self.catalog.taxonomy()?)
    }

    fn group(&self) -> Result<usize, Failure> {
        Ok(self.catalog.classify_batch(&self.options)?)
    }

    fn file(&self, products: &[Product]) -> Result<Vec<Decision>, Failure> {
        Ok(self.catalog.classify(products, &self.options)?)
    }

    fn keep(&self, products: &[Product], decisions: &[Decision]) -> Result<usize, Failure> {
        let ids = products.iter().map(|product| product.id.as_str());
        let method = self.options.method;
        Ok(self.catalog.apply(method, ids.zip(decisions))?)
    }

    fn unlabelled(&self) -> Result<Vec<String>, Failure> {
        Ok(self.catalog.unlabelled()?)
    }

    fn judge(&self, ids: &[String]) -> Result<(Vec<Product>, Vec<Decision>), Failure> {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        let decisions = self.catalog.classify_stored(&ids, &self.options)?;
        let products = ids
            .par_iter()
            .map(|id| Ok(self.catalog.product(id)?.product));
        Ok((products.collect::<assort::Result<_>>()?, decisions))
    }

    fn look(&self, products: &[Product], unknown: &mut UnknownTexts) -> Result<(), Failure> {
        if reads_vectors(self.options.method) {
            look(self.catalog.embedder()?.as_ref(), products, unknown);
        }
        Ok(())
    }

    fn rejects(&self, named: Option<&Path>, name: CurrentName) -> Rejects {
        let default = self.catalog.directory().join("rejects-classify.csv");
        Rejects::listed(named, default, name)
    }
}

/// Whether a method files by what the embedder makes of products.
pub(super) fn reads_vectors(method: Method) -> bool {
    sources(method).iter().any(|source| source.needs_vector())
}

/// Counts products of which an embedder knows nothing.
pub(super) fn look(embedder: &dyn Embedder, products: &[Product], unknown: &mut UnknownTexts) {
    for product in products {
        let text = TextInput::of_product(&product.title, &product.text);
        unknown.look(embedder, text);
    }
}

pub(crate) fn run(args: &Classify, global: &Global) -> Outcome {
    refuse_own_output(args)?;
    let catalog = embedder::of_catalog(open(args)?, &args.embedder, global)?;
    #[cfg(feature = "pictures")]
    let catalog = embedder::with_pictures(catalog, &args.place, global)?;
    let mut console = Console::new(global.quiet);
    catalog.prepare(&mut console)?;
    let options = args
        .deciding
        .options()
        .with_top(args.shown())
        .with_explain(args.explain);
    run_by(&Open { catalog, options }, args, &mut console)
}

/// Refuses to write into the file that is read.
pub(crate) fn refuse_own_output(args: &Classify) -> Result<(), Failure> {
    if let (Some(file), Some(output)) = (&args.file, &args.output)
        && let (Ok(read), Ok(written)) = (std::fs::canonicalize(file), output.canonicalize())
        && read == written
        && read.is_file()
    {
        return Err(Failure::Usage(format!(
            "--output names {file}, the file that is read; choose another one"
        )));
    }
    Ok(())
}

/// Files what the arguments name, and prints it.
pub(crate) fn run_by(filing: &dyn Filing, args: &Classify, console: &mut Console) -> Outcome {
    let mut job = Job {
        taxonomy: filing.taxonomy()?,
        sink: render::sink(args.output.as_deref())?,
        results: args.format.results(),
        filing,
        args,
        done: 0,
        decided: 0,
        kept: 0,
        unknown: UnknownTexts::default(),
        unusable: UnusablePictures::default(),
    };
    let rejected = job.all(console);
    console.finish();
    console.finish_rejects()?;
    let rejected = rejected?;
    job.sink.flush()?;
    let mut message = format!(
        "{}, {} filed",
        counted(job.done, "product", "products"),
        job.decided
    );
    if args.apply {
        message.push_str(&format!(
            ", {} kept in the catalog",
            counted(job.kept as u64, "decision", "decisions")
        ));
    }
    if rejected > 0 {
        message.push_str(&format!(", {} rejected", counted(rejected, "row", "rows")));
    }
    if args.text.is_none() || args.apply {
        console.say(&message);
    }
    if let Some(told) = hints::unknown_products(&job.unknown, &args.dir) {
        console.say(&told);
    }
    if let Some(told) = job.unusable.told() {
        console.say(&told);
    }
    Ok(if rejected > 0 {
        Done::WithRejects
    } else {
        Done::Whole
    })
}

/// For writing where decisions are kept, or where preparing is worth keeping.
fn open(args: &Classify) -> Result<Catalog, Failure> {
    if args.apply {
        return Ok(Catalog::open(&args.dir)?);
    }
    Ok(open_for_writing_else_reading(&args.dir)?.0)
}

struct Job<'a> {
    taxonomy: Arc<Taxonomy>,
    sink: Box<dyn Write>,
    results: Box<dyn Results>,
    filing: &'a dyn Filing,
    args: &'a Classify,
    done: u64,
    decided: u64,
    kept: usize,
    unknown: UnknownTexts,
    unusable: UnusablePictures,
}

impl Job<'_> {
    /// Classifies what was asked for; gives the number of rejected rows.
    fn all(&mut self, console: &mut Console) -> Result<u64, Failure> {
        if let Some(text) = &self.args.text {
            let title = clean(text);
            if title.is_empty() {
                return Err(Failure::Usage(
                    "--text is empty; give the title of a product".to_owned(),
                ));
            }
            let product = Product {
                title,
                ..Product::default()
            };
            self.group(&[product])?;
            return Ok(0);
        }
        match &self.args.file {
            Some(file) => self.file(&file.clone(), console),
            None => self.unlabelled(console).map(|()| 0),
        }
    }

    fn file(&mut self, file: &str, console: &mut Console) -> Result<u64, Failure> {
        let mapping = self.args.columns.mapping(&self.args.text_columns);
        let files = Files::open(
            &[file.to_owned()],
            self.args.columns.encoding.as_deref(),
            &mapping,
        )?;
        files.guesses.iter().for_each(|guess| console.say(guess));
        let named = self.args.rejects.as_deref();
        console.rejects = Some(self.filing.rejects(named, files.name()));
        let mut rejected = 0;
        let mut group = Vec::new();
        let most = self.filing.group()?;
        for row in files {
            match row.whole()? {
                Ok(row) => group.push(row.product),
                Err(row) => {
                    rejected += 1;
                    console.rejected(&row);
                }
            }
            if group.len() >= most {
                self.group(&std::mem::take(&mut group))?;
                self.after_group(console, None)?;
            }
        }
        self.group(&group)?;
        Ok(rejected)
    }

    /// Files what has no label; a group is judged while the one before is
    /// printed and kept.
    fn unlabelled(&mut self, console: &mut Console) -> Result<(), Failure> {
        let filing = self.filing;
        let ids = filing.unlabelled()?;
        let mut groups = ids.chunks(STORED_GROUP);
        let mut judged = groups.next().map(|group| filing.judge(group));
        while let Some(group) = judged {
            let group = group?;
            judged = std::thread::scope(|scope| {
                let next = groups.next();
                let next = next.map(|group| scope.spawn(|| filing.judge(group)));
                self.show(&group.0, &group.1)?;
                Ok::<_, Failure>(next.map(|next| match next.join() {
                    Ok(judged) => judged,
                    Err(panic) => std::panic::resume_unwind(panic),
                }))
            })?;
            self.after_group(console, Some(ids.len() as u64))?;
        }
        Ok(())
    }

    fn after_group(&mut self, console: &mut Console, total: Option<u64>) -> Result<(), Failure> {
        console.filed(self.done, total);
        if stop::requested() {
            self.sink.flush()?;
            return Err(Failure::Stopped(format!(
                "stopped after {}",
                counted(self.done, "product", "products")
            )));
        }
        Ok(())
    }

    fn group(&mut self, products: &[Product]) -> Result<(), Failure> {
        let decisions = self.filing.file(products)?;
        self.show(products, &decisions)
    }

    /// Prints decisions, and keeps them if that was asked for.
    fn show(&mut self, products: &[Product], decisions: &[Decision]) -> Result<(), Failure> {
        if let Some(decision) = decisions.first()
            && decision.taxonomy != self.taxonomy.version()
        {
            // Another process has replaced it.
            self.taxonomy = self.filing.taxonomy()?;
        }
        let filed = Filed {
            taxonomy: &self.taxonomy,
            products,
            decisions,
            pack: self.filing.pack(),
        };
        match self.results.filed(&mut self.sink, &filed) {
            // Decisions are kept whether anybody reads them or not.
            Err(Failure::NobodyListens) if self.args.apply => {
                self.sink = Box::new(std::io::sink());
            }
            printed => printed?,
        }
        if self.args.apply {
            self.kept += self.filing.keep(products, decisions)?;
        }
        self.filing.look(products, &mut self.unknown)?;
        self.unusable.look(products, decisions);
        self.done += products.len() as u64;
        self.decided += decisions
            .iter()
            .filter(|decision| decision.category.is_some())
            .count() as u64;
        Ok(())
    }
}
