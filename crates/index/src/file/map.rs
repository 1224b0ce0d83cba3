//! A file as memory.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe: others could change it"
)]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A whole file, mapped for reading. Unix keeps it alive when it is removed.
pub(super) struct Map(memmap2::Mmap);

impl Map {
    pub(super) fn open(file: &File) -> io::Result<Self> {
        // SAFETY: segment files are written under another name and never changed under
        // their own. Somebody who changes one all the same changes plain bytes, which
        // checksums guard; cutting one short ends the process with SIGBUS.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self(map))
    }

    /// Gives the memory of some bytes back; who reads them next has the system
    /// look them up again. Where that cannot be, nothing happens.
    pub(super) fn release(&self, bytes: std::ops::Range<usize>) {
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
