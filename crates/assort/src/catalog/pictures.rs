//! Pictures beside texts: their vectors, and keeping those up to date.

use std::sync::Arc;

use assort_core::{EmbedError, Embedder, Modality, Pixels, Space};
use assort_index::BuildOptions;

use crate::catalog::Catalog;
use crate::embedding::embed_pictures;
use crate::locks::write;
use crate::observer::{Observer, Progress};
use crate::segments::{BACKLOG, broken, seal};
use crate::snapshot::Changes;
use crate::store::{SpaceRecord, picture_hash};
use crate::{Error, Result};
use assort_read::Rejected;

/// Pictures that are committed together.
const GROUP: usize = 512;

/// Products that are looked through at a time.
const LOOKED_AT: usize = 4096;

/// A picture that was opened, or a sentence that says why it cannot be used.
pub type OpenedPicture = std::result::Result<Pixels, String>;

/// What is done with opened pictures: it gets the place of the first of them.
pub type TakePictures<'a> = dyn FnMut(usize, Vec<OpenedPicture>) -> Result<()> + 'a;

/// What opens pictures by their references, the values of [`assort_core::Product::image`].
/// Many threads may ask it at once. With the feature `pictures`, `assort_pictures::Pictures`
/// is one.
pub trait PictureSource: Send + Sync {
    /// Opens pictures, and hands them over in their order, some at a time: as many as memory
    /// should hold.
    ///
    /// # Errors
    /// That of `take`, after which none is handed over.
    fn open_all(&self, references: &[&str], take: &mut TakePictures<'_>) -> Result<()>;
}

#[cfg(feature = "pictures")]
impl PictureSource for assort_pictures::Pictures {
    fn open_all(&self, references: &[&str], take: &mut TakePictures<'_>) -> Result<()> {
        let ahead = assort_pictures::Ahead::default();
        self.open_ahead(references, ahead, |first, opened| {
            let opened = opened.into_iter();
            let opened = opened.map(|one| one.map_err(|error| error.to_string()));
            take(first, opened.collect())
        })
    }
}

/// What embedding pictures did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureReport {
    /// Products that were looked at.
    pub products: u64,
    /// Those that name no picture.
    pub without: u64,
    /// Those whose picture has its vector already.
    pub unchanged: u64,
    /// Pictures that were embedded.
    pub embedded: u64,
    /// Pictures that could not be used; each was told to the observer.
    pub rejected: u64,
    /// Whether it was stopped before the end.
    pub stopped: bool,
}

/// A product whose picture is to be embedded.
struct Missing {
    row: u32,
    id: String,
    reference: String,
}

