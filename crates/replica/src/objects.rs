//! Copies in object stores: S3, Google Cloud Storage, and what speaks like them.
//!
//! A copy is `manifest.json` and, for each of its files, `files/DIGEST`. The manifest is
//! put last, so that it names nothing that is not there.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

use assort::copies::{CopiedFile, CopyReport, Folder, Manifest, Source};
use assort::{Error, Observer, Progress, Result};
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, PutPayload, WriteMultipart, parse_url_opts,
};
use tokio::runtime::Runtime;
use tokio_stream::StreamExt;
use url::Url;

use crate::chunks::Chunks;

/// The object that makes others a copy.
const MANIFEST: &str = "manifest.json";

/// What the names of files begin with.
const FILES: &str = "files";

/// Bytes of a part, and parts that are on their way at once.
const PART: usize = 8 << 20;
const PARTS: usize = 4;

/// A copy in an object store, or the place for one.
pub struct Objects {
    url: String,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    runtime: Runtime,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Objects").field(&self.url).finish()
    }
}

impl Objects {
    /// The copy at `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `file:///FOLDER`. Keys,
    /// region and endpoint are read from the environment, as the tools of the stores do:
    /// `AWS_ACCESS_KEY_ID`, `GOOGLE_SERVICE_ACCOUNT` and others.
    ///
    /// # Errors
    /// [`Error::Argument`] if the address names no such store, [`Error::Io`] if no
    /// thread can be started.
    pub fn open(url: &str) -> Result<Self> {
        let wrong = |what: String| Error::Argument(format!("{url}: {what}"));
        let parsed = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        // Other programs may have set the same one, or none at all.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = std::env::vars().map(|(name, value)| (name.to_lowercase(), value));
        let opened = parse_url_opts(&parsed, settings);
        let (store, prefix) = opened.map_err(|error| wrong(error.to_string()))?;
        Self::on(url, store.into(), prefix)
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
            url: name.to_owned(),
            store,
            prefix,
            runtime,
        })
    }

    fn failed(&self, error: &object_store::Error) -> Error {
        Error::Fetch {
            from: self.url.clone(),
            what: error.to_string(),
        }
    }

    fn manifest_path(&self) -> Path {
        self.prefix.clone().join(MANIFEST)
    }

    fn file_path(&self, digest: u128) -> Path {
        let folder = self.prefix.clone().join(FILES);
        folder.join(format!("{digest:032x}"))
    }

    /// The manifest; none if there is none.
    fn known(&self) -> Result<Option<Manifest>> {
        let path = self.manifest_path();
        let got = self.runtime.block_on(async {
            let got = self.store.get(&path).await?;
            got.bytes().await
        });
        match got {
            Ok(bytes) => {
                let decoded = Manifest::decode(&bytes);
                decoded.map(Some).map_err(|what| Error::Copy {
                    path: format!("{}/{MANIFEST}", self.url).into(),
                    what,
                })
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
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
        listed.map_err(|error| self.failed(&error))
    }

    /// Puts the copy in a folder here, or brings an earlier one of the same catalog up
    /// to date. Files that are here are not sent again. It becomes the new copy when its
    /// manifest is put, at last; files of the one before stay until the next time, for
    /// those who are reading them.
    ///
    /// # Errors
    /// [`Error::OtherCopy`] if something else is here, [`Error::Fetch`], [`Error::Io`],
    /// [`Error::NotACopy`], [`Error::Interrupted`].
    pub fn put(
        &mut self,
        copy: &std::path::Path,
        observer: &mut dyn Observer,
    ) -> Result<CopyReport> {
        let manifest = Folder::new(copy).manifest()?;
        let (known, sizes) = (self.known()?, self.sizes()?);
        let folder = self.prefix.clone().join(FILES);
        let refused = match &known {
            Some(known) => manifest.follows(known).err(),
            None => {
                let foreign = sizes.keys().any(|path| !path.prefix_matches(&folder));
                foreign.then(|| "it has other objects in it".to_owned())
            }
        };
        if let Some(what) = refused {
            return Err(Error::OtherCopy {
                path: self.url.clone().into(),
                what,
            });
        }
        let mut report = CopyReport {
            commit: manifest.commit,
            size: manifest.size(),
            ..CopyReport::default()
        };
        let mut done = 0;
        for file in &manifest.files {
            let path = self.file_path(file.digest);
            if sizes.get(&path) == Some(&file.size) {
                report.kept += 1;
            } else {
                let mut follow = |bytes: u64| {
                    let (done, total) = (done + bytes, report.size);
                    observer.progress(Progress::Copying { done, total });
                    !observer.stop()
                };
                self.send(&copy.join(&file.name), &path, &mut follow)?;
                report.copied += 1;
                report.bytes += file.size;
            }
            done += file.size;
        }
        if known.as_ref() != Some(&manifest) {
            let payload = PutPayload::from(manifest.encode());
            let put = self.store.put(&self.manifest_path(), payload);
            let put = self.runtime.block_on(put);
            put.map_err(|error| self.failed(&error))?;
            self.sweep(&manifest, known.as_ref(), sizes.into_keys());
        }
        Ok(report)
    }

    /// Sends a file in parts.
    fn send(
        &self,
        from: &std::path::Path,
        to: &Path,
        follow: &mut dyn FnMut(u64) -> bool,
    ) -> Result<()> {
        let unreadable = |source: io::Error| Error::Io {
            path: from.to_owned(),
            doing: "reading the file",
            source,
        };
        let mut file = File::open(from).map_err(unreadable)?;
        let begun = self.runtime.block_on(self.store.put_multipart(to));
        let begun = begun.map_err(|error| self.failed(&error))?;
        let mut parts = {
            // Parts are sent by tasks of their own.
            let _inside = self.runtime.enter();
            WriteMultipart::new_with_chunk_size(begun, PART)
        };
        let (mut buffer, mut sent) = (vec![0; 1 << 20], 0);
        let ended = loop {
            match file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => break Err(unreadable(error)),
                Ok(0) => break Ok(()),
                Ok(read) => {
                    let room = async {
                        parts.wait_for_capacity(PARTS).await?;
                        parts.write(&buffer[..read]);
                        Ok(())
                    };
                    if let Err(error) = self.runtime.block_on(room) {
                        break Err(self.failed(&error));
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
                let finished = self.runtime.block_on(parts.finish());
                finished.map(drop).map_err(|error| self.failed(&error))
            }
            Err(error) => {
                // The store removes what stays after a while.
                let _ = self.runtime.block_on(parts.abort());
                Err(error)
            }
        }
    }

    /// Removes files that neither manifest names. What stays goes the next time.
    fn sweep(
        &self,
        manifest: &Manifest,
        before: Option<&Manifest>,
        there: impl Iterator<Item = Path>,
    ) {
        let named = [Some(manifest), before].into_iter().flatten();
        let named = named.flat_map(|manifest| &manifest.files);
        let mut kept: HashSet<Path> = named.map(|file| self.file_path(file.digest)).collect();
        kept.insert(self.manifest_path());
        for path in there.filter(|path| !kept.contains(path)) {
            let _ = self.runtime.block_on(self.store.delete(&path));
        }
    }
}

impl Source for Objects {
    fn name(&self) -> String {
        self.url.clone()
    }

    fn manifest(&mut self) -> Result<Manifest> {
        let known = self.known()?;
        known.ok_or_else(|| Error::NotACopy(self.url.clone().into()))
    }

    fn read(&mut self, file: &CopiedFile, offset: u64) -> Result<Box<dyn Read + '_>> {
        let path = self.file_path(file.digest);
        let options = GetOptions {
            range: Some(GetRange::Offset(offset)),
            ..GetOptions::default()
        };
        let got = self.runtime.block_on(self.store.get_opts(&path, options));
        let got = got.map_err(|error| self.failed(&error))?;
        let mut parts = got.into_stream();
        Ok(Box::new(Chunks::new(move || {
            let next = self.runtime.block_on(parts.next()).transpose();
            let next = next.map_err(io::Error::other)?;
            Ok(next.map(|bytes| bytes.to_vec()))
        })))
    }
}
