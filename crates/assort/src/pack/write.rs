//! Writing a pack.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use assort_core::Taxonomy;
use assort_files::{Bytes, Disk, Map};
use assort_index::{BuildOptions, Vectors, build};

use super::file::{Description, Lengths, Tuning, save};
use super::labelled::{self, LabelledProduct};
use super::taxonomy;
use crate::classifier::{KnownEvidence, KnownProduct, PortableModel, StoredEvidence};
use crate::observer::{Observer, Progress};
use crate::snapshot::Snapshot;
use crate::snapshot::chunk::Chunk;
use crate::store::Reader;
use crate::{Error, Result};

/// How often it is looked whether to stop.
const POLL: Duration = Duration::from_millis(10);

/// What packing did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PackReport {
    /// What the pack is known by, see [`Pack::digest`](super::Pack::digest).
    pub digest: u128,
    /// Bytes of the file.
    pub size: u64,
    /// Categories of its taxonomy.
    pub categories: usize,
    /// Labelled products that vote in it.
    pub labels: usize,
    /// Heads that learned from labels or by themselves.
    pub heads: usize,
    /// Whether the student that embeds is in it.
    pub has_student: bool,
}

/// What is packed: a commit, and what was learned from it.
pub(crate) struct Packing<'a> {
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) taxonomy: &'a Taxonomy,
    pub(crate) model: &'a PortableModel,
    /// The file of the catalog's student.
    pub(crate) student: Option<&'a Path>,
}

/// The vectors of labelled products, by row of the pack.
struct LabelledVectors<'a> {
    chunks: &'a [Chunk<'a>],
    /// Number of the chunk, and the position there.
    places: Vec<(u32, u32)>,
    dimensions: usize,
}

impl Vectors for LabelledVectors<'_> {
    fn len(&self) -> usize {
        self.places.len()
    }

    fn dimensions(&self) -> usize {
        self.dimensions
    }

    fn row(&self, at: usize) -> u32 {
        at as u32
    }

    fn read(&self, at: usize, out: &mut [f32]) -> assort_index::Result<()> {
        let (chunk, position) = self.places[at];
        let read = self.chunks[chunk as usize].read(position, out);
        read.map_err(|error| assort_index::Error::Fault(error.to_string()))
    }
}

/// Writes a pack durably.
pub(crate) fn write(
    packing: &Packing<'_>,
    path: &Path,
    observer: &mut dyn Observer,
) -> Result<PackReport> {
    let chunks = packing.snapshot.chunks();
    let (products, vectors) = labelled_products(packing, &chunks)?;
    let segment = segment(packing, &vectors, path, observer)?;
    let student = packing.student.map(Map::open).transpose()?;
    let space = packing.reader.space()?;
    let heads = packing.model.heads();
    let taxonomy = taxonomy::bytes(packing.taxonomy)?;
    let rows = packing.model.rows().iter();
    let prototypes: Vec<u8> = rows.flat_map(|value| value.to_le_bytes()).collect();
    let (model, labelled) = (packing.model.bytes(), labelled::bytes(&products));
    let tuning = packing.reader.tuning()?;
    let description = Description {
        assort: env!("CARGO_PKG_VERSION").to_owned(),
        dimensions: space.dimensions,
        model: space.model,
        fingerprint: space.fingerprint,
        embedder: space.embedder,
        tuning: tuning.map(|tuning| Tuning {
            ef: tuning.ef,
            slack: tuning.slack,
        }),
        lengths: Lengths {
            taxonomy: taxonomy.len(),
            prototypes: prototypes.len(),
            model: model.len(),
            heads: heads
                .iter()
                .map(|head| (format!("{:032x}", head.digest()), head.bytes().len()))
                .collect(),
            labelled: labelled.len(),
            segment: segment.as_ref().map(|bytes| bytes.len()),
            student: student.as_ref().map(|bytes| bytes.len()),
        },
    };
    let mut sections: Vec<&[u8]> = vec![&taxonomy, &prototypes, &model];
    sections.extend(heads.iter().map(|head| head.bytes()));
    sections.push(&labelled);
    sections.extend(segment.iter().map(|bytes| &bytes[..]));
    sections.extend(student.iter().map(|bytes| &bytes[..]));
    if observer.stop() {
        return Err(Error::Interrupted);
    }
    let digest = save(&Disk, path, &description, &sections)?;
    Ok(PackReport {
        digest,
        size: std::fs::metadata(path).map_or(0, |file| file.len()),
        categories: packing.taxonomy.len(),
        labels: products.len(),
        heads: heads.len(),
        has_student: student.is_some(),
    })
}

/// All products that have a label and a vector, by id.
fn labelled_products<'a>(
    packing: &Packing<'_>,
    chunks: &'a [Chunk<'a>],
) -> Result<(Vec<LabelledProduct>, LabelledVectors<'a>)> {
    let stored = StoredEvidence::of(packing.reader)?;
    let mut found = Vec::new();
    for (number, chunk) in (0u32..).zip(chunks) {
        for (position, row) in chunk.rows()? {
            let Some(label) = packing.snapshot.label(row) else {
                continue;
            };
            if let Some(KnownProduct { id, title, .. }) = stored.product(row)? {
                let product = LabelledProduct { id, title, label };
                found.push((product, (number, position)));
            }
        }
    }
    found.sort_unstable_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    let (products, places) = found.into_iter().unzip();
    let vectors = LabelledVectors {
        chunks,
        places,
        dimensions: packing.snapshot.dimensions(),
    };
    Ok((products, vectors))
}

/// The segment of the labelled products; none without any. It is built beside the pack,
/// where there is room for it.
fn segment(
    packing: &Packing<'_>,
    vectors: &LabelledVectors<'_>,
    path: &Path,
    observer: &mut dyn Observer,
) -> Result<Option<Bytes>> {
    if vectors.is_empty() {
        return Ok(None);
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let failed = |source| Error::Io {
        path: folder.to_owned(),
        doing: "making a temporary file",
        source,
    };
    let folder = tempfile::tempdir_in(folder).map_err(failed)?;
    let file = folder.path().join("labelled.seg");
    let tag = packing.reader.space()?.tag();
    build_observed(&file, tag, vectors, observer)?;
    // It stays mapped when its name goes.
    Ok(Some(Bytes::Mapped(Map::open(&file)?)))
}

/// Builds a segment in another thread while `observer` follows it and may stop it.
fn build_observed(
    file: &Path,
    space: u128,
    vectors: &LabelledVectors<'_>,
    observer: &mut dyn Observer,
) -> Result<()> {
    let (stop, done) = (AtomicBool::new(false), AtomicU64::new(0));
    let (total, options) = (vectors.len() as u64, BuildOptions::default());
    let go_on = |part: f64| {
        done.store((part * total as f64) as u64, Ordering::Relaxed);
        stop.load(Ordering::Relaxed)
    };
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| build(&Disk, file, space, vectors, &options, &go_on));
        while !thread.is_finished() {
            let done = done.load(Ordering::Relaxed);
            observer.progress(Progress::Indexing { done, total });
            stop.fetch_or(observer.stop(), Ordering::Relaxed);
            std::thread::sleep(POLL);
        }
        let built = thread.join();
        Ok(built.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    })
}
