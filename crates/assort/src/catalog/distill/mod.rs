//! Teaching a student on the catalog's own texts: sample, ask the teacher,
//! teach, and judge on texts that were held out.

mod adopt;
mod evaluation;
mod sample;
mod teacher;
mod training_set;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use assort_core::compose::category_texts;
use assort_core::{Embedder, Taxonomy};
use assort_distill::{QueryEncoder, StaticEmbedding, Student, StudentCard, Teacher};

use crate::catalog::Catalog;
use crate::error::Maintenance;
use crate::input_row::InputRow;
use crate::observer::Observer;
use crate::{Error, Result};

use evaluation::Evaluator;
use sample::{Sample, Text};
use training_set::{TrainingSet, leaning};

pub(in crate::catalog) use adopt::store_student;
pub use adopt::{Adoption, DistillOutcome};
pub use evaluation::Accuracy;

/// Fewer distinct texts than this teach nothing that holds for others.
const FEWEST: usize = 500;

/// One text in so many is held out, up to [`MOST_HELD_OUT`].
const HELD_OUT: usize = 10;

/// Texts that are held out at most.
const MOST_HELD_OUT: usize = 2_000;

/// Texts that the student knows less well are left to the teacher; see
/// `docs/distillation.md` for what this was measured on.
const FLOOR: f32 = 0.45;

/// How to distil.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct DistillOptions {
    /// Distinct products to learn from, at most.
    pub sample: usize,
    /// What it starts from; none starts from nothing.
    pub start: Option<StaticEmbedding>,
    /// How to teach.
    pub teaching: assort_distill::Options,
    /// Which encoder embeds queries and categories; none takes the better one.
    pub queries: Option<QueryEncoder>,
    /// How far labelled products lean towards the middle of their category, from
    /// 0 to 1. One in eight does not, to tell by how well a student files; with
    /// fewer than a hundred of those none does.
    pub labels: f32,
    /// The least mean cosine with the teacher's vectors that a student must have
    /// on held-out texts to be kept. 0 keeps any.
    pub min_quality: f32,
}

impl Default for DistillOptions {
    fn default() -> Self {
        Self {
            sample: 16_000,
            start: None,
            teaching: assort_distill::Options::default(),
            queries: None,
            labels: 0.3,
            min_quality: 0.8,
        }
    }
}

impl DistillOptions {
    /// The same with another value of [`Self::sample`].
    #[must_use]
    pub fn with_sample(mut self, sample: usize) -> Self {
        self.sample = sample;
        self
    }

    /// The same with another value of [`Self::start`].
    #[must_use]
    pub fn with_start(mut self, start: impl Into<Option<StaticEmbedding>>) -> Self {
        self.start = start.into();
        self
    }

    /// The same with another value of [`Self::teaching`].
    #[must_use]
    pub fn with_teaching(mut self, teaching: assort_distill::Options) -> Self {
        self.teaching = teaching;
        self
    }

    /// The same with another value of [`Self::queries`].
    #[must_use]
    pub fn with_queries(mut self, queries: impl Into<Option<QueryEncoder>>) -> Self {
        self.queries = queries.into();
        self
    }

    /// The same with another value of [`Self::labels`].
    #[must_use]
    pub fn with_labels(mut self, labels: f32) -> Self {
        self.labels = labels;
        self
    }

    /// The same with another value of [`Self::min_quality`].
    #[must_use]
    pub fn with_min_quality(mut self, min_quality: f32) -> Self {
        self.min_quality = min_quality;
        self
    }
}

