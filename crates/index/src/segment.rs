//! A segment that is searched where it lies in its file.

use std::path::Path;

use assort_files::{Bytes, Files};
use half::f16;

use crate::codes::{CodeQuery, Quantizer, record_bytes, refinement_bytes};
use crate::file::{ALIGNMENT, Blocks, Section, write};
use crate::graph::{NONE, stride};
use crate::kernel::{Records, prefetch, prefetch_links};
use crate::walk::Links;
use crate::{Error, Result};

/// A frozen graph with the vectors of its rows, mapped from a file.
///
/// Bytes are verified when they are first read; after a fault every answer is
/// an error.
pub struct Segment {
    blocks: Blocks,
    quantizer: Quantizer,
}

impl Segment {
    /// Opens a segment of the space with that identity.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the file is missing, cut short, of another space,
    /// or has a header or checksums that have changed; [`Error::NewerFormat`];
    /// [`Error::Io`].
    pub fn open(path: &Path, space: u128) -> Result<Self> {
        Self::on(Blocks::open(path, space)?)
    }

    /// A segment on bytes that begin at a multiple of 64 in memory, as those of a mapped
    /// file do; `name` is told in errors.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn read(bytes: Bytes, name: &Path, space: u128) -> Result<Self> {
        if !bytes.as_ptr().addr().is_multiple_of(ALIGNMENT) {
            return Err(Error::Damaged {
                path: name.to_owned(),
                what: format!("its bytes do not begin at a multiple of {ALIGNMENT}"),
            });
        }
        Self::on(Blocks::read(bytes, name, space)?)
    }

    fn on(blocks: Blocks) -> Result<Self> {
        let (at, bytes) = blocks.section(Section::Quantizer);
        if !blocks.trust(at, bytes.len()) {
            blocks.intact()?;
        }
        let numbers: Vec<f32> = bytes
            .as_chunks::<4>()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect();
        let (centers, steps) = numbers.split_at(numbers.len() / 2);
        let quantizer = Quantizer {
            centers: centers.to_vec(),
            steps: steps.to_vec(),
        };
        Ok(Self { blocks, quantizer })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.blocks.header().rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Coordinates of a vector.
    pub fn dimensions(&self) -> usize {
        self.blocks.header().dimensions
    }

    /// Bytes of the file.
    pub fn bytes(&self) -> usize {
        self.blocks.file_bytes()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.blocks.path()
    }

    /// Verifies all bytes.
    ///
    /// # Errors
    /// [`Error::Damaged`] if one has changed since the segment was written.
    pub fn verify(&self) -> Result<()> {
        self.blocks.verify_all()
    }

    /// An error if anything that was read turned out to be damaged, as when
    /// [`Self::row`] or [`Self::slot`] has nothing to tell.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn intact(&self) -> Result<()> {
        self.blocks.intact()
    }

    /// Writes the segment anew with `by` added to each of its rows, as where it comes to
    /// stand beside others whose rows have the same numbers.
    ///
    /// # Errors
    /// [`Error::Damaged`] if a byte has changed since it was written, [`Error::Argument`] if
    /// a row would be beyond what 32 bits hold, [`Error::Io`].
    pub fn write_shifted(&self, files: &dyn Files, path: &Path, by: u32) -> Result<()> {
        self.verify()?;
        let (_, rows) = self.words(Section::Rows);
        let shifted: Option<Vec<u32>> = rows.iter().map(|row| row.checked_add(by)).collect();
        let shifted = shifted.ok_or_else(|| Error::argument("there are too many rows"))?;
        let header = self.blocks.header().clone();
        write(files, path, header, |section, out| match section {
            Section::Rows => out.write_all(bytemuck::cast_slice(&shifted)),
            other => out.write_all(self.blocks.section(other).1),
        })
    }

    /// Gives the memory of what was read back to the system, which keeps it at
    /// hand as long as nobody needs the room: for those who read everything once.
    pub fn release(&self) {
        self.blocks.release();
    }

    fn words(&self, section: Section) -> (usize, &[u32]) {
        let (at, bytes) = self.blocks.section(section);
        // Sections start on boundaries of 64 bytes.
        (at, bytemuck::try_cast_slice(bytes).unwrap_or_default())
    }

    /// The row in a slot; slots are counted from 0 to [`Self::len`].
    #[inline]
    pub fn row(&self, slot: u32) -> Option<u32> {
        self.word(Section::Rows, slot as usize)
    }

    #[inline]
    fn word(&self, section: Section, index: usize) -> Option<u32> {
        let (at, words) = self.words(section);
        let word = words.get(index)?;
        self.blocks.trust(at + 4 * index, 4).then_some(*word)
    }

    /// The slot of a row.
    pub fn slot(&self, row: u32) -> Option<u32> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = (low + high) / 2;
            let slot = self.word(Section::ByRow, middle)?;
            match self.row(slot)?.cmp(&row) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(slot),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The 4-bit codes.
    pub(crate) fn records(&self) -> Coded<'_> {
        self.coded(Section::Records, record_bytes(self.dimensions()))
    }

    /// What the 4-bit codes leave over.
    pub(crate) fn refinements(&self) -> Coded<'_> {
        self.coded(Section::Refinements, refinement_bytes(self.dimensions()))
    }

    fn coded(&self, section: Section, stride: usize) -> Coded<'_> {
        let (at, bytes) = self.blocks.section(section);
        Coded {
            blocks: &self.blocks,
            is_trusted: self.blocks.is_trusted(section),
            at,
            records: Records { bytes, stride },
        }
    }

    /// The coordinates in a slot, in half precision.
    pub(crate) fn half(&self, slot: u32) -> Option<&[f16]> {
        let (at, bytes) = self.blocks.section(Section::Vectors);
        let values: &[f16] = bytemuck::try_cast_slice(bytes).ok()?;
        let from = slot as usize * self.dimensions();
        let vector = values.get(from..)?.get(..self.dimensions())?;
        self.blocks
            .trust(at + 2 * from, 2 * vector.len())
            .then_some(vector)
    }

    /// Fetches the coordinates in a slot into the cache, ahead of their use.
    pub(crate) fn prefetch_half(&self, slot: u32) {
        let (_, bytes) = self.blocks.section(Section::Vectors);
        let stride = size_of::<f16>() * self.dimensions();
        prefetch(Records { bytes, stride }, slot);
    }

    /// Writes the coordinates in a slot to `out`, which must have
    /// [`Self::dimensions`] places.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they have changed since they were written, and
    /// [`Error::Argument`] if there is no such slot.
    pub fn vector(&self, slot: u32, out: &mut [f32]) -> Result<()> {
        let Some(vector) = self.half(slot) else {
            self.intact()?;
            return Err(Error::argument(format!("there is no slot {slot}")));
        };
        crate::kernel::widen(vector, out);
        Ok(())
    }

    pub(crate) fn levels(&self) -> usize {
        self.blocks.header().counts.len()
    }

    pub(crate) fn level(&self, level: usize) -> MappedLevel<'_> {
        let header = self.blocks.header();
        let stride = stride(header.m, level);
        let section = if level == 0 {
            Section::Links
        } else {
            Section::Upper
        };
        let (at, words) = self.words(section);
        let before: usize = (1..level)
            .map(|below| header.counts[below] * self::stride(header.m, below))
            .sum();
        MappedLevel {
            blocks: &self.blocks,
            is_trusted: self.blocks.is_trusted(section),
            at: at + 4 * before,
            links: &words[before..],
            stride,
            count: header.counts[level],
        }
    }

    pub(crate) fn query(&self, vector: &[f32]) -> CodeQuery {
        self.quantizer.query(vector)
    }
}

