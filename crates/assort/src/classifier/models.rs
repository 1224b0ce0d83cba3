//! Where what was learned is kept: a file that the store names.

use std::io::Write;
use std::path::{Path, PathBuf};

use assort_core::{Calibrations, Ensemble, LEAF, Method, PlattScaling, Weights};

use super::learned::{FitCounts, Learned};
use super::model_file;
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::{Epoch, FitRecord, ModelRecord, Reader, Store};
use crate::{Error, Result};

/// Folder of what was learned in a catalog's directory.
const FOLDER: &str = "models";

/// What was learned with more coordinates than this is not kept.
const MOST_KEPT: usize = 1 << 25;

fn path(directory: &Path, digest: u128) -> PathBuf {
    directory.join(FOLDER).join(format!("{digest:032x}.model"))
}

/// What the store says was learned: the digest of its file, and what it holds. A
/// file that is missing or cannot be read is none: it can be learned again.
pub(super) fn load(store: &Store, reader: &Reader<'_>) -> Result<(Option<u128>, Option<Learned>)> {
    let mut named = reader.model()?;
    loop {
        let Some(ModelRecord { digest }) = named else {
            // Older programs kept it in the store itself.
            return Ok((None, reader.fit()?.map(Learned::from)));
        };
        let bytes = std::fs::read(path(store.directory(), digest)).ok();
        let learned = bytes.and_then(|bytes| model_file::decode(&bytes, digest));
        if learned.is_some() {
            return Ok((Some(digest), learned));
        }
        // A later commit may have put another one in its place.
        let now = store.read()?;
        let then = named;
        named = now.model()?;
        if named == then || named.is_none() || now.epoch()? != reader.epoch()? {
            return Ok((Some(digest), None));
        }
    }
}

/// The methods whose confidence was calibrated on labels.
pub(crate) fn calibrated(store: &Store, reader: &Reader<'_>) -> Result<Vec<Method>> {
    let learned = load(store, reader)?.1;
    let calibrations =
        learned.map_or_else(Calibrations::default, |known| known.ensemble.calibrations);
    let methods = Method::ALL.into_iter();
    Ok(methods
        .filter(|method| calibrations.get(*method, LEAF).is_some())
        .collect())
}

/// Keeps what was learned of an epoch, where that may be; gives the digest by
/// which the store names it.
pub(super) fn keep(state: &State, learned: &Learned, epoch: &Epoch) -> Result<Option<u128>> {
    if !state.store.is_writer() || learned.leaves.len() > MOST_KEPT {
        return Ok(None);
    }
    let (bytes, digest) = model_file::encode(learned);
    let file = path(state.store.directory(), digest);
    write_durably(state, &file, &bytes)?;
    let mut kept = None;
    state.commit(|writer| {
        // What was learned of a taxonomy that was replaced meanwhile is of no use.
        if state.store.read()?.epoch()? == *epoch {
            writer.set_model(&ModelRecord { digest })?;
            kept = Some(digest);
        }
        Ok(Changes::default())
    })?;
    sweep(state, kept);
    Ok(kept)
}

/// Removes the files of what the store does not name any more. Where that cannot
/// be, they go later.
fn sweep(state: &State, kept: Option<u128>) {
    let directory = state.store.directory();
    let kept = kept.map(|digest| path(directory, digest));
    let entries = std::fs::read_dir(directory.join(FOLDER));
    for entry in entries.into_iter().flatten().flatten() {
        if Some(entry.path()) != kept {
            let _ = state.segment_files.files().remove(&entry.path());
        }
    }
}

fn write_durably(state: &State, path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |doing| {
        move |source| Error::Io {
            path: path.to_owned(),
            doing,
            source,
        }
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed("making the folder of models"))?;
    }
    let files = state.segment_files.files();
    let draft = path.with_extension("new");
    let write = || {
        let mut file = files.create(&draft)?;
        file.write_all(bytes)?;
        file.sync()?;
        files.rename(&draft, path)
    };
    write().map_err(failed("writing what was learned"))
}

impl From<FitRecord> for Learned {
    fn from(fit: FitRecord) -> Self {
        let mut calibrations = Calibrations::default();
        for (method, curve) in Method::ALL.into_iter().zip(fit.calibrations) {
            calibrations.set(method, LEAF, curve.map(PlattScaling::new));
        }
        Self {
            counts: FitCounts {
                products: fit.products,
                labels: fit.labels,
                changed_vectors: fit.changed.0,
                changed_labels: fit.changed.1,
            },
            mean: fit.mean,
            leaves: fit.leaves,
            prior: fit.prior,
            by_labels: fit.taught,
            ensemble: Ensemble {
                weights: Weights::new([1.0 - fit.votes, fit.votes]),
                calibrations,
            },
        }
    }
}
