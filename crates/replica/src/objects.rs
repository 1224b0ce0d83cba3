//! Copies in object stores: S3, Google Cloud Storage, Azure, and what speaks like them.
//!
//! A copy is `manifest.json` and, for each of its files, `files/DIGEST`. The manifest is
//! put last, so that it names nothing that is not there. A file is never replaced.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use assort::copies::{CopiedFile, CopyOptions, CopyReport, Manifest, Snapshot, Source};
use assort::{Catalog, Error, Observer, Progress, Result};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, PutMode, UpdateVersion};
use tokio_stream::StreamExt;

use crate::chunks::Chunks;
use crate::place::{Place, environment, is_absent};
use crate::store;

/// The object that makes others a copy.
const MANIFEST: &str = "manifest.json";

/// What the names of files begin with.
const FILES: &str = "files";

/// A copy in an object store, or the place for one.
#[derive(Debug)]
pub struct Objects {
    place: Place,
}

/// The copy that is there, and what its manifest is replaced by.
struct Known {
    manifest: Manifest,
    version: UpdateVersion,
}

impl Objects {
    /// The copy at `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://CONTAINER/PREFIX` or
    /// `file:///FOLDER`, with keys, region and endpoint from the environment; see [`Self::with_settings`].
    /// Nothing is asked until it is read or written.
    ///
    /// # Errors
    /// [`Error::Argument`] if the address names no such store or a setting cannot be
    /// used, [`Error::Io`] if no thread can be started.
    pub fn open(url: &str) -> Result<Self> {
        Self::with_settings(url, environment())
    }

    /// As [`Self::open`], with settings under the names that they have in the
    /// environment. Those count that [`object_store`] knows: of S3 `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT`,
    /// `AWS_ALLOW_HTTP` and others; of Google Cloud Storage `GOOGLE_SERVICE_ACCOUNT` (the
    /// file of a key), `GOOGLE_APPLICATION_CREDENTIALS` and others; of Azure
    /// `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY` and others. Calls are encrypted by
    /// ring, which becomes the process's provider of rustls unless it has one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_settings(
        url: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        Ok(Self::at(Place::open(url, settings)?))
    }

    /// The copy below a prefix of a store, which messages call `name`.
    ///
    /// # Errors
    /// [`Error::Io`] if no thread can be started.
    pub fn on(name: &str, store: Arc<dyn ObjectStore>, prefix: Path) -> Result<Self> {
        Ok(Self::at(Place::on(name, store, prefix)?))
    }

    pub(crate) fn at(place: Place) -> Self {
        Self { place }
    }

    /// Copies the last commit of a catalog here, or brings an earlier copy of the same
    /// catalog up to date, while anybody reads and writes. Files that are here are not
    /// sent again, unless the options say to verify. It becomes the new copy when its
    /// manifest is put, at last. Files of the one before stay until the next time, for
    /// those who are reading them, and files of neither go.
    ///
    /// # Errors
    /// [`Error::OtherCopy`] if something else is here, [`Error::Send`] if the store
    /// cannot be reached or another process makes a copy here, [`Error::Refused`],
    /// [`Error::Copy`] if the manifest is none, and as [`Catalog::snapshot`].
    pub fn backup(
        &mut self,
        catalog: &Catalog,
        options: CopyOptions,
        observer: &mut dyn Observer,
    ) -> Result<CopyReport> {
        let (known, there) = (self.known()?, self.sizes()?);
        self.check_place(catalog, known.as_ref(), &there)?;
        if let Some(known) = &known
            && !options.verifies()
            && known.manifest.commit == catalog.last_commit()?
            && known.manifest.files.iter().all(|f| self.has(f, &there))
        {
            return Ok(CopyReport {
                kept: known.manifest.files.len() as u64,
                ..report_of(&known.manifest)
            });
        }
        let snapshot = catalog.snapshot(observer)?;
        let manifest = snapshot.manifest();
        let believed = match options.verifies() {
            true => HashMap::new(),
            false => there.clone(),
        };
        let report = self.send_all(&snapshot, &believed, observer)?;
        self.put_manifest(manifest, known.as_ref())?;
        self.sweep(manifest, known.as_ref(), there.into_keys());
        Ok(report)
    }

    /// Refuses a place that has something else than an earlier copy of the catalog.
    fn check_place(
        &self,
        catalog: &Catalog,
        known: Option<&Known>,
        there: &HashMap<Path, u64>,
    ) -> Result<()> {
        let folder = self.place.path(FILES);
        let refused = match known {
            Some(known) => {
                let next = Manifest {
                    catalog: catalog.identity()?,
                    commit: catalog.last_commit()?,
                    ..known.manifest.clone()
                };
                next.follows(&known.manifest).err()
            }
            None => {
                let foreign = there.keys().any(|path| !path.prefix_matches(&folder));
                foreign.then(|| "it has other objects in it".to_owned())
            }
        };
        refused.map_or(Ok(()), |what| {
            let path = PathBuf::from(self.place.url());
            Err(Error::OtherCopy { path, what })
        })
    }

    /// Sends the files of a snapshot that are not here.
    fn send_all(
        &self,
        snapshot: &Snapshot,
        there: &HashMap<Path, u64>,
        observer: &mut dyn Observer,
    ) -> Result<CopyReport> {
        let mut report = report_of(snapshot.manifest());
        let (total, mut done) = (report.size, 0);
        for file in &snapshot.manifest().files {
            if self.has(file, there) {
                report.kept += 1;
            } else {
                let path = snapshot.directory().join(&file.name);
                let sent = self.place.send(&path, &name_of(file), &mut |sent| {
                    let done = done + sent;
                    observer.progress(Progress::Copying { done, total });
                    !observer.stop()
                });
                sent?;
                report.copied += 1;
                report.bytes += file.size;
            }
            done += file.size;
        }
        Ok(report)
    }

    /// Puts the manifest, unless another process has put one meanwhile.
    fn put_manifest(&self, manifest: &Manifest, known: Option<&Known>) -> Result<()> {
        let mode = match known {
            Some(known) => PutMode::Update(known.version.clone()),
            None => PutMode::Create,
        };
        let put = |mode: PutMode| self.place.put(MANIFEST, manifest.encode(), mode);
        let mut done = put(mode);
        if let Err(object_store::Error::NotImplemented { .. }) = done {
            // Folders, and stores that do not compare versions.
            done = put(PutMode::Overwrite);
        }
        match done {
            Ok(_) => Ok(()),
            Err(
                object_store::Error::Precondition { .. }
                | object_store::Error::AlreadyExists { .. },
            ) => match self.known()? {
                // An answer was lost, and the request was made again.
                Some(there) if there.manifest == *manifest => Ok(()),
                _ => Err(Error::Send {
                    to: self.place.url().to_owned(),
                    what: "another process has made a copy there meanwhile".to_owned(),
                }),
            },
            Err(error) => Err(self.place.unsent(&error)),
        }
    }

    /// Removes files that neither manifest names. What stays goes the next time.
    fn sweep(
        &self,
        manifest: &Manifest,
        before: Option<&Known>,
        there: impl Iterator<Item = Path>,
    ) {
        let before = before.map(|known| &known.manifest);
        let named = [Some(manifest), before].into_iter().flatten();
        let named = named.flat_map(|manifest| &manifest.files);
        let mut kept: HashSet<Path> = named.map(|file| self.path(file)).collect();
        kept.insert(self.place.path(MANIFEST));
        for path in there.filter(|path| !kept.contains(path)) {
            let _ = self.place.delete(&path);
        }
    }

    /// The copy that is here; none if there is none.
    fn known(&self) -> Result<Option<Known>> {
        let Some((bytes, version)) = self.place.get(MANIFEST)? else {
            return Ok(None);
        };
        let manifest = Manifest::decode(&bytes).map_err(|what| Error::Copy {
            path: self.place.file_of(MANIFEST),
            what,
        })?;
        Ok(Some(Known { manifest, version }))
    }

    /// Sizes of all objects below the prefix.
    fn sizes(&self) -> Result<HashMap<Path, u64>> {
        let listed = self.place.list()?.into_iter();
        Ok(listed
            .map(|object| (object.location, object.size))
            .collect())
    }

    fn has(&self, file: &CopiedFile, there: &HashMap<Path, u64>) -> bool {
        there.get(&self.path(file)) == Some(&file.size)
    }

    fn path(&self, file: &CopiedFile) -> Path {
        self.place.path(&name_of(file))
    }
}