/// Records in a file.
#[derive(Clone, Copy)]
pub(crate) struct Coded<'a> {
    blocks: &'a Blocks,
    /// Whether all of them have been verified.
    is_trusted: bool,
    at: usize,
    pub(crate) records: Records<'a>,
}

impl Coded<'_> {
    /// Whether the record of a slot is as it was written.
    #[inline]
    pub(crate) fn trusts(&self, slot: u32) -> bool {
        let stride = self.records.stride;
        self.is_trusted || self.blocks.trust(self.at + slot as usize * stride, stride)
    }
}

/// Links of a level in a file.
pub(crate) struct MappedLevel<'a> {
    blocks: &'a Blocks,
    /// Whether all links of the section have been verified.
    is_trusted: bool,
    at: usize,
    links: &'a [u32],
    stride: usize,
    /// Rows of the level.
    count: usize,
}

impl MappedLevel<'_> {
    /// Rows of the level.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The places for links of a row; none if they have changed.
    #[inline]
    pub(crate) fn places(&self, id: u32) -> &[u32] {
        let from = id as usize * self.stride;
        let place = self.at + 4 * from;
        let trusted = self.is_trusted || self.blocks.trust(place, 4 * self.stride);
        if trusted {
            &self.links[from..][..self.stride]
        } else {
            &[]
        }
    }
}

impl Links for MappedLevel<'_> {
    #[inline]
    fn links(&self, id: u32) -> impl Iterator<Item = u32> {
        self.places(id)
            .iter()
            .copied()
            .take_while(|&id| id != NONE)
            .filter(|&id| (id as usize) < self.count)
    }

    #[inline]
    fn prefetch(&self, id: u32) {
        prefetch_links(self.links, id as usize * self.stride);
    }
}
