//! Pictures of products that are filed: those that the catalog has vectors of, and those
//! that are opened for it.

use std::sync::Arc;

use assort_core::{Embedder, PictureProblem, Pixels, Product};

use crate::catalog::Catalog;
use crate::catalog::pictures::{PictureSource, embed_opened};
use crate::classifier::{Classifier, ClassifyOptions, Decided};
use crate::embedding::embed_pictures;
use crate::locks::read;
use crate::store::{ArchivedProductRecord, Reader, SpaceRecord, picture_hash};
use crate::{Error, Result};

/// What is known of the pictures of products, as many as there are.
pub(super) struct ProductPictures {
    /// Their vectors.
    pub(super) vectors: Vec<Option<Vec<f32>>>,
    /// Why some could not be used.
    pub(super) problems: Vec<Option<PictureProblem>>,
    /// Whether any method asks for them.
    pub(super) are_heard: bool,
}

impl ProductPictures {
    /// The pictures of given products that the catalog has no vector of: what it has of a
    /// product may be of another picture.
    fn missing_of(
        &mut self,
        products: &[Product],
        reader: &Reader<'_>,
        space: &SpaceRecord,
        rows: &[Option<u32>],
    ) -> Result<Vec<(usize, String)>> {
        let mut missing = Vec::new();
        for (at, (product, row)) in products.iter().zip(rows).enumerate() {
            let Some(image) = &product.image else {
                continue;
            };
            let stored = row.map(|row| reader.text_hash(space, row)).transpose()?;
            if stored.flatten() != Some(picture_hash(image)) {
                self.vectors[at] = None;
                missing.push((at, image.clone()));
            }
        }
        Ok(missing)
    }

    /// The pictures of stored products that have no vector.
    fn missing_stored(
        &self,
        reader: &Reader<'_>,
        rows: &[Option<u32>],
    ) -> Result<Vec<(usize, String)>> {
        let own = |product: &ArchivedProductRecord| {
            let image = product.image.as_ref();
            image.map(|image| image.as_str().to_owned())
        };
        let mut missing = Vec::new();
        for (at, (vector, row)) in self.vectors.iter().zip(rows).enumerate() {
            if let (None, Some(row)) = (vector, row) {
                let image = reader.with_product(*row, own)?.flatten();
                missing.extend(image.map(|image| (at, image)));
            }
        }
        Ok(missing)
    }

    /// Tells decisions on these products which pictures could not be used.
    pub(super) fn tell(&self, decided: &mut [Decided]) {
        for (one, problem) in decided.iter_mut().zip(&self.problems) {
            one.decision.picture_problem.clone_from(problem);
        }
    }
}

impl Catalog {
    /// Gives the catalog what opens the pictures of products that it files and that have no
    /// vector of theirs, as those have not that are not stored. They are embedded by the
    /// embedder of [`Self::with_picture_embedder`], and nothing of them is kept. One that
    /// cannot be used is told by [`assort_core::Decision::picture_problem`], and its product
    /// filed without it.
    #[must_use]
    pub fn with_picture_source(mut self, source: Arc<dyn PictureSource>) -> Self {
        self.picture_source = Some(source);
        self
    }

    /// Opens a picture by its reference, to search by it ([`crate::Query::Picture`]).
    ///
    /// # Errors
    /// [`Error::NoPictures`] if the catalog has no vectors of pictures,
    /// [`Error::NoPictureSource`], and [`Error::Argument`] if it cannot be used.
    pub fn open_picture(&self, reference: &str) -> Result<Pixels> {
        if self.picture_space()?.is_none() {
            return Err(Error::NoPictures);
        }
        let source = self.picture_source.as_ref().ok_or(Error::NoPictureSource)?;
        let mut picture = None;
        source.open_all(&[reference], &mut |_, opened| {
            picture = opened.into_iter().next();
            Ok(())
        })?;
        let unopened = || Err("the picture was not opened".to_owned());
        picture.unwrap_or_else(unopened).map_err(Error::Argument)
    }

    /// The vector of a picture, of the space of the catalog's.
    pub(super) fn picture_vector(&self, reader: &Reader<'_>, pixels: &Pixels) -> Result<Vec<f32>> {
        let space = reader.picture_space()?.ok_or(Error::NoPictures)?;
        embed_pictures(self.picture_embedder(&space)?.as_ref(), &[pixels])
    }

    /// What embeds pictures of a space.
    fn picture_embedder(&self, space: &SpaceRecord) -> Result<Arc<dyn Embedder>> {
        let embedder = read(&self.picture_embedder).clone();
        let embedder = embedder.ok_or(Error::NoPictureEmbedder)?;
        let (catalog, given) = (space.space(), embedder.space());
        if catalog != *given {
            let given = given.clone();
            return Err(Error::SpaceMismatch { catalog, given });
        }
        Ok(embedder)
    }

    /// The pictures of products by their rows, where the classifier learned from any. Those
    /// that the catalog has no vector of are opened, if a method asks for them; `given` are
    /// the products themselves, unless they are meant as the catalog has them.
    pub(super) fn pictures_of(
        &self,
        classifier: &Classifier,
        reader: &Reader<'_>,
        rows: &[Option<u32>],
        methods: &[ClassifyOptions],
        given: Option<&[Product]>,
    ) -> Result<ProductPictures> {
        let pictures = match classifier.knows_pictures() {
            true => self.state.pictures(reader)?,
            false => None,
        };
        let mut methods = methods.iter();
        let mut known = ProductPictures {
            vectors: classifier.pictures_of(pictures.as_deref(), rows)?,
            problems: vec![None; rows.len()],
            are_heard: methods.any(|one| classifier.hears_pictures(one.method)),
        };
        let space = reader.picture_space()?;
        let space = space.filter(|space| classifier.learned_pictures(space.generation));
        if let (Some(source), Some(space), true) = (&self.picture_source, space, known.are_heard) {
            let missing = match given {
                Some(products) => known.missing_of(products, reader, &space, rows)?,
                None => known.missing_stored(reader, rows)?,
            };
            self.open_missing(&mut known, source.as_ref(), &space, &missing)?;
        }
        Ok(known)
    }

    /// Opens and embeds pictures, each by the place of its product and its reference.
    fn open_missing(
        &self,
        known: &mut ProductPictures,
        source: &dyn PictureSource,
        space: &SpaceRecord,
        missing: &[(usize, String)],
    ) -> Result<()> {
        if missing.is_empty() {
            return Ok(());
        }
        let embedder = match self.picture_embedder(space) {
            Ok(embedder) => embedder,
            Err(error) => {
                let told = PictureProblem::NotEmbedded(error.to_string());
                for (at, _) in missing {
                    known.problems[*at] = Some(told.clone());
                }
                return Ok(());
            }
        };
        let references: Vec<&str> = missing.iter().map(|(_, image)| image.as_str()).collect();
        source.open_all(&references, &mut |first, opened| {
            let vectors = embed_opened(embedder.as_ref(), opened)?;
            for (&(at, _), vector) in missing.iter().skip(first).zip(vectors) {
                match vector {
                    Ok(vector) => known.vectors[at] = Some(vector),
                    Err(Error::Argument(why)) => {
                        known.problems[at] = Some(PictureProblem::Unopened(why));
                    }
                    Err(error) => {
                        known.problems[at] = Some(PictureProblem::NotEmbedded(error.to_string()));
                    }
                }
            }
            Ok(())
        })
    }
}
