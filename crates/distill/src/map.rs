//! A file as memory.
#![expect(
    unsafe_code,
    reason = "mapping a file is unsafe: others could change it"
)]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// A whole file, mapped for reading. Unix keeps it alive when it is removed.
pub(crate) struct Map(memmap2::Mmap);

impl Map {
    pub(crate) fn open(file: &File) -> io::Result<Self> {
        // SAFETY: student files are written under another name and never changed under
        // their own. Somebody who changes one all the same changes plain bytes, of
        // which any are a valid student's; cutting one short ends the process with
        // SIGBUS.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self(map))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
