//! Reading the file of a writer that was killed without the right to write it.
//!
//! Such a file must be repaired before it can be read. Here the repair's changes
//! are kept in memory, over the file as it is on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use redb::backends::FileBackend;
use redb::{ConcurrencyMode, Database, DatabaseError, StorageBackend};

use super::builder::builder;
use crate::locks::lock;

/// Bytes that are kept in memory together.
const BLOCK: usize = 4096;

/// A database over a file that stays as it is.
pub(super) struct Recovered {
    pub(super) database: Database,
    original: Arc<Original>,
}

impl Recovered {
    /// Opens and repairs a file, in memory only.
    pub(super) fn open(file: &Path) -> std::result::Result<Self, DatabaseError> {
        let original = Arc::new(Original::open(file)?);
        let database = builder()
            .set_concurrency_mode(ConcurrencyMode::ExclusiveWriter)
            .create_with_backend(Overlay::new(Arc::clone(&original)))?;
        Ok(Self { database, original })
    }

    /// Whether the file is as it was: a writer repairs it, and then it is to be
    /// opened as usual.
    pub(super) fn is_current(&self) -> bool {
        self.original.verify().is_ok()
    }
}

/// The file, which nobody is expected to write to.
#[derive(Debug)]
struct Original {
    file: FileBackend,
    size: u64,
    /// Its first block, which every commit changes before a page that an
    /// earlier commit needs is used again.
    head: Vec<u8>,
}

impl Original {
    fn open(path: &Path) -> std::result::Result<Self, DatabaseError> {
        let file = FileBackend::new(File::open(path)?)?;
        let size = file.len()?;
        if size == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it is empty").into());
        }
        let mut head = vec![0; (BLOCK as u64).min(size) as usize];
        file.read(0, &mut head)?;
        Ok(Self { file, size, head })
    }

    /// Reads what the file has; the rest of `out` is zero.
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = self.size.saturating_sub(offset).min(out.len() as u64) as usize;
        out[there..].fill(0);
        if there == 0 {
            return Ok(());
        }
        self.file.read(offset, &mut out[..there])?;
        // Checked after the read, so that what was read belongs to the head.
        self.verify()
    }

    fn verify(&self) -> io::Result<()> {
        let mut now = vec![0; self.head.len()];
        self.file.read(0, &mut now)?;
        if now == self.head {
            Ok(())
        } else {
            Err(io::Error::other(
                "another process has repaired or changed it meanwhile; run it again",
            ))
        }
    }
}

/// Blocks that were written, over the original.
#[derive(Debug)]
struct Overlay {
    original: Arc<Original>,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    size: u64,
    /// Bytes of the original that were never cut off.
    kept: u64,
    blocks: BTreeMap<u64, Box<[u8]>>,
}

impl Overlay {
    fn new(original: Arc<Original>) -> Self {
        let written = Written {
            size: original.size,
            kept: original.size,
            blocks: BTreeMap::new(),
        };
        Self {
            original,
            written: Mutex::new(written),
        }
    }
}

impl Written {
    /// The bounds of an access, unless it lies beyond the end.
    fn check(&self, offset: u64, length: usize) -> io::Result<()> {
        match offset.checked_add(length as u64) {
            Some(end) if end <= self.size => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Reads what the original has there.
    fn below(&self, original: &Original, offset: u64, out: &mut [u8]) -> io::Result<()> {
        original.read(offset, out)?;
        let kept = self.kept.saturating_sub(offset).min(out.len() as u64) as usize;
        out[kept..].fill(0);
        Ok(())
    }
}

/// The parts of `length` bytes from `offset` on that lie in one block each: the
/// block, where in it, and where in the bytes.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % BLOCK as u64) as usize;
        let count = (BLOCK - within).min(length - done);
        let part = (at / BLOCK as u64, within, done..done + count);
        done += count;
        (count > 0).then_some(part)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(lock(&self.written).size)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = lock(&self.written);
        written.check(offset, out.len())?;
        written.below(&self.original, offset, out)?;
        for (block, within, range) in parts(offset, out.len()) {
            if let Some(bytes) = written.blocks.get(&block) {
                let length = range.len();
                out[range].copy_from_slice(&bytes[within..within + length]);
            }
        }
        Ok(())
    }

    fn set_len(&self, size: u64) -> io::Result<()> {
        let mut written = lock(&self.written);
        if size < written.size {
            // What is cut off must be zero if it comes back.
            written.kept = written.kept.min(size);
            for (block, within, range) in parts(size, (written.size - size) as usize) {
                if let Some(bytes) = written.blocks.get_mut(&block) {
                    bytes[within..within + range.len()].fill(0);
                }
            }
        }
        written.size = size;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = lock(&self.written);
        written.check(offset, data.len())?;
        for (block, within, range) in parts(offset, data.len()) {
            if !written.blocks.contains_key(&block) {
                let mut bytes = vec![0; BLOCK].into_boxed_slice();
                written.below(&self.original, block * BLOCK as u64, &mut bytes)?;
                written.blocks.insert(block, bytes);
            }
            if let Some(bytes) = written.blocks.get_mut(&block) {
                bytes[within..within + range.len()].copy_from_slice(&data[range]);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(u64, Vec<u8>),
        Resize(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..30_000u64, prop::collection::vec(any::<u8>(), 0..9_000))
                .prop_map(|(at, bytes)| Step::Write(at, bytes)),
            (0..30_000u64).prop_map(Step::Resize),
        ]
    }

    proptest! {
        #[test]
        fn an_overlay_reads_as_a_file_that_was_written_to(
            bytes in prop::collection::vec(any::<u8>(), 1..20_000),
            steps in prop::collection::vec(step(), 0..12),
        ) {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), &bytes).unwrap();
            let overlay = Overlay::new(Arc::new(Original::open(file.path()).unwrap()));
            let mut expected = bytes.clone();
            for step in steps {
                match step {
                    Step::Write(at, data) => {
                        let end = at as usize + data.len();
                        let fits = end <= expected.len();
                        prop_assert_eq!(overlay.write(at, &data).is_ok(), fits);
                        if fits {
                            expected[at as usize..end].copy_from_slice(&data);
                        }
                    }
                    Step::Resize(size) => {
                        overlay.set_len(size).unwrap();
                        expected.resize(size as usize, 0);
                    }
                }
                prop_assert_eq!(overlay.len().unwrap(), expected.len() as u64);
                let mut all = vec![1; expected.len()];
                overlay.read(0, &mut all).unwrap();
                prop_assert!(all == expected);
                let half = expected.len() / 2;
                overlay.read(half as u64, &mut all[half..]).unwrap();
                prop_assert!(all == expected);
                prop_assert!(overlay.read(half as u64, &mut vec![0; half + 2]).is_err());
            }
            prop_assert!(std::fs::read(file.path()).unwrap() == bytes);
        }
    }
}
