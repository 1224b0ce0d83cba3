//! Judging the classifier by products whose category is known.

mod cross_validate;
mod evaluation;
mod judged;

use std::collections::HashSet;

use assort_core::{CategoryIndex, Product, content_key};

use self::judged::Judged;
use crate::catalog::Catalog;
use crate::classifier::ClassifyOptions;
use crate::classifier::words;
use crate::input_row::InputRow;
use crate::observer::{Observer, Progress};
use crate::{Error, Result};
use assort_read::Rejected;

pub use self::evaluation::{
    CrossValidateOptions, CrossValidation, EvaluateOptions, Evaluation, Fold, FoldFigure,
    LearningPoint, MethodComparison, Overlap, PictureUse, SetReport,
};

impl Catalog {
    /// Classifies labelled products and compares. The categories in `rows` are
    /// not used for deciding. Give products that the catalog does not have: one
    /// that it has does not vote on itself, but its label has taught the
    /// prototypes and heads of [`assort_core::Method::Auto`]; [`Evaluation::overlap`]
    /// tells of those that say the same as a labelled one.
    ///
    /// ```no_run
    /// # fn example(catalog: &assort::Catalog) -> assort::Result<()> {
    /// use assort::EvaluateOptions;
    /// use assort::read::{Input, Mapping, ProductReader};
    ///
    /// let rows = ProductReader::new(Input::open("held-out.csv", None)?, &Mapping::default())?;
    /// let found = catalog.evaluate(rows, &EvaluateOptions::default(), &mut ())?;
    /// println!("{:.4} right", found.report.scores.accuracy);
    /// println!("confidence is off by {:.4}", found.confidence.ece);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Catalog::classify`], [`Error::Input`] if no row can be
    /// used, [`Error::Interrupted`], and the first error among `rows`.
    pub fn evaluate(
        &self,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        options: &EvaluateOptions,
        observer: &mut dyn Observer,
    ) -> Result<Evaluation> {
        observer.progress(Progress::Evaluate { done: 0 });
        let taxonomy = self.taxonomy()?;
        let labelled = self.labelled_contents()?;
        let mut judged = Judged::new(&taxonomy);
        let methods = options.methods();
        let mut rejected = 0;
        let mut group: Vec<(Product, CategoryIndex)> = Vec::new();
        let batches = methods.iter().map(|method| self.classify_batch(method));
        let batches: Vec<usize> = batches.collect::<Result<_>>()?;
        let most = batches.into_iter().min().unwrap_or(1);
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let known = row.into().whole()?.and_then(|row| {
                let category = row
                    .category
                    .as_deref()
                    .ok_or_else(|| "no category".to_owned());
                let given = category.and_then(|text| {
                    let given = taxonomy.read_categories(text, &row.more_categories);
                    given.map_err(|error| error.to_string())
                });
                given
                    .map(|given| (row.product.clone(), given.label))
                    .map_err(|reason| Rejected::new(row.line, Some(row.product.id), reason))
            });
            match known {
                Ok(known) => group.push(known),
                Err(bad) => {
                    rejected += 1;
                    observer.rejected(&bad);
                }
            }
            if group.len() >= most || rows.peek().is_none() {
                let group = std::mem::take(&mut group);
                self.judge(&mut judged, group, &methods, &labelled)?;
                let done = judged.len() as u64;
                observer.progress(Progress::Evaluate { done });
            }
            if observer.stop() {
                return Err(Error::Interrupted);
            }
        }
        if judged.len() == 0 {
            return Err(Error::Input(assort_read::Error::Input {
                file: "the labelled products".to_owned(),
                line: None,
                message: "no row has both a product and a category of the taxonomy, so there is nothing to compare with".to_owned(),
                unstated: None,
            }));
        }
        let evaluation = judged.finished(options, &*observer)?;
        Ok(Evaluation {
            rejected,
            ..evaluation
        })
    }

    /// Digests of what the labelled products say.
    fn labelled_contents(&self) -> Result<HashSet<u128>> {
        let reader = self.state.store.read()?;
        let mut labelled = Vec::new();
        reader.each_label(|row, _| {
            labelled.push(row);
            Ok(())
        })?;
        let words = words(&reader, &labelled)?;
        Ok(words
            .iter()
            .map(|words| content_key(&words.title))
            .collect())
    }

    fn judge(
        &self,
        judged: &mut Judged<'_>,
        group: Vec<(Product, CategoryIndex)>,
        methods: &[ClassifyOptions],
        labelled: &HashSet<u128>,
    ) -> Result<()> {
        let (products, truth): (Vec<Product>, Vec<CategoryIndex>) = group.into_iter().unzip();
        let filed = self.again_if_moved(|| self.decide(&products, methods, true))?;
        let contents = products.iter().map(|product| content_key(&product.title));
        let contents: Vec<u128> = contents.collect();
        let candidates = filed.classifier.candidates();
        judged.add(&truth, &contents, filed.decided, candidates);
        if filed.pictures.are_heard {
            let found = filed.pictures.vectors.iter().map(Option::is_some);
            let problems = filed.pictures.problems.iter();
            for ((product, found), problem) in products.iter().zip(found).zip(problems) {
                judged.picture(product, found, problem.as_ref());
            }
        }
        judged.overlaps(contents.iter().map(|content| labelled.contains(content)));
        Ok(())
    }
}