impl Catalog {
    /// The space of the catalog's pictures, and how to open its embedder; none where it has
    /// no vectors of pictures.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub fn picture_space(&self) -> Result<Option<(Space, String)>> {
        let space = self.state.store.read()?.picture_space()?;
        Ok(space.map(|space| (space.space(), space.embedder)))
    }

    /// Gives the catalog the embedder for pictures that are searched by.
    ///
    /// # Errors
    /// [`Error::SpaceMismatch`] if it is not of the space of the catalog's pictures, and
    /// [`Error::NoPictures`] if it has none.
    pub fn with_picture_embedder(self, embedder: Arc<dyn Embedder>) -> Result<Self> {
        let Some((catalog, _)) = self.picture_space()? else {
            return Err(Error::NoPictures);
        };
        let given = embedder.space().clone();
        if catalog != given {
            return Err(Error::SpaceMismatch { catalog, given });
        }
        *write(&self.picture_embedder) = Some(embedder);
        Ok(self)
    }

    /// Embeds the pictures of all products that have none of this embedder yet, in
    /// parts that are committed one by one: a stop or an error later does not undo them. An
    /// embedder of another space than before takes the place of that, and embeds all.
    /// Vectors in segments that are missing or damaged are made anew, too.
    /// `spec` says how to open it again. A picture that cannot be used is told to the observer as a rejected
    /// row, whose line is the number of the product, and costs nothing else.
    ///
    /// # Errors
    /// [`Error::Embed`] if the embedder does not read pictures or fails,
    /// [`Error::ReadOnly`], [`Error::Damaged`] or [`Error::Io`].
    pub fn embed_pictures(
        &self,
        embedder: Arc<dyn Embedder>,
        spec: &str,
        source: &dyn PictureSource,
        observer: &mut dyn Observer,
    ) -> Result<PictureReport> {
        if !embedder.reads(Modality::Image) {
            let error = EmbedError::cannot_read(embedder.space(), Modality::Image);
            return Err(Error::Embed(error));
        }
        let space = self.begin_pictures(embedder.as_ref(), spec)?;
        *write(&self.picture_embedder) = Some(Arc::clone(&embedder));
        let mut report = PictureReport::default();
        let total = self.state.store.read()?.counts()?.products;
        let mut from = 0;
        while let Some((last, missing)) = self.without_vector(&space, from, &mut report)? {
            from = last + 1;
            let mut waiting = missing.len() as u64;
            for group in missing.chunks(GROUP) {
                if observer.stop() {
                    report.stopped = true;
                    return Ok(report);
                }
                let mut made = Vec::with_capacity(group.len());
                let embedder = embedder.as_ref();
                let ended = embed_group(embedder, group, source, &mut made, &mut report, observer);
                report.embedded += made.len() as u64;
                self.keep_pictures(&space, made)?;
                if let Err(Error::Interrupted) = ended {
                    report.stopped = true;
                    return Ok(report);
                }
                ended?;
                waiting -= group.len() as u64;
                observer.progress(Progress::Pictures {
                    done: (report.products - waiting).min(total),
                    total,
                });
            }
            self.seal_pictures(&space, observer)?;
        }
        self.background.wake(&self.state);
        Ok(report)
    }

    /// The space of an embedder, which becomes that of the catalog's pictures.
    fn begin_pictures(&self, embedder: &dyn Embedder, spec: &str) -> Result<SpaceRecord> {
        let known = self.state.store.read()?.picture_space()?;
        if let Some(known) = &known
            && known.space() == *embedder.space()
        {
            if known.embedder != spec {
                self.commit(|writer| {
                    writer.set_picture_embedder(spec)?;
                    Ok(Changes::default())
                })?;
            }
            self.forget_lost_pictures(known)?;
            return Ok(known.clone());
        }
        let segments = self.state.lock_segments();
        let outdated = match &known {
            Some(known) => self.segments_of(known)?,
            None => Vec::new(),
        };
        self.commit(|writer| {
            writer.set_picture_space(embedder.space(), spec)?;
            Ok(Changes::default())
        })?;
        outdated
            .iter()
            .for_each(|&number| self.state.segment_files.discard(number));
        drop(segments);
        let space = self.state.store.read()?.picture_space()?;
        space.ok_or_else(|| Error::Internal("the space of pictures was not kept".to_owned()))
    }

    /// Forgets the vectors of segments that cannot be used.
    fn forget_lost_pictures(&self, space: &SpaceRecord) -> Result<()> {
        self.background.rest();
        let lost: Vec<u32> = broken(&self.state, space)?
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        let _segments = self.state.lock_segments();
        self.commit(|writer| {
            writer.forget_picture_segments(space, &lost)?;
            Ok(Changes::default())
        })?;
        lost.iter()
            .for_each(|&number| self.state.segment_files.discard(number));
        Ok(())
    }

    /// The next products from a row on whose picture has no vector, with the last row that
    /// was looked at; none behind the last one.
    fn without_vector(
        &self,
        space: &SpaceRecord,
        from: u32,
        report: &mut PictureReport,
    ) -> Result<Option<(u32, Vec<Missing>)>> {
        let reader = self.state.store.read()?;
        let (mut last, mut named) = (None, Vec::new());
        reader.each_product_from(from, LOOKED_AT, |row, product| {
            last = Some(row);
            report.products += 1;
            match product.image.as_ref() {
                Some(image) => named.push(Missing {
                    row,
                    id: product.id.as_str().to_owned(),
                    reference: image.as_str().to_owned(),
                }),
                None => report.without += 1,
            }
            Ok(())
        })?;
        let Some(last) = last else { return Ok(None) };
        let mut missing = Vec::new();
        for product in named {
            match reader.text_hash(space, product.row)? == Some(picture_hash(&product.reference)) {
                true => report.unchanged += 1,
                false => missing.push(product),
            }
        }
        Ok(Some((last, missing)))
    }

    /// Keeps vectors of pictures, but for those of products that have changed or gone.
    fn keep_pictures(&self, space: &SpaceRecord, made: Vec<Made>) -> Result<()> {
        self.state.commit(|writer| {
            let reader = self.state.store.read()?;
            let mut current = Vec::with_capacity(made.len());
            for (row, hash, vector) in made {
                let is_same = |product: &crate::store::ArchivedProductRecord| {
                    product
                        .image
                        .as_ref()
                        .is_some_and(|image| picture_hash(image.as_str()) == hash)
                };
                if reader.with_product(row, is_same)? == Some(true) {
                    current.push((row, hash, vector));
                }
            }
            if !writer.has_space(space)? {
                return Err(Error::Precondition(
                    "another embedder of pictures was set meanwhile; embed them again".to_owned(),
                ));
            }
            writer.put_pictures(space, &current)?;
            Ok(Changes::default())
        })
    }

    /// Seals vectors of pictures where many have gathered.
    fn seal_pictures(&self, space: &SpaceRecord, observer: &mut dyn Observer) -> Result<()> {
        if self.state.store.read()?.live_vectors(space)? < BACKLOG / 2 {
            return Ok(());
        }
        let stop = std::sync::atomic::AtomicBool::new(observer.stop());
        let stop = || stop.load(std::sync::atomic::Ordering::Relaxed);
        seal(&self.state, space, &BuildOptions::default(), &stop).map(drop)
    }
}

