//! Where pictures are.

use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use assort_core::Pixels;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::decode::Header;
use crate::error::{Error, named};
use crate::folder::{Folder, read_within};
use crate::limits::Limits;
use crate::tar::Tar;
#[cfg(feature = "urls")]
use crate::web::{Urls, Web};

/// Pictures with more pixels than this are decoded one at a time, so that a few of them
/// at once do not take all memory.
const LARGE: u64 = 16_000_000;

/// Opens the pictures that products refer to.
///
/// A reference is a path within a folder or an archive, the data itself
/// (`data:image/png;base64,…`), or an address on the web, which is fetched only if that
/// was asked for. Many threads may open pictures at once.
#[derive(Default)]
pub struct Pictures {
    place: Option<Place>,
    limits: Limits,
    large: Mutex<()>,
    #[cfg(feature = "urls")]
    web: Option<Web>,
}

enum Place {
    Folder(Folder),
    Tar(Tar),
}

impl Pictures {
    /// Pictures whose paths are relative to a folder, or are members of a tar archive,
    /// whichever `path` is.
    ///
    /// # Errors
    /// [`Error::Place`] if it is neither, or cannot be read.
    pub fn at(path: &Path) -> Result<Self, Error> {
        let place = match path.is_dir() {
            true => Place::Folder(Folder::open(path)?),
            false => Place::Tar(Tar::open(path)?),
        };
        Ok(Self {
            place: Some(place),
            ..Self::default()
        })
    }

    /// The same with other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same, and addresses on the web are fetched.
    #[cfg(feature = "urls")]
    #[must_use]
    pub fn with_urls(mut self, urls: Urls) -> Self {
        self.web = Some(Web::new(urls));
        self
    }

    /// The bytes of a picture, within the limits.
    ///
    /// # Errors
    /// An [`Error`] that says why they are not to be had.
    pub fn read(&self, reference: &str) -> Result<Vec<u8>, Error> {
        let begins = |scheme: &str| {
            let start = reference.get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        if begins("data:") {
            return data(reference, &self.limits);
        }
        if begins("http:") || begins("https:") {
            return self.fetch(reference);
        }
        match &self.place {
            Some(Place::Folder(folder)) => folder.read(reference, &self.limits),
            Some(Place::Tar(tar)) => tar.read(reference, &self.limits),
            None => Err(Error::NoPlace {
                reference: named(reference),
            }),
        }
    }

    /// A picture, decoded as [`decode`](crate::decode) does it.
    ///
    /// # Errors
    /// Those of [`Pictures::read`] and [`decode`](crate::decode).
    pub fn open(&self, reference: &str) -> Result<Pixels, Error> {
        let bytes = self.read(reference)?;
        let header = Header::read(reference, &bytes, &self.limits)?;
        let _alone = (header.pixels() > LARGE)
            .then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner));
        header.decode()
    }

    #[cfg(feature = "urls")]
    fn fetch(&self, reference: &str) -> Result<Vec<u8>, Error> {
        match &self.web {
            Some(web) => web.fetch(reference, &self.limits),
            None => Err(Error::UrlsOff {
                reference: named(reference),
            }),
        }
    }

    #[cfg(not(feature = "urls"))]
    fn fetch(&self, reference: &str) -> Result<Vec<u8>, Error> {
        Err(Error::UrlsOff {
            reference: named(reference),
        })
    }
}

/// A picture in a file of its own, such as one that is searched with.
///
/// # Errors
/// [`Error::Read`] if there is no such file, and those of [`decode`](crate::decode).
pub fn open_file(path: &Path, limits: &Limits) -> Result<Pixels, Error> {
    let reference = path.display().to_string();
    let refused = |source| Error::Read {
        reference: named(&reference),
        source,
    };
    let found = std::fs::metadata(path).map_err(refused)?;
    if !found.is_file() {
        let is_folder = std::io::Error::other("it is no file");
        return Err(refused(is_folder));
    }
    let file = File::open(path).map_err(refused)?;
    let bytes = read_within(&reference, file, Some(found.len()), limits)?;
    Header::read(&reference, &bytes, limits)?.decode()
}

/// The bytes in a `data:` reference.
fn data(reference: &str, limits: &Limits) -> Result<Vec<u8>, Error> {
    let wrong = |why| Error::Data {
        reference: named(reference),
        why,
    };
    let (_, text) = reference
        .split_once(";base64,")
        .ok_or_else(|| wrong("it must be written as `data:TYPE;base64,BYTES`"))?;
    let bytes = text.len() as u64 / 4 * 3;
    if bytes > limits.bytes.saturating_add(2) {
        return Err(Error::TooManyBytes {
            reference: named(reference),
            bytes: Some(bytes),
            limit: limits.bytes,
        });
    }
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| wrong("what follows `base64,` is not Base64"))
}

#[cfg(test)]
mod tests;
