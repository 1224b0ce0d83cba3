//! A file as memory.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe: others could change it"
)]

use std::fs::File;
use std::ops::{Deref, Range};
use std::path::Path;

use crate::{Error, Result};

/// A whole file, mapped for reading. Unix keeps it alive when it is removed.
#[derive(Debug)]
pub struct Map(memmap2::Mmap);

impl Map {
    /// Maps a file that never changes under its name, as [`crate::write`]
    /// makes them.
    ///
    /// # Errors
    /// An [`Error`] if the file cannot be opened or mapped; its source tells a
    /// missing file from others.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(Error::of(path, "opening the file"))?;
        // SAFETY: these files are written under another name and never changed under
        // their own. Somebody who changes one all the same changes plain bytes, which
        // readers verify by checksums; cutting one short ends the process with SIGBUS.
        let map = unsafe { memmap2::Mmap::map(&file) };
        map.map(Self)
            .map_err(Error::of(path, "mapping the file into memory"))
    }

    /// Gives the memory of some bytes back; who reads them next has the system
    /// look them up again. Where that cannot be, nothing happens.
    pub fn release(&self, bytes: Range<usize>) {
        #[cfg(unix)]
        // SAFETY: nothing was ever written to the map, so that its pages are those of the
        // file, before and after.
        let _ = unsafe {
            self.0.unchecked_advise_range(
                memmap2::UncheckedAdvice::DontNeed,
                bytes.start,
                bytes.len(),
            )
        };
        #[cfg(not(unix))]
        let _ = bytes;
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
