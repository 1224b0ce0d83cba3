//! Copies in object stores: S3, Google Cloud Storage, and what speaks like them.
//!
//! A copy is `manifest.json` and, for each of its files, `files/DIGEST`. The manifest is
//! put last, so that it names nothing that is not there. A file is never replaced.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use assort::copies::{CopiedFile, CopyOptions, CopyReport, Manifest, Snapshot, Source};
use assort::{Catalog, Error, Observer, Progress, Result};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutMode, PutPayload, UpdateVersion,
};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio_stream::StreamExt;

use crate::chunks::Chunks;
use crate::store;

/// The object that makes others a copy.
const MANIFEST: &str = "manifest.json";

/// What the names of files begin with.
const FILES: &str = "files";

/// Least bytes of a part of a file, and most parts that stores take.
const PART: u64 = 8 << 20;
const MOST_PARTS: u64 = 9_000;

/// Parts that are on their way at once.
const PARTS: usize = 4;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// A copy in an object store, or the place for one.
pub struct Objects {
    url: String,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    // Ends after what runs on it.
    runtime: Runtime,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Objects").field(&self.url).finish()
    }
}

/// The copy that is there, and what its manifest is replaced by.
struct Known {
    manifest: Manifest,
    version: UpdateVersion,
}

impl Objects {
    /// The copy at `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `file:///FOLDER`, with
    /// keys, region and endpoint from the environment; see [`Self::with_settings`].
    /// Nothing is asked until it is read or written.
    ///
    /// # Errors
    /// [`Error::Argument`] if the address names no such store or a setting cannot be
    /// used, [`Error::Io`] if no thread can be started.
    pub fn open(url: &str) -> Result<Self> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::with_settings(url, std::env::vars_os().filter_map(text))
    }

    /// As [`Self::open`], with settings under the names that they have in the
    /// environment. Those count that [`object_store`] knows: of S3 `AWS_ACCESS_KEY_ID`,
    /// `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT`,
    /// `AWS_ALLOW_HTTP` and others; of Google Cloud Storage `GOOGLE_SERVICE_ACCOUNT` (the
    /// file of a key), `GOOGLE_APPLICATION_CREDENTIALS` and others. Calls are encrypted by
    /// ring, which becomes the process's provider of rustls unless it has one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn with_settings(
        url: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let (store, prefix) = store::open(url, settings)?;
        Self::on(url, store, prefix)
    }

    /// The copy below a prefix of a store, which messages call `name`.
    ///
    /// # Errors
    /// [`Error::Io`] if no thread can be started.
    pub fn on(name: &str, store: Arc<dyn ObjectStore>, prefix: Path) -> Result<Self> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|source| Error::Io {
            path: name.into(),
            doing: "starting a thread",
            source,
        })?;
        Ok(Self {
            url: name.trim_end_matches('/').to_owned(),
            store,
            prefix,
            runtime,
        })
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
        let folder = self.prefix.clone().join(FILES);
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
            let path = PathBuf::from(&self.url);
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
                let sent = self.send(&path, file, &mut |sent| {
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

    /// Sends a file, in parts if it is large. It is here when all of it is.
    fn send(
        &self,
        from: &std::path::Path,
        file: &CopiedFile,
        follow: &mut dyn FnMut(u64) -> bool,
    ) -> Result<()> {
        let unreadable = |source: io::Error| Error::Io {
            path: from.to_owned(),
            doing: "reading the file",
            source,
        };
        let mut bytes = File::open(from).map_err(unreadable)?;
        let part = PART.max(file.size.div_ceil(MOST_PARTS)) as usize;
        let to = self.path(file);
        let mut out =
            BufWriter::with_capacity(Arc::clone(&self.store), to, part).with_max_concurrency(PARTS);
        // Parts are sent by tasks of their own.
        let _inside = self.runtime.enter();
        let (mut buffer, mut sent) = (vec![0; CHUNK], 0);
        let ended = loop {
            match bytes.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(unreadable(error)),
                Ok(0) => break Ok(()),
                Ok(read) => {
                    let written = self.runtime.block_on(out.write_all(&buffer[..read]));
                    if let Err(error) = written {
                        break Err(self.unsent(&store::within(error)));
                    }
                    sent += read as u64;
                    if !follow(sent) {
                        break Err(Error::Interrupted);
                    }
                }
            }
        };
        match ended {
            Ok(()) => {
                let whole = self.runtime.block_on(out.shutdown());
                whole.map_err(|error| self.unsent(&store::within(error)))
            }
            Err(error) => {
                // Stores can be told to remove what stays after a while.
                let _ = self.runtime.block_on(out.abort());
                Err(error)
            }
        }
    }

    /// Puts the manifest, unless another process has put one meanwhile.
    fn put_manifest(&self, manifest: &Manifest, known: Option<&Known>) -> Result<()> {
        let mode = match known {
            Some(known) => PutMode::Update(known.version.clone()),
            None => PutMode::Create,
        };
        let put = |mode: PutMode| {
            let payload = PutPayload::from(manifest.encode());
            let path = self.manifest_path();
            let put = async { self.store.put_opts(&path, payload, mode.into()).await };
            self.runtime.block_on(put)
        };
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
                    to: self.url.clone(),
                    what: "another process has made a copy there meanwhile".to_owned(),
                }),
            },
            Err(error) => Err(self.unsent(&error)),
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
        kept.insert(self.manifest_path());
        for path in there.filter(|path| !kept.contains(path)) {
            let _ = self.runtime.block_on(self.store.delete(&path));
        }
    }

    /// The copy that is here; none if there is none.
    fn known(&self) -> Result<Option<Known>> {
        let path = self.manifest_path();
        let got = self.runtime.block_on(async {
            let got = self.store.get(&path).await?;
            let version = UpdateVersion {
                e_tag: got.meta.e_tag.clone(),
                version: got.meta.version.clone(),
            };
            Ok((got.bytes().await?, version))
        });
        let (bytes, version) = match got {
            Ok(got) => got,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(self.unread(&error)),
        };
        let manifest = Manifest::decode(&bytes).map_err(|what| Error::Copy {
            path: self.file_of(MANIFEST),
            what,
        })?;
        Ok(Some(Known { manifest, version }))
    }

    /// Sizes of all objects below the prefix.
    fn sizes(&self) -> Result<HashMap<Path, u64>> {
        let listed = self.runtime.block_on(async {
            let mut listed = self.store.list(Some(&self.prefix));
            let mut sizes = HashMap::new();
            while let Some(object) = listed.next().await {
                let object = object?;
                sizes.insert(object.location, object.size);
            }
            Ok(sizes)
        });
        listed.map_err(|error| self.unread(&error))
    }

    fn has(&self, file: &CopiedFile, there: &HashMap<Path, u64>) -> bool {
        there.get(&self.path(file)) == Some(&file.size)
    }

    fn manifest_path(&self) -> Path {
        self.prefix.clone().join(MANIFEST)
    }

    fn path(&self, file: &CopiedFile) -> Path {
        let folder = self.prefix.clone().join(FILES);
        folder.join(format!("{:032x}", file.digest))
    }

    /// A file of the copy, for messages.
    fn file_of(&self, name: &str) -> PathBuf {
        std::path::Path::new(&self.url).join(name)
    }

    fn refused(&self, error: &object_store::Error) -> Option<Error> {
        let what = store::refusal(error)?;
        let at = self.url.clone();
        Some(Error::Refused { at, what })
    }

    fn unread(&self, error: &object_store::Error) -> Error {
        self.refused(error).unwrap_or_else(|| Error::Fetch {
            from: self.url.clone(),
            what: store::said(error),
        })
    }

    fn unsent(&self, error: &object_store::Error) -> Error {
        self.refused(error).unwrap_or_else(|| Error::Send {
            to: self.url.clone(),
            what: store::said(error),
        })
    }
}

