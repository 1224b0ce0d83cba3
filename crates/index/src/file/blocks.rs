//! A mapped file whose blocks are verified when they are first read.
//!
//! Verifying a whole file on opening would read all of it; verifying a block
//! on first use costs the same only for what is used, and nothing is answered
//! from bytes that were not verified.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use assort_files::{Bytes, Map};
use xxhash_rust::xxh3::xxh3_64;

use super::header::{Fault, HEADER, Places, SECTIONS};
use super::{BLOCK, FORMAT, Header, Section};
use crate::{Error, Result};

/// Blocks that are verified between two returns of their memory.
const RELEASE_BLOCKS: usize = (16 << 20) / BLOCK;

/// A segment file that is read in place.
pub(crate) struct Blocks {
    path: PathBuf,
    map: Bytes,
    header: Header,
    places: Places,
    /// Where the section of checksums begins.
    sums: usize,
    /// A bit for each block that was verified.
    verified: Vec<AtomicU64>,
    /// Sections of which all blocks were, as far as it was noted.
    trusted: [AtomicBool; SECTIONS.len()],
    damaged: AtomicBool,
}

impl Blocks {
    /// Maps a file and verifies its header, its length, and its checksums.
    pub(crate) fn open(path: &Path, space: u128) -> Result<Self> {
        let map = Map::open(path).map_err(|error| match error.source.kind() {
            std::io::ErrorKind::NotFound => Error::Damaged {
                path: path.to_owned(),
                what: "the file is missing".to_owned(),
            },
            _ => error.into(),
        })?;
        Self::read(Bytes::Mapped(map), path, space)
    }

    /// The same on the bytes of a file.
    pub(crate) fn read(map: Bytes, path: &Path, space: u128) -> Result<Self> {
        let damaged = |what: String| Error::Damaged {
            path: path.to_owned(),
            what,
        };
        if map.len() < HEADER {
            return Err(damaged(format!("it has only {} bytes", map.len())));
        }
        let header = Header::parse(&map).map_err(|fault| match fault {
            Fault::Newer(found) => Error::NewerFormat {
                path: path.to_owned(),
                found,
                supported: FORMAT,
            },
            Fault::Wrong(what) => damaged(what),
        })?;
        if header.space != space {
            return Err(damaged("its vectors are of another space".to_owned()));
        }
        let places = header.places();
        let places =
            places.ok_or_else(|| damaged("it is too large for this machine".to_owned()))?;
        if map.len() != places.file_bytes() {
            return Err(damaged(format!(
                "it has {} bytes instead of {}",
                map.len(),
                places.file_bytes()
            )));
        }
        let (sums, length) = places.of(Section::Sums);
        if xxh3_64(&map[sums..]) != header.sums {
            return Err(damaged("its checksums have changed".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            map,
            header,
            places,
            sums,
            verified: (0..(length / 8).div_ceil(64))
                .map(|_| AtomicU64::new(0))
                .collect(),
            trusted: Default::default(),
            damaged: AtomicBool::new(false),
        })
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes of the file.
    pub(crate) fn file_bytes(&self) -> usize {
        self.places.file_bytes()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A whole section, not yet verified: see [`Self::trust`].
    pub(crate) fn section(&self, section: Section) -> (usize, &[u8]) {
        let (at, length) = self.places.of(section);
        (at, &self.map[at..][..length])
    }

    /// Whether bytes of the file are as they were written.
    #[inline]
    pub(crate) fn trust(&self, at: usize, length: usize) -> bool {
        let first = (at - HEADER) / BLOCK;
        let last = (at - HEADER + length.max(1) - 1) / BLOCK;
        (first..=last).all(|block| self.is_verified(block) || self.verify(block))
    }

    /// Whether a whole section has been verified, so that nothing there needs a look: one at
    /// all its blocks takes less than one at those of each row that a search meets.
    pub(crate) fn is_trusted(&self, section: Section) -> bool {
        let noted = &self.trusted[section as usize];
        if noted.load(Ordering::Relaxed) {
            return true;
        }
        let is_whole = self.is_verified_whole(section);
        // Threads share it: it is written when it changes.
        if is_whole {
            noted.store(true, Ordering::Relaxed);
        }
        is_whole
    }

    fn is_verified_whole(&self, section: Section) -> bool {
        let (at, length) = self.places.of(section);
        let blocks = (at - HEADER) / BLOCK..(at - HEADER + length).div_ceil(BLOCK);
        let words = blocks.start / 64..blocks.end.div_ceil(64);
        let own = |number: usize| {
            let from = blocks.start.saturating_sub(number * 64);
            let to = (blocks.end - number * 64).min(64);
            (u64::MAX << from) & (u64::MAX >> (64 - to))
        };
        let mut words = words.filter_map(|number| Some((number, self.verified.get(number)?)));
        words.all(|(number, word)| {
            let own = own(number);
            word.load(Ordering::Relaxed) & own == own
        })
    }

    #[inline]
    fn is_verified(&self, block: usize) -> bool {
        let word = self.verified.get(block / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) >> (block % 64) & 1 == 1)
    }

    #[cold]
    fn verify(&self, block: usize) -> bool {
        let from = HEADER + block * BLOCK;
        let to = (from + BLOCK).min(self.sums);
        let sum = self
            .map
            .get(self.sums + 8 * block..)
            .and_then(<[u8]>::first_chunk::<8>);
        let same = from <= to && sum == Some(&xxh3_64(&self.map[from..to]).to_le_bytes());
        match self.verified.get(block / 64) {
            Some(word) if same => {
                word.fetch_or(1 << (block % 64), Ordering::Relaxed);
            }
            _ => self.damaged.store(true, Ordering::Relaxed),
        }
        same
    }

    /// Verifies every block anew.
    ///
    /// # Errors
    /// [`Error::Damaged`], for good, if a byte has changed.
    pub(crate) fn verify_all(&self) -> Result<()> {
        let blocks = (self.sums - HEADER).div_ceil(BLOCK);
        let mut bad = 0;
        for from in (0..blocks).step_by(RELEASE_BLOCKS) {
            let to = blocks.min(from + RELEASE_BLOCKS);
            bad += (from..to).filter(|&block| !self.verify(block)).count();
            // Reading a whole file is no reason to keep it in memory.
            let end = (HEADER + to * BLOCK).min(self.map.len());
            self.map.release(HEADER + from * BLOCK..end);
        }
        if bad == 0 {
            return Ok(());
        }
        Err(self.damage(format!("{bad} of its {blocks} blocks have changed")))
    }

    /// Gives back the memory of everything that was read.
    pub(crate) fn release(&self) {
        self.map.release(0..self.map.len());
    }

    /// An error if anything that was read turned out to be damaged.
    pub(crate) fn intact(&self) -> Result<()> {
        if self.damaged.load(Ordering::Relaxed) {
            return Err(self.damage("bytes have changed since they were written".to_owned()));
        }
        Ok(())
    }

    pub(crate) fn damage(&self, what: String) -> Error {
        self.damaged.store(true, Ordering::Relaxed);
        Error::Damaged {
            path: self.path.clone(),
            what,
        }
    }
}