/// A row, the digest of its picture's reference, and the vector of that picture.
type Made = (u32, u128, Vec<f32>);

/// Adds the vectors of the pictures of some products to `made`; those that cannot be used
/// are told.
fn embed_group(
    embedder: &dyn Embedder,
    group: &[Missing],
    source: &dyn PictureSource,
    made: &mut Vec<Made>,
    report: &mut PictureReport,
    observer: &mut dyn Observer,
) -> Result<()> {
    let references: Vec<&str> = group.iter().map(|product| &*product.reference).collect();
    source.open_all(&references, &mut |first, opened| {
        let mut vectors = embed_opened(embedder, opened)?;
        let is_embedders = |one: &Embedded| matches!(one, Err(Error::Embed(_)));
        let failed = vectors.iter().filter(|one| is_embedders(one)).count();
        if failed > 1 && vectors.iter().all(std::result::Result::is_err) {
            // Where none of several has a vector, the embedder is to blame.
            let at = vectors.iter().position(is_embedders).unwrap_or_default();
            return vectors.swap_remove(at).map(drop);
        }
        for (product, vector) in group[first.min(group.len())..].iter().zip(vectors) {
            match vector {
                Ok(vector) => made.push((product.row, picture_hash(&product.reference), vector)),
                Err(reason) => {
                    report.rejected += 1;
                    let (line, id) = (u64::from(product.row) + 1, product.id.clone());
                    observer.rejected(&Rejected::new(line, Some(id), reason.to_string()));
                }
            }
        }
        match observer.stop() {
            true => Err(Error::Interrupted),
            false => Ok(()),
        }
    })
}

/// The vector of a picture, or why it has none: [`Error::Argument`] if it could not be
/// opened, [`Error::Embed`] if it could not be embedded, as one of one colour, which may
/// have no direction.
pub(super) type Embedded = Result<Vec<f32>>;

/// The vectors of opened pictures, in their order.
pub(super) fn embed_opened(
    embedder: &dyn Embedder,
    opened: Vec<OpenedPicture>,
) -> Result<Vec<Embedded>> {
    let pictures: Vec<&Pixels> = opened.iter().flatten().collect();
    let mut vectors = Vec::with_capacity(pictures.len());
    for batch in pictures.chunks(embedder.batch().max(1)) {
        vectors.extend(embed_each(embedder, batch)?);
    }
    let mut vectors = vectors.into_iter();
    let all = opened.iter().filter_map(|opened| match opened {
        Ok(_) => vectors.next(),
        Err(reason) => Some(Err(Error::Argument(reason.clone()))),
    });
    Ok(all.collect())
}

/// The vector of each of some pictures, together if that can be.
fn embed_each(embedder: &dyn Embedder, pictures: &[&Pixels]) -> Result<Vec<Embedded>> {
    match embed_pictures(embedder, pictures) {
        Ok(vectors) => {
            let rows = vectors.chunks_exact(embedder.space().dimensions);
            Ok(rows.map(|row| Ok(row.to_vec())).collect())
        }
        Err(error @ Error::Embed(_)) if pictures.len() == 1 => Ok(vec![Err(error)]),
        Err(Error::Embed(_)) => {
            let mut vectors = Vec::with_capacity(pictures.len());
            for picture in pictures {
                vectors.extend(embed_each(embedder, &[picture])?);
            }
            Ok(vectors)
        }
        Err(error) => Err(error),
    }
}
