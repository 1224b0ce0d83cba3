//! Students in a catalog's directory, and moving the catalog to one.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::Embedder;
use assort_distill::{Student, Teacher};

use super::Distillation;
use crate::catalog::Catalog;
use crate::catalog::reembed::ReembedReport;
use crate::error::Maintenance;
use crate::observer::Observer;
use crate::{Error, Result};

/// Folder of students in a catalog's directory.
const FOLDER: &str = "students";

/// Whether a catalog is on a student now, and if not, why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// The catalog has moved to the student.
    Moved(ReembedReport),
    /// The catalog was on this student already.
    AlreadyThere,
    /// It was stopped. The catalog is on its old embedder, and
    /// [`Catalog::adopt_waiting_student`] goes on from here.
    Stopped(ReembedReport),
    /// The student is worse than [`DistillOptions::min_quality`](super::DistillOptions::min_quality)
    /// asks for; it was not kept, and the catalog is on its old embedder.
    BelowQuality,
}

/// What came of teaching a student and moving to it.
#[derive(Debug)]
pub struct DistillOutcome {
    /// The student and what it is worth.
    pub made: Distillation,
    /// Whether the catalog is on it.
    pub adoption: Adoption,
}

impl Catalog {
    /// Moves the catalog to a student of `teacher`, as [`Catalog::reembed`] does,
    /// and makes it ready to search and classify. The student is stored in the
    /// catalog's directory if it is not there yet, and the files of other
    /// students are removed.
    ///
    /// # Errors
    /// [`Error::Argument`] if the student was taught by another teacher, and
    /// those of [`Catalog::reembed`] and [`Catalog::prepare`]. Unless the latter
    /// failed, the catalog stays on its old embedder.
    pub fn adopt_student(
        &self,
        student: Arc<Student>,
        teacher: &Teacher,
        observer: &mut dyn Observer,
    ) -> Result<Adoption> {
        let _under_way = self.begin(Maintenance::Reembed)?;
        self.adopt(student, teacher, observer)
    }

    /// [`Self::adopt_student`] with the newest student that waits in the
    /// catalog's directory; none if there is none.
    ///
    /// # Errors
    /// As [`Self::adopt_student`], and if the student's file is damaged.
    pub fn adopt_waiting_student(
        &self,
        teacher: &Teacher,
        observer: &mut dyn Observer,
    ) -> Result<Option<Adoption>> {
        let _under_way = self.begin(Maintenance::Reembed)?;
        let Some(file) = self.waiting_student()? else {
            return Ok(None);
        };
        let student = Arc::new(Student::open(&file)?);
        self.adopt(student, teacher, observer).map(Some)
    }

    /// The newest student in the catalog's directory that the catalog is not
    /// on, such as a stopped move leaves.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn waiting_student(&self) -> Result<Option<PathBuf>> {
        let spec = self.embedder_spec()?;
        let files = self.student_files().filter(|entry| {
            let path = entry.path();
            path.extension() == Some("student".as_ref()) && !is_named(&spec, &path)
        });
        let age = |entry: &DirEntry| entry.metadata().and_then(|data| data.modified()).ok();
        Ok(files.max_by_key(age).map(|entry| entry.path()))
    }

    /// Moves to a student that was taught now, if it was kept.
    pub(super) fn adopt_made(
        &self,
        made: Distillation,
        teacher: &Teacher,
        observer: &mut dyn Observer,
    ) -> Result<DistillOutcome> {
        let adoption = match made.file {
            Some(_) => self.adopt(Arc::clone(&made.student), teacher, observer)?,
            None => Adoption::BelowQuality,
        };
        Ok(DistillOutcome { made, adoption })
    }

    fn adopt(
        &self,
        student: Arc<Student>,
        teacher: &Teacher,
        observer: &mut dyn Observer,
    ) -> Result<Adoption> {
        let distilled = teacher.pair(Arc::clone(&student))?;
        if self.space()? == *distilled.space() {
            return Ok(Adoption::AlreadyThere);
        }
        let file = store_student(self.directory(), &student)?;
        let named = file.strip_prefix(self.directory()).unwrap_or(&file);
        let spec = teacher.spec_of(named, student.card().queries);
        let report = self.move_to(Arc::new(distilled), &spec, observer)?;
        if report.stopped {
            return Ok(Adoption::Stopped(report));
        }
        for other in self.student_files().filter(|entry| entry.path() != file) {
            // What stays is only in the way.
            let _ = std::fs::remove_file(other.path());
        }
        if report.products > 0 {
            self.wait_until_indexed(observer)?;
            self.prepare(observer)?;
        }
        Ok(Adoption::Moved(report))
    }

    fn student_files(&self) -> impl Iterator<Item = DirEntry> {
        let entries = std::fs::read_dir(self.directory().join(FOLDER));
        entries.into_iter().flatten().flatten()
    }
}

/// Whether a file is the one that an embedder's spec names.
fn is_named(spec: &str, file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    spec.contains(&*name)
}

/// Writes the file of a student of the catalog in `directory`, unless it is there.
pub(in crate::catalog) fn store_student(directory: &Path, student: &Student) -> Result<PathBuf> {
    let folder = directory.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| Error::Io {
        path: folder.clone(),
        doing: "making the folder of students",
        source,
    })?;
    let file = folder.join(format!("{:032x}.student", student.digest()));
    // A file has its name only when it is whole, and its digest is its name.
    let stored = Student::open(&file).is_ok_and(|stored| stored.digest() == student.digest());
    if !stored {
        student.save(&file)?;
    }
    Ok(file)
}