impl Source for Objects {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn manifest(&mut self) -> Result<Manifest> {
        let known = self.known()?.map(|known| known.manifest);
        known.ok_or_else(|| Error::NotACopy(PathBuf::from(&self.url)))
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        let path = self.path(file);
        let options = GetOptions {
            range: Some(GetRange::Offset(offset)),
            ..GetOptions::default()
        };
        let got = self.runtime.block_on(self.store.get_opts(&path, options));
        let got = match got {
            Ok(got) => got,
            // Another run would find it no more than this one.
            Err(error) if is_absent(&error) => {
                return Err(Error::Io {
                    path: self.file_of(&file.name),
                    doing: "reading the object",
                    source: io::ErrorKind::NotFound.into(),
                });
            }
            Err(error) => return Err(self.unread(&error)),
        };
        if got.meta.size != file.size {
            return Err(Error::Copy {
                path: self.file_of(&file.name),
                what: format!(
                    "it has {} bytes, and {} by the manifest",
                    got.meta.size, file.size
                ),
            });
        }
        let mut parts = got.into_stream();
        Ok(Box::new(Chunks::new(move || {
            let next = self.runtime.block_on(parts.next()).transpose();
            let next = next.map_err(|error| io::Error::other(store::said(&error)))?;
            Ok(next.map(Vec::from))
        })))
    }
}

/// Whether an object is not there, in a place that is.
fn is_absent(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. }) && store::refusal(error).is_none()
}

fn report_of(manifest: &Manifest) -> CopyReport {
    CopyReport {
        commit: manifest.commit,
        size: manifest.size(),
        ..CopyReport::default()
    }
}