impl Source for Objects {
    fn name(&self) -> String {
        self.place.url().to_owned()
    }

    fn manifest(&mut self) -> Result<Manifest> {
        let known = self.known()?.map(|known| known.manifest);
        known.ok_or_else(|| Error::NotACopy(PathBuf::from(self.place.url())))
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        let path = self.path(file);
        let options = GetOptions {
            range: Some(GetRange::Offset(offset)),
            ..GetOptions::default()
        };
        let got = self.place.wait(self.place.store().get_opts(&path, options));
        let got = match got {
            Ok(got) => got,
            // Another run would find it no more than this one.
            Err(error) if is_absent(&error) => {
                return Err(Error::Io {
                    path: self.place.file_of(&file.name),
                    doing: "reading the object",
                    source: io::ErrorKind::NotFound.into(),
                });
            }
            Err(error) => return Err(self.place.unread(&error)),
        };
        if got.meta.size != file.size {
            return Err(Error::Copy {
                path: self.place.file_of(&file.name),
                what: format!(
                    "it has {} bytes, and {} by the manifest",
                    got.meta.size, file.size
                ),
            });
        }
        let mut parts = got.into_stream();
        Ok(Box::new(Chunks::new(move || {
            let next = self.place.wait(parts.next()).transpose();
            let next = next.map_err(|error| io::Error::other(store::said(&error)))?;
            Ok(next.map(Vec::from))
        })))
    }
}

fn name_of(file: &CopiedFile) -> String {
    format!("{FILES}/{:032x}", file.digest)
}

fn report_of(manifest: &Manifest) -> CopyReport {
    CopyReport {
        commit: manifest.commit,
        size: manifest.size(),
        ..CopyReport::default()
    }
}
