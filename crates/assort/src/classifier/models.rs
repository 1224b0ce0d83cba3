//! Where what was learned is kept: a file that the store names.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assort_core::{Calibrations, LEAF, Method};
use assort_head::Head;

use super::heads::KnownHead;
use super::learned::Learned;
use super::model_file;
use crate::snapshot::Changes;
use crate::state::State;
use crate::store::{Epoch, ModelRecord, Reader, Store};
use crate::{Error, Result};

/// Folder of what was learned in a catalog's directory.
const FOLDER: &str = "models";

/// What was learned with more coordinates than this is not kept.
const MOST_KEPT: usize = 1 << 25;

fn path(directory: &Path, digest: u128) -> PathBuf {
    directory.join(FOLDER).join(format!("{digest:032x}.model"))
}

/// The file of a head beside it.
fn head_path(directory: &Path, digest: u128) -> PathBuf {
    directory.join(FOLDER).join(format!("{digest:032x}.head"))
}

/// Paths in a catalog's directory of the files of what was learned, as a commit names
/// them. What is missing is left out: it can be learned again.
pub(crate) fn model_files(directory: &Path, reader: &Reader<'_>) -> Result<Vec<String>> {
    let Some(ModelRecord { digest }) = reader.model()? else {
        return Ok(Vec::new());
    };
    let named = |path: PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("{FOLDER}/{name}")
    };
    let model = path(directory, digest);
    let heads = match std::fs::read(&model) {
        Ok(bytes) => model_file::heads(&bytes, digest),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(source) => {
            return Err(Error::Io {
                path: model,
                doing: "reading what was learned",
                source,
            });
        }
    };
    let heads = heads.unwrap_or_default().into_iter();
    let heads = heads.map(|head| named(head_path(directory, head)));
    Ok(std::iter::once(named(model.clone())).chain(heads).collect())
}

/// What the store says was learned: the digest of its file, and what it holds. A
/// file that is missing or cannot be read is none: it can be learned again.
pub(super) fn load(store: &Store, reader: &Reader<'_>) -> Result<(Option<u128>, Option<Learned>)> {
    let mut named = reader.model()?;
    loop {
        let Some(ModelRecord { digest }) = named else {
            return Ok((None, None));
        };
        let bytes = std::fs::read(path(store.directory(), digest)).ok();
        let open = |digest| {
            let head = Head::open(&head_path(store.directory(), digest)).ok();
            let head = head.filter(|head| head.digest() == digest)?;
            Some(KnownHead(Arc::new(head)))
        };
        let learned = bytes.and_then(|bytes| model_file::decode(&bytes, digest, &open));
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
    let epoch = reader.epoch()?;
    let learned = load(store, reader)?.1.filter(|known| known.epoch == epoch);
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
    let heads: Vec<&KnownHead> = learned.self_trained.iter().chain(&learned.heads).collect();
    for KnownHead(head) in &heads {
        let file = head_path(state.store.directory(), head.digest());
        // One that is named by its digest and whole is the same.
        if !file.exists() {
            write_durably(state, &file, head.bytes())?;
        }
    }
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
    if kept.is_some() {
        sweep(state, kept, &heads);
    }
    Ok(kept)
}

/// Removes the files of what the store does not name any more.
fn sweep(state: &State, kept: Option<u128>, heads: &[&KnownHead]) {
    let directory = state.store.directory();
    let heads = heads
        .iter()
        .map(|head| head_path(directory, head.0.digest()));
    let kept: Vec<PathBuf> = kept
        .map(|digest| path(directory, digest))
        .into_iter()
        .chain(heads)
        .collect();
    state.sweep(FOLDER, &kept);
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
