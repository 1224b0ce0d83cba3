//! Holding the files of a commit while others write.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::classifier::model_files;
use crate::columns::columns_file;
use crate::state::State;
use crate::store::Reader;
use crate::{Error, Result};

/// A file that a commit names, open: it can be read until it is let go, also where
/// its name has gone meanwhile.
pub(crate) struct HeldFile {
    /// Its path in the catalog's directory.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) size: u64,
}

/// The last commit, and the files that it names beside the store.
pub(crate) fn hold(state: &State) -> Result<(Reader<'_>, Vec<HeldFile>)> {
    loop {
        let reader = state.store.read()?;
        match held(&reader, state.store.directory()) {
            Ok(files) => return Ok((reader, files)),
            // Another process has merged a segment away meanwhile, or learned anew.
            Err(_) if !reader.is_last()? => {}
            Err(error) => return Err(error),
        }
    }
}

fn held(reader: &Reader<'_>, directory: &Path) -> Result<Vec<HeldFile>> {
    let mut files = Vec::new();
    for (number, _) in reader.segments()? {
        files.push(open(directory, &format!("segments/{number:08}.seg"))?);
    }
    let spaces = [Some(reader.space()?), reader.next_space()?];
    let mut students = BTreeSet::new();
    for space in spaces.into_iter().flatten() {
        students.extend(student_file(directory, &space.embedder)?);
    }
    for name in students {
        files.push(open(directory, &name)?);
    }
    let derived = model_files(directory, reader)?.into_iter();
    for name in derived.chain(columns_file(reader)?) {
        match open(directory, &name) {
            // What is derived can be made again, and may have been removed.
            Err(Error::Io { source, .. })
                if source.kind() == io::ErrorKind::NotFound && reader.is_last()? => {}
            other => files.push(other?),
        }
    }
    Ok(files)
}

/// The path in a catalog's directory of the student that it embeds with, by what it keeps
/// of its embedder.
pub(crate) fn student_file(directory: &Path, spec: &str) -> Result<Option<String>> {
    let mut names = names(directory, "students")?.into_iter();
    let named = names.find(|name| spec.contains(name));
    Ok(named.map(|name| format!("students/{name}")))
}

fn open(directory: &Path, name: &str) -> Result<HeldFile> {
    let path = directory.join(name);
    let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
    let (size, file) = opened.map_err(|source| Error::Io {
        path: path.clone(),
        doing: "opening a file of the catalog",
        source,
    })?;
    Ok(HeldFile {
        name: name.to_owned(),
        path,
        file,
        size,
    })
}

/// Names of the files in a folder, which need not be there.
fn names(directory: &Path, folder: &str) -> Result<Vec<String>> {
    let path = directory.join(folder);
    let entries = match std::fs::read_dir(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other,
    };
    let names = entries.and_then(|entries| {
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<Vec<String>>>()
    });
    names.map_err(|source| Error::Io {
        path,
        doing: "listing the folder",
        source,
    })
}