/// What a student is worth, on texts it did not learn from. It was judged before
/// it learned those too; then it was taught anew with all texts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DistillReport {
    /// Texts of products and categories it learned from.
    pub learned: u64,
    /// Texts that the teacher embedded for it now; others were known.
    pub taught: u64,
    /// Texts that were held out.
    pub held_out: u64,
    /// Mean cosine of its vectors with the teacher's.
    pub cosine: f32,
    /// What of this was lost by rounding to 8 bits.
    pub rounding: f32,
    /// Part of the ten nearest products by the teacher that are among the ten
    /// nearest by the student.
    pub overlap: f32,
    /// How many of the held-out products with a label are filed rightly; none
    /// without labels.
    pub accuracy: Option<Accuracy>,
    /// Part of the held-out texts that it knows so little that it leaves them to
    /// its teacher.
    pub left: f32,
    /// Which encoder is better for queries and categories.
    pub queries: QueryEncoder,
    /// Texts it embeds in a second, on all threads.
    pub rate: f64,
    /// Bytes of its file.
    pub size: u64,
    /// Seconds it took to teach it, the teacher's time apart.
    pub seconds: f64,
}

/// A student made for a catalog.
#[derive(Debug)]
pub struct Distillation {
    /// What it is worth.
    pub report: DistillReport,
    /// The student.
    pub student: Arc<Student>,
    /// Its file in the catalog's directory; none if it is not good enough to be
    /// kept (see [`DistillOptions::min_quality`]).
    pub file: Option<PathBuf>,
}

