//! Students that catalogs teach and move to.

use std::path::PathBuf;

use assort::students::{Options, StaticEmbedding, Teacher};
use assort::{Adoption, Catalog, DistillOptions, DistillReport, Error, Observer, Result};
use assort_embed::{reopen_teacher, usual_start};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::encoder::options;
use crate::error::{embedder, raised};
use crate::work::followed;

/// How a student is taught, and what becomes of it.
#[derive(FromPyObject)]
pub(crate) struct Distilling {
    sample: Option<usize>,
    min_quality: Option<f32>,
    epochs: Option<usize>,
    /// Whether the catalog moves to it.
    adopt: bool,
    /// A file that it is written to.
    export: Option<PathBuf>,
    /// Where the teacher is, and whether it may be fetched.
    cache: Option<PathBuf>,
    offline: bool,
}

impl Distilling {
    /// Teaches a student of the catalog; gives what it is worth.
    pub(crate) fn run<'py>(
        self,
        py: Python<'py>,
        catalog: &Catalog,
        told: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let (teacher, start) = self.opened(py, catalog)?;
        let options = self.options(start);
        let (report, adopted) = followed(py, told, |observer| {
            self.taught(catalog, &teacher, &options, observer)
        })?;
        written(py, report, adopted)
    }

    /// The teacher, and what a student starts from.
    fn opened(
        &self,
        py: Python<'_>,
        catalog: &Catalog,
    ) -> PyResult<(Teacher, Option<StaticEmbedding>)> {
        let spec = catalog.embedder_spec().map_err(raised)?;
        let space = catalog.space().map_err(raised)?;
        let models = options(self.cache.clone(), self.offline);
        let opened = py.detach(|| {
            let teacher = reopen_teacher(&spec, catalog.directory(), &space, &models)?;
            Ok((teacher, usual_start()?))
        });
        opened.map_err(|error| embedder(&error))
    }

    fn options(&self, start: Option<StaticEmbedding>) -> DistillOptions {
        let usual = DistillOptions::default();
        let sample = self.sample.unwrap_or(usual.sample);
        let min_quality = self.min_quality.unwrap_or(usual.min_quality);
        usual
            .with_sample(sample)
            .with_min_quality(min_quality)
            .with_teaching(Options::default().with_epochs(self.epochs))
            .with_start(start)
    }

    /// What the student is worth, and whether the catalog is on it.
    fn taught(
        &self,
        catalog: &Catalog,
        teacher: &Teacher,
        options: &DistillOptions,
        observer: &mut dyn Observer,
    ) -> Result<(DistillReport, bool)> {
        let made = catalog.distill(teacher.embedder().as_ref(), options, observer)?;
        if let Some(file) = &self.export {
            made.student.save(file)?;
        }
        if made.file.is_none() {
            return Err(not_good_enough(&made.report, options.min_quality));
        }
        if !self.adopt {
            return Ok((made.report, false));
        }
        let adoption = catalog.adopt_student(made.student, teacher, observer)?;
        let is_on_it = matches!(adoption, Adoption::Moved(_) | Adoption::AlreadyThere);
        Ok((made.report, is_on_it))
    }
}

fn not_good_enough(report: &DistillReport, asked: f32) -> Error {
    Error::Precondition(format!(
        "the student's vectors have a mean cosine of {:.3} with the teacher's, and `min_quality` \
         asks for {asked}; the catalog stays as it is; give it more to learn from with `sample=`, \
         or more `epochs=`",
        report.cosine
    ))
}

fn written(py: Python<'_>, report: DistillReport, adopted: bool) -> PyResult<Bound<'_, PyDict>> {
    let accuracy = report.accuracy.map(|accuracy| {
        let told = PyDict::new(py);
        told.set_item("zero_shot", accuracy.zero_shot_student)?;
        told.set_item("zero_shot_teacher", accuracy.zero_shot_teacher)?;
        told.set_item("zero_shot_teacher_categories", accuracy.zero_shot_mixed)?;
        told.set_item("neighbor", accuracy.neighbor_student)?;
        told.set_item("neighbor_teacher", accuracy.neighbor_teacher)?;
        PyResult::Ok(told)
    });
    let told = PyDict::new(py);
    told.set_item("adopted", adopted)?;
    told.set_item("learned", report.learned)?;
    told.set_item("taught", report.taught)?;
    told.set_item("held_out", report.held_out)?;
    told.set_item("seconds", report.seconds)?;
    told.set_item("cosine", report.cosine)?;
    told.set_item("rounding", report.rounding)?;
    told.set_item("overlap", report.overlap)?;
    told.set_item("accuracy", accuracy.transpose()?)?;
    told.set_item("left_to_teacher", report.left)?;
    told.set_item("queries", report.queries.as_str())?;
    told.set_item("texts_per_second", report.rate)?;
    told.set_item("bytes", report.size)?;
    Ok(told)
}
