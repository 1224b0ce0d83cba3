//! A place in an object store: its objects, and what goes wrong with them.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use assort::{Error, Result};
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload, PutResult, UpdateVersion,
};
use tokio::io::AsyncWriteExt;
use tokio::runtime::Runtime;
use tokio_stream::StreamExt;

use crate::{runtime, store};

/// Least bytes of a part of a file, and most parts that stores take.
const PART: u64 = 8 << 20;
const MOST_PARTS: u64 = 9_000;

/// Parts that are on their way at once.
const PARTS: usize = 4;

/// Bytes that are read at once.
const CHUNK: usize = 1 << 20;

/// All objects below a prefix of a store.
#[derive(Clone)]
pub(crate) struct Place {
    url: String,
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    // Ends after what runs on it.
    runtime: Arc<Runtime>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl Place {
    /// The place at an address; see [`store::open`].
    pub(crate) fn open(
        url: &str,
        settings: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let (store, prefix) = store::open(url, settings)?;
        Self::on(url, store, prefix)
    }

    /// The place below a prefix of a store, which messages call `name`.
    pub(crate) fn on(name: &str, store: Arc<dyn ObjectStore>, prefix: Path) -> Result<Self> {
        Ok(Self {
            url: name.trim_end_matches('/').to_owned(),
            store,
            prefix,
            runtime: Arc::new(runtime::start(name)?),
        })
    }

    /// The place of that name in this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        Self {
            url: format!("{}/{name}", self.url),
            prefix: self.path(name),
            ..self.clone()
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn store(&self) -> &Arc<dyn ObjectStore> {
        &self.store
    }

    /// The object of that name, whose parts stand between slashes.
    pub(crate) fn path(&self, name: &str) -> Path {
        let parts = name.split('/');
        parts.fold(self.prefix.clone(), Path::join)
    }

    /// An object, for messages.
    pub(crate) fn file_of(&self, name: &str) -> PathBuf {
        FilePath::new(&self.url).join(name)
    }

    /// Does what is asked of the store.
    pub(crate) fn wait<T>(&self, asked: impl Future<Output = T>) -> T {
        self.runtime.block_on(asked)
    }

    /// The bytes of an object and its version; none if it is not there.
    pub(crate) fn get(&self, name: &str) -> Result<Option<(Vec<u8>, UpdateVersion)>> {
        let path = self.path(name);
        let got = self.wait(async {
            let got = self.store.get(&path).await?;
            let version = UpdateVersion {
                e_tag: got.meta.e_tag.clone(),
                version: got.meta.version.clone(),
            };
            Ok((got.bytes().await?.to_vec(), version))
        });
        match got {
            Ok(got) => Ok(Some(got)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(self.unread(&error)),
        }
    }

    /// Puts an object of a few bytes.
    pub(crate) fn put(
        &self,
        name: &str,
        bytes: impl Into<PutPayload>,
        mode: PutMode,
    ) -> object_store::Result<PutResult> {
        let (path, bytes) = (self.path(name), bytes.into());
        self.wait(async { self.store.put_opts(&path, bytes, mode.into()).await })
    }

    /// All objects of the place.
    pub(crate) fn list(&self) -> Result<Vec<ObjectMeta>> {
        let listed = self.wait(async {
            let mut listed = self.store.list(Some(&self.prefix));
            let mut objects = Vec::new();
            while let Some(object) = listed.next().await {
                objects.push(object?);
            }
            Ok(objects)
        });
        listed.map_err(|error| self.unread(&error))
    }

    /// All objects below a name.
    pub(crate) fn list_in(&self, name: &str) -> Result<Vec<Path>> {
        let objects = self.below(name).list()?;
        Ok(objects.into_iter().map(|object| object.location).collect())
    }

    /// Sends a file, in parts if it is large. It is here when all of it is. `follow` is told
    /// how many bytes are sent, and says whether to go on.
    pub(crate) fn send(
        &self,
        from: &FilePath,
        name: &str,
        follow: &mut dyn FnMut(u64) -> bool,
    ) -> Result<()> {
        let unreadable = |source: io::Error| Error::Io {
            path: from.to_owned(),
            doing: "reading the file",
            source,
        };
        let mut bytes = File::open(from).map_err(unreadable)?;
        let size = bytes.metadata().map_err(unreadable)?.len();
        let part = PART.max(size.div_ceil(MOST_PARTS)) as usize;
        let store = Arc::clone(&self.store);
        let mut out =
            BufWriter::with_capacity(store, self.path(name), part).with_max_concurrency(PARTS);
        // Parts are sent by tasks of their own.
        let _inside = self.runtime.enter();
        let (mut buffer, mut sent) = (vec![0; CHUNK], 0);
        let ended = loop {
            match bytes.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(unreadable(error)),
                Ok(0) => break Ok(()),
                Ok(read) => {
                    let written = self.wait(out.write_all(&buffer[..read]));
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
                let whole = self.wait(out.shutdown());
                whole.map_err(|error| self.unsent(&store::within(error)))
            }
            Err(error) => {
                // Stores can be told to remove what stays after a while.
                let _ = self.wait(out.abort());
                Err(error)
            }
        }
    }

    /// Writes an object to a file.
    pub(crate) fn fetch(&self, name: &str, to: &FilePath, stop: &dyn Fn() -> bool) -> Result<()> {
        let unwritten = |source: io::Error| Error::Io {
            path: to.to_owned(),
            doing: "writing the file",
            source,
        };
        let mut file = File::create(to).map_err(unwritten)?;
        let path = self.path(name);
        let got = match self.wait(self.store.get(&path)) {
            Err(error) if is_absent(&error) => return Err(Error::NotACopy(self.file_of(name))),
            got => got.map_err(|error| self.unread(&error))?,
        };
        let mut parts = got.into_stream();
        while let Some(part) = self.wait(parts.next()) {
            let part = part.map_err(|error| self.unread(&error))?;
            file.write_all(&part).map_err(unwritten)?;
            if stop() {
                return Err(Error::Interrupted);
            }
        }
        file.sync_all().map_err(unwritten)
    }

    /// Removes an object, which need not be there.
    pub(crate) fn delete(&self, path: &Path) -> Result<()> {
        match self.wait(self.store.delete(path)) {
            Err(error) if !is_absent(&error) => Err(self.unsent(&error)),
            _ => Ok(()),
        }
    }

    fn refused(&self, error: &object_store::Error) -> Option<Error> {
        let what = store::refusal(error)?;
        let at = self.url.clone();
        Some(Error::Refused { at, what })
    }

    /// The error of reading.
    pub(crate) fn unread(&self, error: &object_store::Error) -> Error {
        self.refused(error).unwrap_or_else(|| Error::Fetch {
            from: self.url.clone(),
            what: store::said(error),
        })
    }

    /// The error of writing.
    pub(crate) fn unsent(&self, error: &object_store::Error) -> Error {
        self.refused(error).unwrap_or_else(|| Error::Send {
            to: self.url.clone(),
            what: store::said(error),
        })
    }
}

/// Whether an object is not there, in a place that is.
pub(crate) fn is_absent(error: &object_store::Error) -> bool {
    matches!(error, object_store::Error::NotFound { .. }) && store::refusal(error).is_none()
}

/// All of the environment that is text, as settings of a store.
pub(crate) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}
