//! Teaching a student on the catalog's own texts: sample, ask the teacher,
//! teach, and judge on texts that were held out.

mod evaluation;
mod sample;
mod teacher;
mod training_set;

use std::collections::HashMap;
use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::compose::category_texts;
use assort_core::{Embedder, Taxonomy};
use assort_distill::{Distilled, QueryEncoder, Student, StudentCard};

use crate::catalog::Catalog;
use crate::catalog::import::InputRow;
use crate::observer::Observer;
use crate::{Error, Result};

use evaluation::Evaluator;
use sample::{Sample, Text};
use training_set::{TrainingSet, leaning};

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

/// Folder of students in a catalog's directory.
const FOLDER: &str = "students";

/// How to distil.
#[derive(Clone, Debug, PartialEq)]
pub struct DistillOptions {
    /// Distinct products to learn from, at most.
    pub sample: usize,
    /// How to teach.
    pub teaching: assort_distill::Options,
    /// Which encoder embeds queries and categories; none takes the better one.
    pub queries: Option<QueryEncoder>,
    /// How far labelled products lean towards the middle of their category, from
    /// 0 to 1. One in eight does not, to tell by how well a student files; with
    /// fewer than a hundred of those none does.
    pub labels: f32,
}

impl Default for DistillOptions {
    fn default() -> Self {
        Self {
            sample: 16_000,
            teaching: assort_distill::Options::default(),
            queries: None,
            labels: 0.3,
        }
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
    /// Its file in the catalog's directory.
    pub file: PathBuf,
}

impl Catalog {
    /// Teaches a student of `teacher` on the catalog's own products and
    /// categories, and stores it beside the catalog, which stays as it is:
    /// [`Catalog::reembed`] with an [`assort_distill::Distilled`] moves it.
    /// What the teacher embedded is kept, so that a stopped or repeated run
    /// does not ask again. With equal products, teacher and options the student
    /// is the same, byte for byte.
    ///
    /// # Errors
    /// [`Error::Precondition`] if there are too few products to learn from,
    /// [`Error::Argument`] if the
    /// teacher is a student itself, [`Error::ReadOnly`], [`Error::Embed`],
    /// [`Error::Interrupted`], [`Error::Io`].
    pub fn distill(
        &self,
        teacher: &dyn Embedder,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Distillation> {
        let sample = Sample::of_catalog(self, options, observer)?;
        self.distill_sample(sample, teacher, options, observer)
    }

    /// As [`Self::distill`], from rows that are to be imported later.
    ///
    /// # Errors
    /// As [`Self::distill`], and the first error among `rows`.
    pub fn distill_rows(
        &self,
        rows: impl IntoIterator<Item = InputRow>,
        teacher: &dyn Embedder,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<Distillation> {
        let sample = Sample::of_rows(&*self.taxonomy()?, rows, options, observer)?;
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
        Ok(Distillation {
            file: self.store_student(&student)?,
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

    fn store_student(&self, student: &Student) -> Result<PathBuf> {
        let folder = self.directory().join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|source| Error::Io {
            path: folder.clone(),
            doing: "making the folder of students",
            source,
        })?;
        let file = folder.join(format!("{:032x}.student", student.digest()));
        student.save(&file)?;
        Ok(file)
    }

    /// The newest student in the catalog's directory that the catalog is not
    /// on, such as a stopped move leaves.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn waiting_student(&self) -> Result<Option<PathBuf>> {
        let spec = self.embedder_spec()?;
        let entries = std::fs::read_dir(self.directory().join(FOLDER));
        let files = entries.into_iter().flatten().flatten().filter(|entry| {
            let path = entry.path();
            path.extension() == Some("student".as_ref()) && !is_named(&spec, &path)
        });
        let age = |entry: &DirEntry| entry.metadata().and_then(|data| data.modified()).ok();
        Ok(files.max_by_key(age).map(|entry| entry.path()))
    }

    /// Removes the file of a student that is not wanted, unless the catalog is
    /// on it: teaching again can give the same one.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn discard_student(&self, made: &Distillation) -> Result<()> {
        if !is_named(&self.embedder_spec()?, &made.file) {
            // What stays is only in the way.
            let _ = std::fs::remove_file(&made.file);
        }
        Ok(())
    }

    /// Moves the catalog to a student: [`Catalog::reembed`], and removes the
    /// files of other students.
    ///
    /// # Errors
    /// As [`Catalog::reembed`]; the catalog stays in its old space.
    pub fn adopt_student(
        &mut self,
        distilled: Distilled,
        spec: &str,
        observer: &mut dyn Observer,
    ) -> Result<crate::ReembedReport> {
        let name = format!("{:032x}.student", distilled.student().digest());
        let report = self.reembed(Arc::new(distilled), spec, observer)?;
        if !report.stopped {
            let entries = std::fs::read_dir(self.directory().join(FOLDER));
            for entry in entries.into_iter().flatten().flatten() {
                if entry.file_name() != name.as_str() {
                    // What stays is only in the way.
                    let _ = std::fs::remove_file(entry.path());
                }
            }
        }
        Ok(report)
    }
}

/// Whether a file is the one that an embedder's spec names.
fn is_named(spec: &str, file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    spec.contains(&*name)
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
