//! Packing what filing needs into one file, and catalogs of what a pack files.

use std::path::Path;
use std::sync::Arc;

use assort_distill::Student;

use crate::catalog::Catalog;
use crate::catalog::distill::store_student;
use crate::copies::student_file;
use crate::observer::Observer;
use crate::pack::{Pack, PackReport, Packing, write};
use crate::{Error, Result};

impl Catalog {
    /// Makes a catalog in `directory` with the taxonomy and the embedder of a pack, and without products: what the pack files can be stored there.
    ///
    /// # Errors
    /// [`Error::NoEmbedder`] if the pack was not given its own, and as [`Self::create`].
    pub fn of_pack(directory: impl AsRef<Path>, pack: &Pack) -> Result<Self> {
        let (directory, embedder) = (directory.as_ref(), Arc::clone(pack.embedder()?));
        if let Some(bytes) = pack.student() {
            store_student(directory, &Student::read(bytes, pack.path())?)?;
        }
        Self::create(directory, pack.taxonomy(), embedder, pack.embedder_spec())
    }

    /// Writes everything that filing needs into one file, which [`crate::Pack`] opens
    /// without the catalog: the taxonomy, what was learned (learned now, if the catalog
    /// has changed much since), the vectors of labelled products, and the catalog's student.
    /// A file of that name is replaced as a whole. It is of one commit; anybody may read
    /// and write meanwhile.
    ///
    /// # Errors
    /// [`Error::Argument`] if `path` is a directory, [`Error::NoEmbedder`] if texts of
    /// categories are to be embedded and there is none, [`Error::Interrupted`],
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn pack(&self, path: impl AsRef<Path>, observer: &mut dyn Observer) -> Result<PackReport> {
        let path = path.as_ref();
        if path.is_dir() {
            return Err(Error::Argument(format!(
                "{} is a directory; name a file for the pack",
                path.display()
            )));
        }
        self.again_if_moved(|| {
            let (reader, snapshot) = self.state.view()?;
            let embedder = self.embedder_for(&reader).ok();
            let embedder = embedder.as_deref();
            let model =
                self.classifier
                    .portable(&self.state, &reader, &snapshot, embedder, observer)?;
            let student = student_file(self.directory(), &reader.space()?.embedder)?;
            let student = student.map(|name| self.directory().join(name));
            let packing = Packing {
                reader: &reader,
                snapshot: &snapshot,
                taxonomy: &*self.state.taxonomy_in(&reader)?,
                model: &model,
                student: student.as_deref(),
            };
            write(&packing, path, observer)
        })
    }
}