impl Catalog {
    /// Teaches a student of `teacher` on the catalog's own products and
    /// categories, and stores it beside the catalog, which stays as it is:
    /// [`Catalog::adopt_student`] moves it.
    /// What the teacher embedded is kept, so that a stopped or repeated run
    /// does not ask again. With equal products, teacher and options the student
    /// is the same, byte for byte.
    ///
    /// # Errors
    /// [`Error::Precondition`] if there are too few products to learn from,
    /// [`Error::Argument`] if the teacher is a student itself, [`Error::Busy`],
    /// [`Error::ReadOnly`], [`Error::Embed`], [`Error::Interrupted`], [`Error::Io`].
    pub fn distill(
        &self,
        teacher: &dyn Embedder,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Distillation> {
        let _under_way = self.begin(Maintenance::Distill)?;
        self.distill_own(teacher, options, observer)
    }

    /// As [`Self::distill`], from rows that are to be imported later.
    ///
    /// # Errors
    /// As [`Self::distill`], and the first error among `rows`.
    pub fn distill_rows(
        &self,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        teacher: &dyn Embedder,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Distillation> {
        let _under_way = self.begin(Maintenance::Distill)?;
        let sample = Sample::of_rows(&*self.taxonomy()?, rows, options, observer)?;
        self.distill_sample(sample, teacher, options, observer)
    }

    /// Teaches a student on the catalog's own products, and moves the catalog to
    /// it if it is good enough: [`Self::distill`] and [`Self::adopt_student`] in
    /// one.
    ///
    /// # Errors
    /// As [`Self::distill`] and [`Self::adopt_student`]; the catalog stays on its
    /// old embedder.
    ///
    /// # Examples
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use assort::{Adoption, Catalog, DistillOptions};
    /// use assort_embed::StoredSpec;
    ///
    /// let catalog = Catalog::open("shop")?;
    /// let spec: StoredSpec = catalog.embedder_spec()?.parse()?;
    /// let teacher = spec.teacher(&Default::default())?;
    /// let outcome = catalog.distill_and_adopt(&teacher, &DistillOptions::default(), &mut ())?;
    /// match outcome.adoption {
    ///     Adoption::Moved(report) => println!("{} products moved", report.products),
    ///     Adoption::BelowQuality => println!("only {:.3}", outcome.made.report.cosine),
    ///     other => println!("{other:?}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn distill_and_adopt(
        &self,
        teacher: &Teacher,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<DistillOutcome> {
        let _under_way = self.begin(Maintenance::Distill)?;
        let made = self.distill_own(teacher.embedder().as_ref(), options, observer)?;
        self.adopt_made(made, teacher, observer)
    }

    /// As [`Self::distill_and_adopt`], from rows that are to be imported later.
    ///
    /// # Errors
    /// As [`Self::distill_and_adopt`], and the first error among `rows`.
    pub fn distill_rows_and_adopt(
        &self,
        rows: impl IntoIterator<Item: Into<InputRow>>,
        teacher: &Teacher,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<DistillOutcome> {
        let _under_way = self.begin(Maintenance::Distill)?;
        let sample = Sample::of_rows(&*self.taxonomy()?, rows, options, observer)?;
        let made = self.distill_sample(sample, teacher.embedder().as_ref(), options, observer)?;
        self.adopt_made(made, teacher, observer)
    }

    fn distill_own(
        &self,
        teacher: &dyn Embedder,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Distillation> {
        let sample = Sample::of_catalog(self, options, observer)?;
        self.distill_sample(sample, teacher, options, observer)
    }

    fn distill_sample(
        &self,
        sample: Sample,
        teacher: &dyn Embedder,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Distillation> {
        self.check_lessons(&sample, options)?;
        let taxonomy = self.taxonomy()?;
        let categories = Categories::of(&taxonomy);
        let (vectors, taught) = self.taught(&sample.texts, &categories.texts, teacher, observer)?;
        let held = (sample.texts.len() / HELD_OUT).min(MOST_HELD_OUT);
        let (learned, held_out) = sample.texts.split_at(sample.texts.len() - held);
        let training_set = TrainingSet {
            categories: &categories,
            vectors: &vectors,
            space: teacher.space(),
            start: options.start.as_ref(),
            teaching: &options.teaching,
            labels: leaning(&sample.texts, options.labels),
        };
        let first = training_set.teach(learned, (0.0, 0.5), observer)?;
        let judged = Evaluator {
            taxonomy: &taxonomy,
            categories: &categories,
            learned,
            held_out,
            vectors: &vectors,
            table: &first.table,
            student: &first.student,
        };
        let (report, usual) = judged.report();
        // What was held out is not wasted: the student that stays learns it too.
        let last = training_set.teach(&sample.texts, (0.5, 1.0), observer)?;
        let queries = options.queries.unwrap_or(report.queries);
        let student = last.student.with_card(StudentCard {
            cosine: report.cosine,
            usual,
            labels: training_set.labels,
            floor: FLOOR,
            queries,
        })?;
        let good_enough = report.cosine >= options.min_quality;
        Ok(Distillation {
            file: good_enough
                .then(|| store_student(self.directory(), &student))
                .transpose()?,
            report: DistillReport {
                learned: student.texts(),
                taught,
                queries,
                size: student.size() as u64,
                seconds: first.seconds + last.seconds,
                ..report
            },
            student: Arc::new(student),
        })
    }

    /// Refuses what nothing can be learned from.
    fn check_lessons(&self, sample: &Sample, options: &DistillOptions) -> Result<()> {
        if !self.state.store.is_writer() {
            return Err(Error::ReadOnly);
        }
        if !(0.0..=1.0).contains(&options.labels) {
            return Err(Error::argument(format!(
                "labels are weighed from 0 to 1, not by {}",
                options.labels
            )));
        }
        if sample.texts.len() < FEWEST {
            return Err(Error::Precondition(format!(
                "there are {} distinct products to learn from, and a student needs {FEWEST} at least; import more first",
                sample.texts.len()
            )));
        }
        Ok(())
    }
}

/// What the taxonomy says, leaf by leaf.
struct Categories {
    texts: Vec<String>,
    /// Texts of each leaf.
    counts: Vec<usize>,
}

impl Categories {
    fn of(taxonomy: &Taxonomy) -> Self {
        let mut texts = Vec::new();
        let mut counts = Vec::new();
        for leaf in taxonomy.leaves() {
            let own = category_texts(taxonomy, leaf);
            counts.push(own.len());
            texts.extend(own.into_iter().map(|(_, text)| text));
        }
        Self { texts, counts }
    }
}

/// Vectors of the teacher, by digests of their texts.
type Vectors = HashMap<u128, Vec<f32>>;

impl Text {
    fn vector<'v>(&self, vectors: &'v Vectors) -> &'v [f32] {
        vectors.get(&self.hash).map_or(&[], Vec::as_slice)
    }
}
